/** A machine that sleeps stops its timers with it: what was due meanwhile is due when somebody comes back. */

/**
 * @param {() => void} woken
 * @returns {() => void} ends it
 */
export function onWaking(woken) {
  const listeners = new AbortController();
  const { signal } = listeners;
  for (const name of ["pageshow", "focus", "online"]) globalThis.addEventListener?.(name, woken, { signal });
  for (const name of ["visibilitychange", "resume"]) globalThis.document?.addEventListener(name, woken, { signal });
  return () => listeners.abort();
}
