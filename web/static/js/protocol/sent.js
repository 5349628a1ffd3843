/** A message of one's own: what is known of it, what pages see, and what a reload keeps. */

import { RETRY_SECONDS } from "./limits.js";

/**
 * @typedef {"sending"|"stored"|"opened"|"acknowledged"|"viewed"|"unconfirmed"|"expired"
 *   |"withdrawn"|"room_destroyed"|"false_receipt"|"refused"} SentState
 *
 * @typedef {object} SentFacts
 * @property {string} id
 * @property {string|null} text
 * @property {import("./quotes.js").Quote|null} quote
 * @property {SentFile|null} file
 * @property {SentState} state
 * @property {string|null} error
 * @property {number|null} sequence
 * @property {number|null} postedAt
 * @property {number|null} expiresAt
 * @property {boolean} first  whoever opens it first is the only one
 * @property {number} counter
 * @property {number} opened  leases begun by anyone; that it is 0 is the server's word
 * @property {number} returns  leases given back
 * @property {string[]|null} audience  who is still to view it; null: the first who opens
 * @property {number|null} of  how many the audience were at first, as far as known
 * @property {string[]} readers  of whose acknowledgements was told
 * @property {boolean} proved  the server has shown that somebody viewed it
 * @property {string|null} reader  who viewed it last: the server's word, told only beside a proof
 * @property {number|null} endedAt  by the server's clock, and its word
 *
 * @typedef {{name: string, size: number, mime: string}} SentFile  what was sent beside a message
 *
 * @typedef {object} Way  how it gets there
 * @property {string|null} envelope  base64url; null before it is sealed and after it was stored
 * @property {string|null} hash  of the viewing bytes, base64url
 * @property {number} writtenAt  by this device's clock
 * @property {string|null} attachment  its id, once all of it is there
 * @property {string[]} holders  who reads it now
 * @property {"post"|"status"|null} want
 * @property {boolean} asked  the want is on its way
 * @property {boolean} tried  it was on its way once without an answer: the server may have it
 * @property {number} notBefore  by this device's clock
 * @property {{reader: string|null, endedAt: number|null}} told  beside a proof that is being checked
 *
 * @typedef {SentFacts & Way} Sent
 * @typedef {Pick<Sent, "id"|"text"|"quote"|"counter"> & {file?: SentFile|null}} Written
 *
 * @typedef {Pick<Sent, "id"|"counter"|"state"|"sequence"|"postedAt"|"expiresAt"|"opened"|"of"
 *   |"readers"|"proved"|"reader"|"endedAt">} Fate  what a reload keeps of a message that has ended
 *
 * @typedef {object} Told  what a server says of a message's end
 * @property {string} id
 * @property {string} state  one of FATES
 * @property {string|null} [viewing]
 * @property {string|null} [reader]
 * @property {number|null} [endedAt]
 * @property {number|null} [opened]
 */

/** Of so many that have ended a reload remembers the fate. */
const FATES_KEPT = 50;
const NOTHING_TOLD = Object.freeze({ reader: null, endedAt: null });

/**
 * A message that was just written.
 * @param {Written} written
 * @param {number} now  by this device's clock
 * @returns {Sent}
 */
export const newSent = (written, now) => ({
  file: null, ...written, state: "sending", error: null, sequence: null, postedAt: null, expiresAt: null, first: true,
  opened: 0, returns: 0, audience: null, of: null, readers: [], proved: false, reader: null, endedAt: null,
  envelope: null, hash: null, attachment: null, holders: [], writtenAt: now, want: "post", asked: false, tried: false, notBefore: 0,
  told: NOTHING_TOLD,
});

/**
 * A message as pages see it.
 * @param {Sent} sent
 * @returns {SentFacts}
 */
export function sentView({ envelope, hash, attachment, holders, writtenAt, want, asked, tried, notBefore, told, ...facts }) {
  return facts;
}

/** Counts that a late answer must not turn back. @param {Sent} sent  @param {number|null} opened  @param {number|null} returns */
export function counts(sent, opened, returns) {
  sent.opened = Math.max(sent.opened, opened ?? 0);
  sent.returns = Math.max(sent.returns, returns ?? 0);
}

/** @param {Sent} sent  @param {string[]|null} audience */
export function audienceOf(sent, audience) {
  sent.audience = audience;
  if (audience !== null) sent.of ??= audience.length;
}

/**
 * The words of one that the server may not have; `doubtful` is what it may have all the same.
 * @param {Sent} sent
 */
export const unsentOf = ({ id, state, error, text, quote, tried }) =>
  (["sending", "refused"].includes(state) && text !== null
    ? [{ id, text, quote, doubtful: tried && (state === "sending" || error === "not_sent") }]
    : []);

/**
 * When something about it is due by time alone, or Infinity.
 * @param {Sent} sent
 */
export const deadlineOf = ({ want, asked, notBefore, writtenAt }) => Math.min(
  want === "post" ? writtenAt + 1000 * RETRY_SECONDS : Infinity,
  want !== null && !asked && notBefore > 0 ? notBefore : Infinity,
);

/**
 * What a reload keeps of one that has ended.
 * @param {Sent} sent
 * @returns {Fate}
 */
const fateOf = ({
  id, counter, state, sequence, postedAt, expiresAt, opened, of, readers, proved, reader, endedAt,
}) => ({ id, counter, state, sequence, postedAt, expiresAt, opened, of, readers, proved, reader, endedAt });

/**
 * What a reload needs: the hashes of what still waits, and the latest fates. No texts.
 *
 * @typedef {[string, string, number, (number|null)?, string[]?]} Waiting  id, hash, counter, size of the
 *   audience at first, and who has viewed it
 *
 * @param {Sent[]} waiting
 * @param {Sent[]} ended
 */
export const saveSent = (waiting, ended) => ({
  sent: waiting.filter(({ hash }) => hash !== null).map(({ id, hash, counter, of, readers }) =>
    /** @type {Waiting} */ ([id, hash, counter, of, readers])),
  fates: ended.slice(-FATES_KEPT).map(fateOf),
});

/**
 * The messages of before a reload, in the order of writing; what became of those that waited is to be asked.
 * @param {{sent: Waiting[], fates?: Fate[]}} saved  an earlier version of this page left the last of each out
 * @param {number} now
 * @returns {Sent[]}
 */
export function restoreSent({ sent, fates = [] }, now) {
  /** @param {string} id  @param {number} counter */
  const blank = (id, counter) => newSent({ id, text: null, quote: null, counter }, now);
  const waiting = sent.map(([id, hash, counter, of = null, readers = []]) =>
    ({ ...blank(id, counter), hash, of, readers, want: /** @type {const} */ ("status") }));
  const ended = fates.map((fate) => ({ ...blank(fate.id, fate.counter), ...fate, want: null }));
  return [...waiting, ...ended].sort((one, other) => one.counter - other.counter);
}
