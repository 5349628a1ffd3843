/**
 * What a device keeps of its conversations: rows of JSON by their keys, and the lines that are shown. Everything that
 * is written in one change is there after a crash, or nothing of it.
 *
 * Rows: `state/<id>`; `posting/<id>` while a record may not have come; `conversation/<id>/draft/<R>` (a record that was made, with its seed), `/seed/<epoch>`,
 * `/record/<epoch>`, `/log/<place>` (the log's hash), `/id/<device>.<id>` (the place of a message of this epoch
 * or the one before), `/ids/<number>` (of older ones, by their ids), `/profile/<chain>`,
 * `/card`, `/unmet/<device>.<id>` (what changes a message that history may still bring); `outbox/<id>/<number>`; `chain/<id>`; `contact/<account>`, `former/<chain>`, `recovered/<chain>`, `changed`; `said/<chain>`; `handing/<device>`; `history`; `invited/<id>`; `invitation/<id>`;
 * `register/<name>` (what all own devices know, by key). Ids are base64url.
 *
 * Shown lines lie by their place in the log. One that was hidden can't be read any more, also in a copy of the disk
 * once the storage's key was rotated.
 */

/**
 * @typedef {{place: number, value: any}} Shown
 *
 * @typedef {object} Reader
 * @property {(key: string) => Promise<any>} read  undefined: there is none
 * @property {(prefix: string) => Promise<string[]>} keys  in order
 * @property {(conversation: string, place: number) => Promise<any>} line  undefined: there is none
 *
 * @typedef {object} Writer
 * @property {(key: string, value: unknown) => void|Promise<void>} put
 * @property {(key: string) => void|Promise<void>} remove
 * @property {(conversation: string, place: number, value: unknown) => void|Promise<void>} show
 *   `until` of it: when it is destroyed, in milliseconds (deadlines.js)
 * @property {(conversation: string, place: number) => void|Promise<void>} hide
 *
 * @typedef {Reader & Writer} Within
 *
 * `change`: all or nothing. The work may run again, where another tab has changed what it has read: it asks nobody and
 * leaves nothing behind but what it returns.
 * @typedef {Reader & {
 *   change: <T>(work: (within: Within) => Promise<T>) => Promise<T>,
 *   shown: (conversation: string, how: {before?: number, limit: number}) => Promise<Shown[]>,
 *   expire: (now: number) => Promise<{conversation: string, place: number}[]>,
 * }} Store  `shown`: the newest first; `expire` destroys what is past its `until`
 */

/** So many places of older messages lie in one row: each day all rows are sealed anew. */
const BLOCK = 256;
/** Digits of a number in a key: as long as any place of a log. */
const DIGITS = 16;

/** A number so that keys stand in its order. @param {number} number */
export const padded = (number) => String(number).padStart(DIGITS, "0");

/** Begin the keys of one row for each conversation. */
export const STATES = "state/";
export const POSTING = "posting/";
export const OUTBOX = "outbox/";
/** Begins the keys of contacts by their accounts, and of what people have called themselves last, by their chains. */
export const CONTACT = "contact/";
export const SAID = "said/";
/**
 * Begin the keys of chains in whose place a contact's account has another one by now, and of those that were recovered
 * since they were first read; and the key of contacts of whom the server says that they have another chain.
 */
export const FORMER = "former/";
export const RECOVERED = "recovered/";
export const CHANGED = "changed";
/** Begins those of histories that are handed over to new devices; and the key of that which this one is to have. */
export const HANDING = "handing/";
export const HISTORY = "history";
/** Begins those of invitations of this device. */
export const INVITATION = "invitation/";
const REGISTERS = "register/";

/**
 * A register by its name (docs/conversations.md, 9.2).
 * @param {Reader} store
 * @param {string} name
 * @returns {Promise<{[key: string]: any}>}
 */
export const readRegister = async (store, name) => (await store.read(REGISTERS + name)) ?? {};

/**
 * One more value of it; null removes it.
 * @param {Within} within
 * @param {string} name
 * @param {string} key
 * @param {unknown} value
 */
export async function writeRegister(within, name, key, value) {
  const { [key]: _, ...others } = await readRegister(within, name);
  const after = value === null ? others : { ...others, [key]: value };
  if (Object.keys(after).length === 0) await within.remove(REGISTERS + name);
  else await within.put(REGISTERS + name, after);
}

/** Those of which anything is kept. @param {Reader} store */
export const registerNames = async (store) => (await store.keys(REGISTERS)).map((key) => key.slice(REGISTERS.length));

/** Keys of what is kept of one conversation. @param {string} id */
export const keysOf = (id) => ({
  all: `conversation/${id}/`,
  state: STATES + id,
  posting: POSTING + id,
  draft: (/** @type {string} */ R) => `conversation/${id}/draft/${R}`,
  drafts: `conversation/${id}/draft/`,
  card: `conversation/${id}/card`,
  seed: (/** @type {number} */ epoch) => `conversation/${id}/seed/${padded(epoch)}`,
  record: (/** @type {number} */ epoch) => `conversation/${id}/record/${padded(epoch)}`,
  records: `conversation/${id}/record/`,
  log: (/** @type {number} */ place) => `conversation/${id}/log/${padded(place)}`,
  logs: `conversation/${id}/log/`,
  messages: `conversation/${id}/id/`,
  older: `conversation/${id}/ids/`,
  block: (/** @type {number} */ place) => `conversation/${id}/ids/${padded(Math.floor(place / BLOCK))}`,
  message: (/** @type {string} */ device, /** @type {string} */ message) => `conversation/${id}/id/${device}.${message}`,
  unmet: (/** @type {string} */ message) => `conversation/${id}/unmet/${message}`,
  profile: (/** @type {string} */ chain) => `conversation/${id}/profile/${chain}`,
  profiles: `conversation/${id}/profile/`,
  outbox: `${OUTBOX}${id}/`,
  waiting: (/** @type {number} */ number) => `${OUTBOX}${id}/${padded(number)}`,
});
