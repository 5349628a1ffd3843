/** Until when a reload finds its way back, as far as the tab itself can tell without the server. */

/** Under this name the tab's session storage holds its half (device/resume.js). */
export const ENTRY = "ephemeral.resume";

/**
 * When the server drops its half: known of a tab that was connected until it was reloaded.
 * @param {Pick<Storage, "getItem">} storage
 * @param {{type: string, at: number}} load  how and when this page was loaded
 * @returns {number|null} milliseconds since 1970, by this device's clock
 */
export function keptUntil(storage, { type, at }) {
  try {
    const { lasts, lost } = JSON.parse(storage.getItem(ENTRY) ?? "{}");
    return type === "reload" && lost !== true && Number.isInteger(lasts) ? at + 1000 * lasts : null;
  } catch {
    return null;
  }
}

/**
 * The server has waited for longer than since the next load, and nobody knows for how long. Until one is back.
 * @param {Pick<Storage, "getItem"|"setItem">} storage
 */
export function lostBefore(storage) {
  try {
    const entry = JSON.parse(storage.getItem(ENTRY) ?? "null");
    if (entry !== null) storage.setItem(ENTRY, JSON.stringify({ ...entry, lost: true }));
  } catch {
    // Then nothing leads back anyway.
  }
}

/** How and when this page was loaded. */
export function thisLoad() {
  const [found] = performance.getEntriesByType("navigation");
  const { type = "" } = /** @type {Partial<PerformanceNavigationTiming>} */ (found ?? {});
  return { type, at: performance.timeOrigin };
}
