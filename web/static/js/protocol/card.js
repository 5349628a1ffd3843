/** A card: one message of another, and what its reader has of it. */

/**
 * @typedef {"closed"|"opening"|"open"|"taken"|"shown_gone"|"gone"|"broken"|"returned"} CardState
 *
 * @typedef {Omit<import("./objects.js").Notice, "leased"|"opened"|"returns">} Facts  what its notice tells
 *
 * @typedef {Facts & Reading} Card
 *
 * @typedef {object} Reading
 * @property {CardState} state
 * @property {"viewed"|"unconfirmed"|"expired"|"withdrawn"|null} fate
 * @property {string|null} text
 * @property {number|null} view
 * @property {number|null} viewLimit
 * @property {import("./quotes.js").Quote|null} quote
 * @property {import("./attachments.js").Attachment|null} file  while open, if it is one
 * @property {string|null} type
 * @property {number|null} counter  once decrypted
 * @property {boolean} repeated  another message of its author with this counter was read
 * @property {string|null} error
 * @property {string|null} viewing  base64url, until acknowledged
 * @property {boolean} shown  painted in a visible document
 * @property {"open"|"ack"|"release"|null} want
 * @property {boolean} asked  the want is on its way
 * @property {number} notBefore  by this device's clock
 */

/** What a card has of its message while it isn't open. */
export const UNREAD = { text: null, view: null, viewLimit: null, quote: null, file: null, type: null, viewing: null };

/**
 * The card of a message that waits.
 * @param {Facts} facts
 * @returns {Card}
 */
export function newCard(facts) {
  return {
    ...facts, ...UNREAD, state: "closed", fate: null, counter: null, repeated: false, error: null, shown: false,
    want: null, asked: false, notBefore: 0,
  };
}

/**
 * A card as pages see it.
 * @param {Card} card
 * @param {number} [gapBefore]
 */
export function cardView({ counter, viewing, shown, want, asked, notBefore, ...facts }, gapBefore = 0) {
  return { ...facts, gapBefore };
}
