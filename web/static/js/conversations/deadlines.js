/** Lines that are to be forgotten in time, each by its own `until`: milliseconds since 1970. */

/**
 * When something of a line is to be forgotten next.
 * @param {any} line  its `displaced` stood at the same place before a server went back
 * @returns {number|undefined}
 */
export function deadlineOf(line) {
  const all = partsOf(line).flatMap(({ until }) => until ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
}

/**
 * What is left of a line once all of it that is past its time is forgotten.
 * @param {any} line
 * @param {number} now
 * @returns {any} undefined: nothing
 */
export function leftOf(line, now) {
  const left = partsOf(line).filter(({ until }) => until === undefined || until > now);
  const last = left.pop();
  return left.length === 0 ? last : { ...last, displaced: left };
}

/** Whether a timer of it hasn't begun: nobody has looked at it yet. @param {any} line */
export const isAwaited = (line) => partsOf(line).some(waits);

/**
 * A line that was looked at, with all that stood at its place before: their timers run from now on.
 * @param {any} line
 * @param {number} now
 * @returns {any}
 */
export function begunOf(line, now) {
  const begun = partsOf(line).map((one) => (waits(one) ? { ...one, until: now + 1000 * one.timer } : one));
  const last = begun.pop();
  return begun.length === 0 ? last : { ...last, displaced: begun };
}

/** A record's timer is what it has set, and none of its own. @param {any} part */
const waits = ({ kind, content, timer = 0, until }) => kind === "message" && content !== null && timer > 0 && until === undefined;

/** @param {any} line  @returns {any[]} in the order in which they came there */
function partsOf({ displaced = [], ...line }) {
  return [...displaced, line];
}
