/** A machine that sleeps stops its timers with it: what was due meanwhile is due when somebody comes back. */

/**
 * @param {() => void} woken
 * @returns {() => void} ends it
 */
export function onWaking(woken) {
  const listeners = new AbortController();
  const { signal } = listeners;
  // A page that is hidden may be one that is left: its storage is closing.
  const shown = () => {
    if (globalThis.document?.visibilityState !== "hidden") woken();
  };
  for (const name of ["pageshow", "focus", "online"]) globalThis.addEventListener?.(name, shown, { signal });
  for (const name of ["visibilitychange", "resume"]) globalThis.document?.addEventListener(name, shown, { signal });
  return () => listeners.abort();
}
