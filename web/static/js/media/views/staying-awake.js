/** A phone that falls asleep stops what it sends and saves: it stays awake while something goes, where it lets itself be asked. */

import { coarse } from "../../ui/pointer.js";

/**
 * @param {{readonly isBusy: boolean}} files
 * @param {(listener: () => void) => () => void} subscribe
 * @returns {() => void} ends it
 */
export function stayAwake(files, subscribe) {
  /** @type {any} */
  let lock = null;
  let isAsking = false;

  async function look() {
    const wants = files.isBusy && coarse() && document.visibilityState === "visible";
    if (!wants && lock !== null) {
      void lock.release();
      lock = null;
    }
    if (!wants || lock !== null || isAsking) return;
    isAsking = true;
    lock = await /** @type {any} */ (navigator).wakeLock?.request("screen").catch(() => null) ?? null;
    // The browser lets go of it by itself where somebody looks away.
    lock?.addEventListener("release", () => { lock = null; });
    isAsking = false;
  }

  const unsubscribe = subscribe(() => void look());
  const again = () => void look();
  document.addEventListener("visibilitychange", again);
  return () => {
    unsubscribe();
    document.removeEventListener("visibilitychange", again);
    void lock?.release();
  };
}
