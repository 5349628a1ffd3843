/** What is remembered of members who have left: as much as may be asked for, and no more. */

/** Of so many that have left, and of whom no message is kept, something is remembered. */
const KEPT = 200;

/**
 * Drops the oldest entries of strangers, until few enough are left.
 * @param {Map<string, unknown>} map  by member id
 * @param {Set<string>} known  members who are here, or of whom a message is kept
 */
export function forgetStrangers(map, known) {
  const strangers = [...map.keys()].filter((id) => !known.has(id));
  for (const id of strangers.slice(0, Math.max(0, strangers.length - KEPT))) map.delete(id);
}
