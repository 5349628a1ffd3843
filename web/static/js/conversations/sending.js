/**
 * What is to be said waits here until it stands in the log. Each attempt is written down before it is posted, and
 * posted again with the same bytes; it is made anew only once the log was read and doesn't have it.
 */

import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { ID_BYTES, NONCE_BYTES } from "../protocol/limits.js";
import { encode } from "../protocol/conversations/contents.js";
import { messageKey } from "../protocol/conversations/epochs.js";
import { due } from "../protocol/conversations/judge.js";
import { MESSAGE } from "../protocol/conversations/log.js";
import { readAd, sealMessage } from "../protocol/conversations/messages.js";
import { readState, standpoint } from "./state.js";
import { keysOf } from "./store.js";

/** Messages of one request, and bytes of them. */
const TOGETHER = 16;
const TOGETHER_BYTES = 524_288;
/** How often the same is tried again after others were faster. */
const ATTEMPTS = 12;
/** While another device begins the epoch that is due. */
const LONGEST_WAIT_MS = 5000;

/**
 * @typedef {import("./state.js").Parts} Parts
 * @typedef {import("./state.js").State} State
 *
 * `attempt`: as it was sealed last, under `R`. `refused`: why it will never be sent.
 * @typedef {object} Waiting
 * @property {string} id
 * @property {string} kind
 * @property {number} at
 * @property {import("../protocol/conversations/contents.js").Body} body
 * @property {{R: string, entry: string, digest: string}|null} attempt
 * @property {string|null} refused
 */

export class Sending {
  #id;
  #parts;
  #catchingUp;
  #renew;
  #keys;

  /**
   * @param {string} id
   * @param {Parts} parts
   * @param {import("./catching-up.js").CatchingUp} catchingUp
   * @param {(how: {ended: boolean}) => Promise<unknown>} renew  begins another epoch; `ended`: the server says so
   */
  constructor(id, parts, catchingUp, renew) {
    this.#id = id;
    this.#parts = parts;
    this.#catchingUp = catchingUp;
    this.#renew = renew;
    this.#keys = keysOf(id);
  }

  /**
   * Puts something into the outbox.
   * @param {string} kind
   * @param {import("../protocol/conversations/contents.js").Body} body
   * @param {(waiting: Waiting) => boolean} [isOlder]  is taken out, where it was never posted
   * @returns {Promise<string>} the id of the message
   * @throws {Refusal} `content_form`; `not_member`
   */
  async put(kind, body, isOlder = () => false) {
    const { member, store } = this.#parts;
    const at = member.now();
    encode(kind, at, body);
    const id = toBase64url(member.random(ID_BYTES));
    await store.change(async (within) => {
      const state = await readState(within, this.#id);
      if (state === null) throw new Refusal("conversation_unknown");
      if (state.standing !== "following") throw new Refusal(state.why ?? "not_member");
      for (const key of await within.keys(this.#keys.outbox)) {
        const before = await within.read(key);
        if (before.attempt === null && isOlder(before)) await within.remove(key);
      }
      const queued = state.queued + 1;
      /** @type {Waiting} */
      const waiting = { id, kind, at, body, attempt: null, refused: null };
      await within.put(this.#keys.waiting(queued), waiting);
      await within.put(this.#keys.state, { ...state, queued });
    });
    this.#parts.changed(this.#id);
    return id;
  }

  /** What waits, in order. @returns {Promise<{key: string, waiting: Waiting}[]>} */
  async waiting() {
    const { store } = this.#parts;
    const keys = await store.keys(this.#keys.outbox);
    const all = await Promise.all(keys.map(async (key) => ({ key, waiting: await store.read(key) })));
    return all.filter(({ waiting }) => waiting !== undefined);
  }

  /** The first of what is still to be sent. */
  async #next() {
    const { store } = this.#parts;
    const next = [];
    for (const key of await store.keys(this.#keys.outbox)) {
      const waiting = await store.read(key);
      if (waiting === undefined || waiting.refused !== null) continue;
      next.push({ key, waiting });
      if (next.length === TOGETHER) break;
    }
    return next;
  }

  /**
   * Sends all that waits.
   * @returns {Promise<State>}
   * @throws {Refusal} what stops it: the server's; it waits on then
   */
  async flush() {
    const { member, store } = this.#parts;
    let renew = false;
    // Over a live line all that others have said has come: nobody waits for a page that says so.
    let isRead = member.line?.isLive === true && (await readState(store, this.#id)) !== null;
    for (let attempt = 1; attempt <= ATTEMPTS;) {
      const state = isRead ? /** @type {State} */ (await readState(store, this.#id)) : await this.#catchingUp.run();
      isRead = true;
      if (state.standing !== "following") throw new Refusal(state.why ?? "not_member");
      const next = await this.#next();
      if (next.length === 0) {
        if (renew) await this.#renew({ ended: false }).catch(passing);
        return state;
      }
      if (await this.#isDue(state)) {
        await this.#renew({ ended: false });
        attempt += 1;
        isRead = false;
        continue;
      }
      const entries = await this.#sealed(state, next);
      try {
        const answer = await this.#parts.api.post(this.#id, entries);
        renew ||= answer.renew;
        const place = await this.#stored(entries, answer.stored, state);
        // A server that was set back puts it where something else was read: the log tells, and it is said there again.
        if (place <= state.place) {
          attempt += 1;
          isRead = false;
        }
      } catch (error) {
        attempt += 1;
        isRead = false;
        await this.#refused(/** @type {Refusal} */ (error), state, next);
      }
    }
    throw new Refusal("epoch_stuck");
  }

  /**
   * Where they stand; if nobody else has said anything before them, that is the whole log already.
   * @param {Uint8Array[]} entries
   * @param {{s: number, hash: Uint8Array, at: number}[]} stored
   * @param {State} state
   * @returns {Promise<number>} the place of the last one
   */
  async #stored(entries, stored, state) {
    const { member } = this.#parts;
    const last = stored[stored.length - 1];
    if (stored.length !== entries.length || last === undefined) throw new Refusal("malformed");
    const items = await Promise.all(entries.map(async (entry, at) => ({
      s: stored[at].s, kind: MESSAGE, device: member.device, at: stored[at].at, digest: await sha256(entry),
      id: readAd(entry).id, entry,
    })));
    await this.#catchingUp.take({
      items, more: false, s: last.s, hash: last.hash, record: fromBase64url(state.record.R, 32),
    });
    return last.s;
  }

  /** By what is known here of the chains, or since this device can't speak in this epoch. @param {State} state */
  async #isDue(state) {
    if (!state.keyed) return true;
    const { signed: { record } } = await standpoint(this.#parts.store, this.#id, state);
    return due(record, await this.#parts.chains.upTo(record.people)) !== null;
  }

  /**
   * The entries of these messages, as they were attempted in this epoch, or else made now and written down.
   * @param {State} state
   * @param {{key: string, waiting: Waiting}[]} next
   */
  async #sealed(state, next) {
    const { member, store } = this.#parts;
    const { signed, seed } = await standpoint(store, this.#id, state);
    if (seed === null) throw new Refusal("message_unreadable");
    const key = await messageKey(seed, signed.hash, member.device);
    const { R } = state.record;
    /** @type {Uint8Array[]} */
    const entries = [];
    /** @type {{row: string, at: number, waiting: Waiting}[]} */
    const made = [];
    let size = 0;
    for (const { key: row, waiting } of next) {
      /** @type {Uint8Array} */
      let entry;
      if (waiting.attempt?.R === R) entry = fromBase64url(waiting.attempt.entry);
      else {
        const heading = {
          conversation: signed.record.conversation, record: signed.hash, device: member.device,
          id: fromBase64url(waiting.id, ID_BYTES), seen: state.place, log: fromBase64url(state.hash, 32),
        };
        const content = encode(waiting.kind, waiting.at, waiting.body);
        entry = await sealMessage(key, heading, member.random(NONCE_BYTES), member.keys, content);
        const attempt = { R, entry: toBase64url(entry), digest: toBase64url(await sha256(entry)) };
        made.push({ row, at: entries.length, waiting: { ...waiting, attempt } });
      }
      size += entry.length;
      if (entries.length > 0 && size > TOGETHER_BYTES) break;
      entries.push(entry);
    }
    return store.change(async (within) => {
      const all = [...entries];
      for (const { row, at, waiting } of made) {
        /** @type {Waiting|undefined} */
        const now = await within.read(row);
        // Another tab has made one just now: both post the same. Or it stands in the log by now.
        if (now?.attempt?.R === R && at < all.length) all[at] = fromBase64url(now.attempt.entry);
        else if (now !== undefined) await within.put(row, waiting);
      }
      return all;
    });
  }

  /**
   * What is to be done before it is tried again; throws what no other try will change.
   * @param {Refusal} refusal
   * @param {State} state
   * @param {{key: string, waiting: Waiting}[]} next
   */
  async #refused(refusal, state, next) {
    const { code } = refusal;
    switch (code) {
      // Read on: whatever stands there is done.
      case "stale_epoch":
        return;
      case "rekey_required": {
        const wait = isObject(refusal.details) ? refusal.details.wait_ms : 0;
        if (isInteger(wait, 1, LONGEST_WAIT_MS)) {
          await this.#parts.member.pause(wait);
          const now = await this.#catchingUp.run();
          if (now.record.R !== state.record.R) return;
        }
        await this.#renew({ ended: true });
        return;
      }
      case "broken":
        await this.#catchingUp.compare(state);
        await this.#anew(next);
        return;
      case "message_seen":
        await this.#anew(next);
        return;
      case "conflict": {
        await this.#catchingUp.run();
        // Other bytes under an id of these stand in the log: another tab was faster, or an answer was lost.
        if (!(await this.#met(next))) await this.#anew(next, true);
        return;
      }
      case "message_length":
      case "message_version":
      case "message_conversation":
      case "message_device":
        await this.#give(next, code);
        throw refusal;
      default:
        throw refusal;
    }
  }

  /**
   * Those that were met in the log wait no more.
   * @param {{key: string}[]} next
   * @returns {Promise<boolean>} whether there are any
   */
  #met(next) {
    const device = toBase64url(this.#parts.member.device);
    return this.#parts.store.change(async (within) => {
      let found = false;
      for (const { key } of next) {
        const waiting = await within.read(key);
        const isThere = waiting === undefined || (await within.read(this.#keys.message(device, waiting.id))) !== undefined;
        if (isThere) await within.remove(key);
        found ||= isThere;
      }
      return found;
    });
  }

  /** Takes something out that was not sent. @param {string} id  @returns {Promise<boolean>} whether it was still there */
  discard(id) {
    return this.#parts.store.change(async (within) => {
      for (const key of await within.keys(this.#keys.outbox)) {
        const waiting = await within.read(key);
        // One that was posted may stand in the log.
        if (waiting.id !== id || (waiting.attempt !== null && waiting.refused === null)) continue;
        await within.remove(key);
        return true;
      }
      return false;
    });
  }

  /**
   * They are to be sealed again; where their ids are taken, under others.
   * @param {{key: string, waiting: Waiting}[]} next
   * @param {boolean} [renamed]
   */
  async #anew(next, renamed = false) {
    const { member, store } = this.#parts;
    await store.change(async (within) => {
      for (const { key } of next) {
        const waiting = await within.read(key);
        if (waiting === undefined) continue;
        const id = renamed ? toBase64url(member.random(ID_BYTES)) : waiting.id;
        await within.put(key, { ...waiting, id, attempt: null });
      }
    });
  }

  /** They will never be sent, and say why. @param {{key: string}[]} next  @param {string} refused */
  async #give(next, refused) {
    await this.#parts.store.change(async (within) => {
      for (const { key } of next) {
        const waiting = await within.read(key);
        if (waiting !== undefined) await within.put(key, { ...waiting, refused });
      }
    });
  }
}

/** Another epoch can wait: whoever writes next begins it. @param {unknown} error */
function passing(error) {
  if (!(error instanceof Refusal)) throw error;
}
