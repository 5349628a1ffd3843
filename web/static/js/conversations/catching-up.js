/** Reading all that a server has of a conversation, page by page, each kept before the next and then acknowledged. */

import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { Log, RECORD } from "../protocol/conversations/log.js";
import { ownConversation } from "../protocol/conversations/registers.js";
import { Applying } from "./applying.js";
import { Arriving } from "./arriving.js";
import { Reading } from "./reading.js";
import { isAt, readState, standpoint } from "./state.js";
import { keysOf } from "./store.js";

/**
 * @typedef {import("./state.js").Parts} Parts
 * @typedef {import("./state.js").State} State
 * @typedef {import("../protocol/conversations/records.js").SignedRecord} SignedRecord
 *
 * `agreed`: see `Arriving`. `again`: the server lists one that was left, or from which one was removed.
 * @typedef {{agreed?: boolean, again?: boolean}} How
 */

const ACKNOWLEDGE_MS = 1000;
const OVER = ["left", "gone"];
/** What entries of a log that has gone another way are refused for. */
const OF_ANOTHER_LOG = ["log_fork", "message_record"];

export class CatchingUp {
  #id;
  #parts;
  #keys;
  #isAcknowledging = false;
  /** Whether it is read once more, from where the server's log was last the same as the one that was read here. */
  #isAgain = false;

  /** @param {string} id  @param {Parts} parts */
  constructor(id, parts) {
    this.#id = id;
    this.#parts = parts;
    this.#keys = keysOf(id);
  }

  /**
   * Reads on to the end.
   * @param {How} [how]
   * @returns {Promise<State>}
   * @throws {Refusal} the server's; `waiting`, `update_needed`; `record_uninvited` and the judge's for one that can't
   *   be followed, which its state says from then on
   */
  async run(how = {}) {
    const { store } = this.#parts;
    const kept = await readState(store, this.#id);
    const isNew = kept === null || kept.standing === "request" || (how.again === true && OVER.includes(kept.standing));
    let state = isNew ? await this.#arrive(kept, how) : kept;
    this.#isAgain = false;
    for (;;) {
      if (state.standing !== "following") return state;
      const { next, more } = await this.#page(state);
      state = next;
      await this.#acknowledge(state);
      if (!more) return (await readState(store, this.#id)) ?? state;
    }
  }

  /**
   * A piece of the log that somebody has told; what comes before it is read.
   * @param {import("./conversation-api.js").Page} page
   * @returns {Promise<State>}
   * @throws {Refusal} as `run`
   */
  async take(page) {
    const state = await readState(this.#parts.store, this.#id);
    if (state?.standing !== "following") return this.run();
    if (page.s <= state.place) return state;
    const items = page.items.filter(({ s }) => s > state.place);
    if (items[0]?.s !== state.place + 1 || items[items.length - 1].s !== page.s) return this.run();
    const { next, more } = await this.#read(state, { ...page, items, more: false });
    if (more) return this.run();
    await this.#acknowledgeSoon();
    return next;
  }

  /** @param {State|null} kept  @param {How} how */
  async #arrive(kept, how) {
    try {
      const { state, signed } = await new Arriving(this.#id, this.#parts).arrive(how);
      return await this.#begin(kept, { ...state, ...shownBefore(kept) }, signed, []);
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (kept === null && code === "record_uninvited") {
        const none = { epoch: 0, R: "", place: 0 };
        const standing = /** @type {const} */ ("request");
        const state = { standing, why: code, reason: null, place: 0, hash: "", first: 0, record: none, listed: false };
        await this.#parts.store.change(async (within) => within.put(this.#keys.state, state));
      }
      // Nobody asks any more.
      if (kept?.standing === "request" && code === "not_found") return this.#gone(kept);
      throw error;
    }
  }

  /**
   * @param {State|null} kept
   * @param {State} state
   * @param {SignedRecord} signed
   * @param {{place: number, value: any}[]} lines
   */
  async #begin(kept, state, signed, lines) {
    return this.#parts.store.change(async (within) => {
      const now = await readState(within, this.#id);
      // Another tab was faster.
      if (now !== null && (kept === null || !isAt(now, kept))) return now;
      if (kept !== null) await within.remove(this.#keys.seed(kept.record.epoch));
      // What was to be said to those who were there before isn't said to those who are there now.
      if (kept !== null && OVER.includes(kept.standing)) await this.#refuseWaiting(within);
      await within.remove(this.#keys.posting);
      await within.put(this.#keys.log(state.place), state.hash);
      await within.put(this.#keys.record(state.record.epoch), toBase64url(signed.entry()));
      for (const { place, value } of lines) await within.show(this.#id, place, value);
      await within.put(this.#keys.state, state);
      return state;
    });
  }

  /** @param {import("./store.js").Within} within */
  async #refuseWaiting(within) {
    for (const key of await within.keys(this.#keys.outbox)) {
      await within.put(key, { ...await within.read(key), refused: "not_member" });
    }
  }

  /** @param {State} state  @returns {Promise<{next: State, more: boolean}>} */
  async #page(state) {
    const { api } = this.#parts;
    let page;
    try {
      page = await api.log(this.#id, state.place);
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (code === "not_found") return { next: await this.#gone(state), more: false };
      if (code === "behind") return { next: await this.#goOn(state, firstOf(error)), more: true };
      throw error;
    }
    if (page.s < state.place) return { next: await this.#serverWentBack(state), more: true };
    if (page.items.length === 0 && !(await endsElsewhere(state, page))) return { next: state, more: false };
    return this.#read(state, page);
  }

  /**
   * @param {State} state
   * @param {import("./conversation-api.js").Page} page  what follows its place
   * @returns {Promise<{next: State, more: boolean}>}
   */
  async #read(state, page) {
    const { api, member, store } = this.#parts;
    const from = await standpoint(store, this.#id, state);
    const isRecord = page.items.some(({ kind, s }) => kind === RECORD && s >= state.first);
    const epochs = isRecord ? await api.epochs(this.#id, state.record.epoch - 1) : [];
    // Nothing is shown of a log that went another way before it is read in its own order.
    const isOther = (isRecord && isElsewhere(state, from.signed, epochs)) || await endsElsewhere(state, page);
    if (isOther) return { next: await this.#serverWentBack(state), more: true };
    const reading = new Reading(this.#id, this.#parts, from, epochs);
    let read;
    try {
      read = await reading.read(page.items);
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== "record_gone") throw error;
      return { next: await this.#comeBack(state, page.items[0].s + 1), more: true };
    }
    // That it is another log is seen at its end; until then nobody is blamed.
    const isDoubted = !this.#isAgain && (page.items.at(-1)?.s ?? page.s) < page.s;
    const isUnfit = read.some((one) => one.kind === "refused" && OF_ANOTHER_LOG.includes(one.code));
    if (isDoubted && isUnfit) return { next: await this.#serverWentBack(state), more: true };
    const self = { device: toBase64url(member.device), chain: toBase64url(member.chain), isAlone: await this.#isAlone() };
    /** @type {string[]} */
    let others = [];
    const next = await store.change(async (within) => {
      const now = await readState(within, this.#id);
      // Another tab has read it.
      if (now === null || !isAt(state, now)) return now;
      const applying = new Applying(this.#id, self, within, now);
      const after = await applying.apply(read);
      others = applying.others;
      await within.put(this.#keys.state, after);
      return after;
    });
    if (next === null) throw new Refusal("conversation_unknown");
    for (const id of [this.#id, ...others]) this.#parts.changed(id);
    return { next, more: page.more || read.length < page.items.length || next.place < page.s };
  }

  async #isAlone() {
    const { chains, member } = this.#parts;
    const own = await chains.known(member.chain) ?? await chains.newest(member.chain);
    return own !== null && toBase64url(await ownConversation(own.last)) === this.#id;
  }

  /** What comes one by one is acknowledged once a second. */
  async #acknowledgeSoon() {
    const { member, store } = this.#parts;
    if (this.#isAcknowledging) return;
    this.#isAcknowledging = true;
    const done = member.pause(ACKNOWLEDGE_MS).then(async () => {
      this.#isAcknowledging = false;
      const state = await readState(store, this.#id);
      if (state?.standing === "following") await this.#acknowledge(state);
    });
    // The next reading does it else.
    done.catch(() => { this.#isAcknowledging = false; });
  }

  /** @param {State} state */
  async #acknowledge(state) {
    if (state.acknowledged >= state.place || state.place < state.first) return;
    try {
      await this.#parts.api.acknowledge(this.#id, state.place);
    } catch (error) {
      // One that isn't listed has nothing to acknowledge; of a server that went back the next page tells.
      if (!["not_found", "broken"].includes(/** @type {Refusal} */ (error).code)) throw error;
      return;
    }
    await this.#change(state, { acknowledged: state.place });
  }

  /** It isn't this account's any more: it has left, was removed, or all of it was destroyed. @param {State} state */
  async #gone(state) {
    await this.#parts.store.change(async (within) => within.remove(this.#keys.seed(state.record.epoch)));
    return this.#change(state, { standing: "gone", why: "not_member" });
  }

  /**
   * Where what was read here before a server went back is what it has up to the first place that it keeps, nothing that
   * it keeps is skipped.
   * @param {State} state
   * @param {number} kept  that place
   */
  async #goOn(state, kept) {
    const place = kept - 1;
    const hash = await this.#parts.store.read(this.#keys.log(place));
    if (hash !== undefined && place > state.place) {
      const page = await this.#parts.api.log(this.#id, place);
      if (!page.more && !(await endsElsewhere({ place, hash }, page))) return this.#change(state, { place, hash });
    }
    return this.#comeBack(state, kept);
  }

  /** @param {State} state  @param {number} kept  the first place that is kept */
  async #comeBack(state, kept) {
    const { member, store } = this.#parts;
    const { signed: last } = await standpoint(store, this.#id, state);
    try {
      const { state: next, signed, skipped } = await new Arriving(this.#id, this.#parts).comeBack(state, last, kept);
      // Where it reads already nothing else can be begun.
      if (next.place <= state.place) throw new Refusal("behind");
      const to = next.first - 1;
      // What was read before a server went back is no gap.
      const from = Math.max(state.place, state.back) + 1;
      const gap = { kind: "gap", from, to, at: member.now(), skipped };
      return await this.#begin(state, next, signed, from > to ? [] : [{ place: to, value: gap }]);
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (!code.startsWith("record_")) throw error;
      return this.#change(state, { standing: "refused", why: code });
    }
  }

  /**
   * A server that was restored from a backup, or lies: it goes on from a record that all have; what was read here
   * stays.
   * @param {State} state
   */
  async #serverWentBack(state) {
    const { store } = this.#parts;
    // Read once more, what it serves still doesn't follow on what all have signed.
    if (this.#isAgain) return this.#change(state, { standing: "refused", why: "log_fork" });
    this.#isAgain = true;
    const { signed } = await standpoint(store, this.#id, state);
    try {
      const next = await new Arriving(this.#id, this.#parts).goBack(state, signed);
      const { epoch } = state.record;
      await store.change(async (within) => {
        await within.put(this.#keys.log(next.place), next.hash);
        // Of an epoch that nobody is in any more.
        if (next.record.epoch < epoch) await within.remove(this.#keys.seed(epoch));
      });
      return await this.#change(state, { ...next, back: Math.max(state.back, state.place) });
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== "server_back") throw error;
      return this.#change(state, { standing: "refused", why: "server_back" });
    }
  }

  /**
   * @param {State} state
   * @param {Partial<State>} change
   * @returns {Promise<State>}
   */
  async #change(state, change) {
    const next = await this.#parts.store.change(async (within) => {
      const now = await readState(within, this.#id);
      if (now === null || !isAt(state, now)) return now;
      const after = { ...now, ...change };
      await within.put(this.#keys.state, after);
      return after;
    });
    this.#parts.changed(this.#id);
    return next ?? { ...state, ...change };
  }

  /**
   * The server says that this log isn't its own: whether it is what was read here, or the server has gone back.
   * @param {State} state
   */
  async compare(state) {
    const { api } = this.#parts;
    const one = await api.one(this.#id);
    if (one.s === state.place && !isSame(one.hash, fromBase64url(state.hash, 32))) {
      await this.#serverWentBack(state);
    }
    return this.run();
  }
}

/**
 * Whether a page that reaches the log's end isn't what follows here, as after a server went back and was written to since.
 * @param {Pick<State, "place"|"hash">} from
 * @param {import("./conversation-api.js").Page} page
 */
async function endsElsewhere(from, { items, s, hash }) {
  let log = new Log(from.place, fromBase64url(from.hash, 32));
  for (const { kind, device, digest } of items) log = await log.next(kind, device, digest);
  return log.place === s && !isSame(log.hash, hash);
}

/**
 * Whether the server has another record than the one in force here, or it elsewhere, or none so new, or one where
 * something else was read.
 * @param {State} state
 * @param {SignedRecord} signed
 * @param {readonly import("./conversation-api.js").Epoch[]} served  from that one on
 */
function isElsewhere({ place, record }, signed, served) {
  const isThere = served.some(({ s, entry }) => s === record.place && isSame(entry, signed.entry()));
  const isGone = served.length > 0 && served[0].epoch > record.epoch;
  const isBetween = served.some(({ epoch, s }) => epoch > record.epoch && s <= place);
  return isBetween || !(isThere || isGone);
}

/** What is kept of one that is met anew, of what was shown and put into the outbox. @param {State|null} kept */
function shownBefore(kept) {
  if (kept === null || kept.standing === "request") return {};
  const { queued, last, at, heard, mark, told } = kept;
  return { queued, last, at, heard, mark, told };
}

/** The first place that a server still has. @param {unknown} error  `behind` */
function firstOf(error) {
  const { details } = /** @type {Refusal} */ (error);
  return isObject(details) && isInteger(details.first) ? details.first : 0;
}
