/**
 * Refusals: every way in which client or server says no, by a stable code. Whatever is thrown here
 * and is no `Refusal` is a fault of ours.
 *
 * The codes are those of docs/protocol.md: sections 2 to 8 and 14 (clients) and 10 (servers), and of files those of docs/files.md. This client
 * alone has: `unreachable` (no answer), `not_ours` (something else than the server answered), `insecure`
 * (a page without Web Crypto), `derivation_memory`, `derivation_slow` and `derivation_failed` (no root),
 * `not_sent` (never reached the server), `ended` (the room is left).
 * The client of accounts alone has: `no_storage` (a browser that keeps nothing), `storage_broken` (what lies here
 * was changed), `locked` (the server has lost its half of it), `device_copied` (somebody else has this device's
 * keys), `other_account` (this browser is a device of another), `address_needed` (only its owner knows it), `no_words`
 * (none were handed out), `words_wrong` (those of another account), `no_chain` (no device that could link),
 * `names_unknown` (this device was not given the key of the names), `link_expired`, `cancelled`, `identity_away` (the
 * other service can't be asked now), `identity_given_up` (there), `push_unavailable` (the browser's push service can't be had).
 * The client of conversations alone has: `conversation_unknown` (nothing is kept of it), `waiting` (a list of devices
 * can't be had yet), `update_needed` (a record of a later version), `message_again` (a message that was there before),
 * `message_unreadable` (this device has no key of its epoch), `message_target` (it changes what is not there, or
 * another's), `box_missing` (this device's box was gone, or never there), `not_member` (left, or removed), `server_back`
 * (the server has lost records: it goes on in another conversation), `contact_changed` (another list of devices than
 * the one agreed to), `not_compared` (others have to list this device first), `epoch_stuck` (others were faster, again and again),
 * `own_address` (nobody is a contact of themselves), `name_form` (no name to call somebody by),
 * `picture_form` (no picture that can be opened).
 * What is sent from here alone has: `not_cleaned` (docs/cleaning.md).
 * The client of files alone has: `file_unreadable` (moved or changed since it was picked), `file_changed` and `file_other`
 * (not what was begun), `file_elsewhere` (another tab is at it), `url_expired` and `segment_missing` (of one object),
 * `not_confirmed` (its sender hasn't signed it yet), `too_large_here`, `save_unavailable`, `save_failed` (this browser).
 * What they mean to a person is in the catalogues.
 */

/**
 * A no. `retryAfter` is in seconds; `state` is the fate of a message that is gone; `now` is the server's clock,
 * for whoever's own is wrong; `elsewhere` says that another tab of this browser is in the room; `details` are
 * what else a client of conversations needs to go on.
 */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {{retryAfter?: number|null, state?: string|null, now?: number|null, position?: number, word?: string,
   *   unknown?: {position: number, word: string, start: number, end: number}[],
   *   suggestions?: string[], more?: unknown}} [details]  the four before the last of `code_word` alone
   */
  constructor(code, details = {}) {
    super(code);
    this.name = "Refusal";
    this.code = code;
    this.retryAfter = details.retryAfter ?? null;
    this.state = details.state ?? null;
    this.now = details.now ?? null;
    this.elsewhere = false;
    this.position = details.position ?? null;
    this.word = details.word ?? null;
    this.unknown = details.unknown ?? null;
    this.suggestions = details.suggestions ?? null;
    this.details = details.more;
  }
}

/**
 * @param {boolean} condition
 * @param {string} code
 * @returns {asserts condition is false}
 */
export function refuse(condition, code) {
  if (condition) throw new Refusal(code);
}

/** Whether the same may work a little later. @param {Refusal} refusal */
export const isPassing = ({ code }) =>
  ["unreachable", "not_ours", "unavailable", "internal", "too_many", "storage_full"].includes(code);

/**
 * When to ask again after a no that is no last word.
 * @param {Refusal} refusal
 * @param {number} now  milliseconds
 * @returns {number|null} milliseconds, or null: asking again gives the same answer
 */
export function retryAt(refusal, now) {
  return isPassing(refusal) ? now + 1000 * (refusal.retryAfter ?? 2) : null;
}
