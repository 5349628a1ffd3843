/** Which sentence the author of a message is told: a row of RECEIPTS in state-tables.js. */

/**
 * @typedef {import("../room-state.js").SentView} SentView
 *
 * @typedef {object} Around
 * @property {boolean} live  whether the server can be reached
 * @property {boolean} everyone  whether messages are for everyone who is there
 * @property {boolean} named  whether it is known who the reader is
 * @property {boolean} timed  whether the end of the message is a moment that a calendar has
 */

/** Who is known to have read it. @param {SentView} message */
export const readersOf = ({ readers, reader }) => new Set(reader === null ? readers : [...readers, reader]);

/**
 * Whether everybody for whom it was at first is known to have read it or is still to.
 * @param {SentView} message
 */
export const readersAreKnown = (message) =>
  Array.isArray(message.audience) && readersOf(message).size + message.audience.length === message.of;

/**
 * @param {SentView} message
 * @param {Around} around
 * @returns {string}
 */
export function receiptState(message, { live, everyone, named, timed }) {
  const { state, error, first, opened, proved, of } = message;
  const read = readersOf(message).size;
  if (state === "sending") return error !== null ? "waits_because" : live ? "sending" : "waits_here";
  // In a room whose messages are for everyone it would be a surprise.
  if (state === "stored") return everyone && first ? "stored_first" : "stored";
  // Who has left is not waited for any more, and need not have read it; while one was away nobody told who did.
  if (state === "acknowledged") return readersAreKnown(message) ? state : "acknowledged_least";
  if (state === "viewed") {
    if (!timed) return "viewed_untimed";
    if (of !== null && of > 1 && read >= of) return "viewed_all";
    return named ? "viewed_by" : "viewed";
  }
  if (state === "expired") {
    if (of === null ? first || !everyone : readersAreKnown(message)) return read > 0 ? "expired_partly" : state;
    return read > 0 ? "expired_least" : "expired_unsure";
  }
  if (state !== "withdrawn") return state;
  if (proved || read > 0) return "withdrawn_read";
  return opened > 0 ? "withdrawn_opened" : state;
}
