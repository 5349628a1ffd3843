/**
 * What this browser keeps of conversations, in the account's database. Whatever the engine keeps are sealed rows
 * (account/storage-keys.js). What was said and is shown lies beside them at its place in the log, each under a random
 * key of its own; these keys are the secrets, in rows of 128. So what is deleted loses its key at once, the next turn
 * of the storage keys makes that final, and no turn has to seal anew all that was ever said.
 */

import { concat, fromBase64url, toBase64url, utf8 } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { aeadOpen, aeadSeal, importAead } from "../protocol/keys.js";
import { NONCE_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { deadlineOf, leftOf } from "./deadlines.js";
import { changed } from "./row-change.js";

const BLOCK = 128;
/** Begins the ids of the rows of keys. */
const KEYS = "shown/";
/** No key is used twice: there is nothing that a text could be confused with. */
const NO_LABEL = new Uint8Array(0);
/** Of deadlines that have passed so many are looked at together. */
const BATCH = 256;
const decoder = new TextDecoder();

/**
 * @typedef {import("../account/storage-keys.js").SealedRows} SealedRows
 * @typedef {import("../account/storage.js").AccountStorage} AccountStorage
 * @typedef {import("../account/storage.js").Transaction} Transaction
 * @typedef {import("./row-change.js").RowChange} RowChange
 *
 * A key of what is shown, in base64url, and when it is to be forgotten: milliseconds since 1970.
 * @typedef {[key: string]|[key: string, until: number]} Slot
 * @typedef {Record<string, Slot>} Block  by the place in it, 0 to 127
 */

export class BrowserStore {
  #rows;
  #storage;
  #random;
  /** @type {() => void} */
  #isDueOtherwise = () => undefined;

  /**
   * @param {SealedRows} rows  open
   * @param {AccountStorage} storage  theirs
   * @param {(size: number) => Uint8Array} random
   */
  constructor(rows, storage, random) {
    this.#rows = rows;
    this.#storage = storage;
    this.#random = random;
  }

  /**
   * All or nothing.
   * @template T
   * @param {(within: Within) => Promise<T>} work  is done again where another tab has changed what it has read
   * @returns {Promise<T>}
   * @throws {Refusal} `locked`: the server doesn't give its share of the key
   */
  async change(work) {
    let hasDeadlines = false;
    const done = await changed(this.#rows, this.#storage, async (change) => {
      const within = new Within(change, this.#storage, this.#random);
      change.also((transaction) => within.write(transaction));
      const value = await work(within);
      await within.done();
      hasDeadlines = within.hasDeadlines;
      return value;
    });
    if (hasDeadlines) this.#isDueOtherwise();
    return done;
  }

  /** @param {string} key  @returns {Promise<any>} undefined: there is none */
  read(key) {
    return this.#rows.read(key);
  }

  /** @param {string} prefix  @returns {Promise<string[]>} */
  keys(prefix) {
    return this.#rows.ids(prefix);
  }

  /**
   * @param {string} conversation  base64url
   * @param {{before?: number, limit: number}} range
   * @returns {Promise<{place: number, value: any}[]>} newest first
   */
  async shown(conversation, { before = Number.MAX_SAFE_INTEGER, limit }) {
    const found = [];
    for (const id of (await this.keys(keysOf(conversation))).reverse()) {
      const number = Number(id.slice(-DIGITS));
      if (number * BLOCK >= before) continue;
      const prefix = placeId(conversation, number * BLOCK).slice(0, -SLOT_DIGITS);
      // Keys and what they open are of one moment: another tab may just show it anew, or hide it.
      const [row, sealed] = await this.#storage.read(({ get, all }) => Promise.all([get("rows", id), all("shown", { prefix })]));
      const block = row === undefined ? {} : await this.#rows.opened(id, row);
      for (const [at, bytes] of sealed.reverse()) {
        const slot = Number(at.slice(-SLOT_DIGITS));
        const place = number * BLOCK + slot;
        if (place >= before || block[slot] === undefined) continue;
        found.push({ place, value: await opened(block[slot], bytes) });
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  /**
   * @param {string} conversation
   * @param {number} place
   * @returns {Promise<any>} undefined: nothing is shown there
   */
  async line(conversation, place) {
    const id = blockOf(conversation, place);
    const at = placeId(conversation, place);
    const [row, sealed] = await this.#storage.read(({ get }) => Promise.all([get("rows", id), get("shown", at)]));
    if (row === undefined || sealed === undefined) return undefined;
    return opened((await this.#rows.opened(id, row))[place % BLOCK], sealed);
  }

  /**
   * Forgets what is past its time; comes before anything is shown.
   * @param {number} now  milliseconds since 1970
   * @returns {Promise<{conversation: string, place: number}[]>} what was forgotten
   */
  async expire(now) {
    const all = [];
    for (;;) {
      const due = await this.#storage.read(({ keys }) => keys("deadlines", { below: padded(now + 1), limit: BATCH }));
      if (due.length === 0) return all;
      all.push(...await this.change(async (within) => {
        const dropped = [];
        for (const deadline of due) {
          const [until, conversation, place] = deadline.split("/");
          if (await within.hideIfDue(deadline, conversation, Number(place), Number(until), now)) {
            dropped.push({ conversation, place: Number(place) });
          }
        }
        return dropped;
      }));
    }
  }

  /** @returns {Promise<number|null>} when `expire` has something to do next */
  async nextDeadline() {
    const [next] = await this.#storage.read(({ keys }) => keys("deadlines", { limit: 1 }));
    return next === undefined ? null : Number(next.split("/")[0]);
  }

  /** @param {() => void} listener  is told when that may have changed by what was written here */
  watch(listener) {
    this.#isDueOtherwise = listener;
  }
}

/** One change. */
export class Within {
  #change;
  #storage;
  #random;
  /** What comes to lie at a place: sealed, and as it was. Null: nothing. @type {Map<string, {sealed: Uint8Array, value: any}|null>} */
  #shown = new Map();
  /** True: it comes, false: it goes. @type {Map<string, boolean>} */
  #deadlines = new Map();
  /** Conversations of which all goes. @type {Set<string>} */
  #forgotten = new Set();
  /** Rows of keys are read and put one after the other, also for whoever doesn't wait. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /**
   * @param {RowChange} change
   * @param {AccountStorage} storage
   * @param {(size: number) => Uint8Array} random
   */
  constructor(change, storage, random) {
    this.#change = change;
    this.#storage = storage;
    this.#random = random;
  }

  /** Whether it says when something is to be forgotten. */
  get hasDeadlines() {
    return this.#deadlines.size > 0;
  }

  /** @param {string} key  @returns {Promise<any>} */
  read(key) {
    return this.#change.read(key);
  }

  /** @param {string} prefix  @returns {Promise<string[]>} */
  keys(prefix) {
    return this.#change.ids(prefix);
  }

  /** @param {string} key  @param {unknown} value  JSON */
  put(key, value) {
    this.#change.put(key, value);
  }

  /** @param {string} key */
  remove(key) {
    this.#change.remove(key);
  }

  /**
   * Shows something at a place of the log, in place of what was there.
   * @param {string} conversation  base64url
   * @param {number} place
   * @param {unknown} value  JSON, with its `until` where it is to be forgotten (deadlines.js)
   * @returns {Promise<void>}
   */
  show(conversation, place, value) {
    return this.#inTurn(() => this.#show(conversation, place, value));
  }

  /** @param {string} conversation  @param {number} place  @returns {Promise<void>} */
  hide(conversation, place) {
    return this.#inTurn(() => this.#hide(conversation, place));
  }

  /** All that was asked for is in this change. @throws what one of it has refused */
  async done() {
    await this.#turn;
  }

  /** @param {string} conversation  @param {number} place  @param {unknown} value */
  async #show(conversation, place, value) {
    const until = deadlineOf(value);
    const bytes = this.#random(SECRET_BYTES);
    const key = toBase64url(bytes);
    await this.#setSlot(conversation, place, until === undefined ? [key] : [key, until]);
    const at = placeId(conversation, place);
    const nonce = this.#random(NONCE_BYTES);
    const text = await aeadSeal(await importAead(bytes), nonce, utf8(JSON.stringify(value)), NO_LABEL);
    bytes.fill(0);
    this.#shown.set(at, { sealed: concat(nonce, text), value });
  }

  /** @param {string} conversation  @param {number} place */
  async #hide(conversation, place) {
    await this.#setSlot(conversation, place, null);
    this.#shown.set(placeId(conversation, place), null);
  }

  /**
   * @param {string} conversation
   * @param {number} place
   * @returns {Promise<any>} undefined: nothing is shown there
   */
  async line(conversation, place) {
    await this.#turn;
    const at = placeId(conversation, place);
    const changed = this.#shown.get(at);
    if (changed !== undefined) return structuredClone(changed?.value);
    const block = /** @type {Block|undefined} */ (await this.#change.read(blockOf(conversation, place)));
    const slot = block?.[place % BLOCK];
    if (slot === undefined) return undefined;
    const sealed = await this.#storage.read(({ get }) => get("shown", at));
    // Another tab has hidden it in between: then this change is thought out anew.
    if (sealed === undefined) throw new Refusal("storage_broken");
    return opened(slot, sealed);
  }

  /** Drops all that is shown of a conversation. @param {string} conversation */
  async forget(conversation) {
    await this.#turn;
    for (const id of await this.#change.ids(keysOf(conversation))) {
      const block = /** @type {Block} */ (await this.#change.read(id));
      const number = Number(id.slice(-DIGITS));
      for (const slot of Object.keys(block)) this.#dropDeadline(conversation, number * BLOCK + Number(slot), block[slot]);
      this.#change.remove(id);
    }
    for (const at of this.#shown.keys()) if (at.startsWith(`${conversation}/`)) this.#shown.delete(at);
    this.#forgotten.add(conversation);
  }

  /**
   * @param {string} deadline
   * @param {string} conversation
   * @param {number} place
   * @param {number} until
   * @param {number} now
   * @returns {Promise<boolean>} whether it was this one's
   */
  async hideIfDue(deadline, conversation, place, until, now) {
    this.#deadlines.set(deadline, false);
    const block = await this.#change.read(blockOf(conversation, place));
    if (block?.[place % BLOCK]?.[1] !== until) return false;
    // What can't be opened is past its time all the same.
    const line = await this.line(conversation, place).catch(() => undefined);
    const left = line === undefined ? undefined : leftOf(line, now);
    await (left === undefined ? this.hide(conversation, place) : this.show(conversation, place, left));
    return true;
  }

  /** What comes with the rows. @param {Transaction} transaction */
  async write({ keys, put, remove }) {
    for (const conversation of this.#forgotten) {
      for (const at of await keys("shown", { prefix: `${conversation}/` })) await remove("shown", at);
    }
    for (const [at, shown] of this.#shown) {
      if (shown === null) await remove("shown", at);
      else await put("shown", at, shown.sealed);
    }
    for (const [deadline, comes] of this.#deadlines) {
      if (comes) await put("deadlines", deadline, true);
      else await remove("deadlines", deadline);
    }
  }

  /** @param {() => Promise<void>} work  @returns {Promise<void>} */
  #inTurn(work) {
    const done = this.#turn.then(work);
    this.#turn = done;
    // Whoever doesn't wait for it hears of it at the end of the change.
    done.catch(() => undefined);
    return done;
  }

  /** @param {string} conversation  @param {number} place  @param {Slot|null} slot */
  async #setSlot(conversation, place, slot) {
    const id = blockOf(conversation, place);
    const block = /** @type {Block} */ (await this.#change.read(id) ?? {});
    this.#dropDeadline(conversation, place, block[place % BLOCK]);
    if (slot === null) delete block[place % BLOCK];
    else block[place % BLOCK] = slot;
    if (slot?.[1] !== undefined) this.#deadlines.set(deadlineId(slot[1], conversation, place), true);
    if (Object.keys(block).length === 0) this.#change.remove(id);
    else this.#change.put(id, block);
  }

  /** @param {string} conversation  @param {number} place  @param {Slot} [slot] */
  #dropDeadline(conversation, place, slot) {
    if (slot?.[1] !== undefined) this.#deadlines.set(deadlineId(slot[1], conversation, place), false);
  }
}

const DIGITS = 16;
const SLOT_DIGITS = 3;

/** As keys of a database are ordered. @param {number} number */
const padded = (number) => String(number).padStart(DIGITS, "0");

/** @param {string} conversation */
const keysOf = (conversation) => `${KEYS}${conversation}/`;

/** @param {string} conversation  @param {number} place */
const blockOf = (conversation, place) => keysOf(conversation) + padded(Math.floor(place / BLOCK));

/** @param {string} conversation  @param {number} place */
const placeId = (conversation, place) =>
  `${conversation}/${padded(Math.floor(place / BLOCK))}/${String(place % BLOCK).padStart(SLOT_DIGITS, "0")}`;

/** @param {number} until  @param {string} conversation  @param {number} place */
const deadlineId = (until, conversation, place) => `${padded(until)}/${conversation}/${padded(place)}`;

/**
 * @param {Slot} slot
 * @param {Uint8Array} sealed
 * @returns {Promise<any>}
 * @throws {Refusal} `storage_broken`
 */
async function opened([key], sealed) {
  const aead = await importAead(fromBase64url(key, SECRET_BYTES));
  const text = await aeadOpen(aead, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), NO_LABEL);
  if (text === null) throw new Refusal("storage_broken");
  return JSON.parse(decoder.decode(text));
}
