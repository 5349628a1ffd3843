/** The first record of a conversation that this device follows, and where it begins to read (3.2, 5.3, 7.3). */

import { fromBase64url, isBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { firstReason, judge } from "../protocol/conversations/judge.js";
import { SignedRecord } from "../protocol/conversations/records.js";
import { inForce, newState } from "./state.js";
import { keysOf, readRegister } from "./store.js";

/**
 * @typedef {import("./state.js").Parts} Parts
 * @typedef {import("./state.js").State} State
 * @typedef {import("./conversation-api.js").Epoch} Epoch
 * @typedef {{signed: SignedRecord, epoch: Epoch}} Kept
 */

export class Arriving {
  #id;
  #parts;

  /** @param {string} id  @param {Parts} parts */
  constructor(id, parts) {
    this.#id = id;
    this.#parts = parts;
  }

  /**
   * @param {{agreed?: boolean}} [how]  the person was asked, and wants to be in it
   * @returns {Promise<{state: State, signed: SignedRecord}>}
   * @throws {Refusal} `record_uninvited`; the judge's, of the first record
   */
  async arrive({ agreed = false } = {}) {
    const { api } = this.#parts;
    const [{ first }, served] = await Promise.all([api.one(this.#id), api.epochs(this.#id, 0)]);
    const epochs = await Promise.all(served.map(async (epoch) => ({ epoch, signed: await SignedRecord.read(epoch.entry) })));
    const { at, reason, pinned } = await this.#accepted(epochs, agreed);
    const good = await this.#followed(epochs, at);
    // The last that was there when this device was first listed; one that isn't listed begins at the newest.
    const begin = good.filter(({ epoch }) => first === null || epoch.s <= first).at(-1) ?? good[0];
    return { state: { ...this.#beginAt(begin, reason), pinned }, signed: begin.signed };
  }

  /**
   * Somebody who was away for so long that what comes next is no longer kept: they go on from the first record from
   * which on all is there. Where the records between are gone too, that is the newest, if somebody whom they knew wrote
   * it.
   * @param {State} state
   * @param {SignedRecord} last
   * @param {number} kept  the first place that is kept
   * @returns {Promise<{state: State, signed: SignedRecord, skipped: number}>}
   * @throws {Refusal} the judge's; `record_gone`
   */
  async comeBack(state, last, kept) {
    const { api, chains, member } = this.#parts;
    const served = await api.epochs(this.#id, state.record.epoch);
    const epochs = await Promise.all(served.map(async (epoch) => ({ epoch, signed: await SignedRecord.read(epoch.entry) })));
    const newest = epochs.at(-1);
    if (newest === undefined) throw new Refusal("record_gone");
    const follow = epochs[0].signed.record.epoch === last.record.epoch + 1;
    if (follow) {
      let before = last;
      for (const { signed } of epochs) {
        await this.#require(before.record, signed);
        before = signed;
      }
    } else {
      const { record } = newest.signed;
      await this.#require(null, newest.signed);
      const author = record.personOf(record.by, await chains.upTo(record.people));
      const isKnown = author !== null && last.record.person(author.chain) !== null;
      if (!isKnown || record.person(member.chain) === null) throw new Refusal("record_gone");
    }
    const next = (follow ? epochs.find(({ signed }) => signed.record.seen >= kept - 1) : undefined) ?? newest;
    const skipped = next.signed.record.epoch - last.record.epoch - 1;
    const { place, hash, first, listed, record } = this.#beginAt(next, state.reason);
    return { state: { ...state, place, hash, first, listed, record, keyed: false }, signed: next.signed, skipped };
  }

  /**
   * The last record of this device's own line that a server has which was set back (10.4). Nobody returns unseen who
   * was removed since.
   * @param {State} state
   * @param {SignedRecord} last
   * @returns {Promise<State>}
   * @throws {Refusal} `server_back`
   */
  async goBack(state, last) {
    const { api, store } = this.#parts;
    const keys = keysOf(this.#id);
    const served = await api.epochs(this.#id, 0);
    const own = await Promise.all(served.map(async (epoch) =>
      (await store.read(keys.record(epoch.epoch))) === toBase64url(epoch.entry)));
    const at = own.lastIndexOf(true);
    if (at < 0) throw new Refusal("server_back");
    const epoch = served[at];
    const signed = await SignedRecord.read(epoch.entry);
    if (signed.record.people.some(({ chain }) => last.record.person(chain) === null)) throw new Refusal("server_back");
    const { place, hash, first, listed, record } = this.#beginAt({ epoch, signed }, state.reason);
    const keyed = (await store.read(keys.seed(record.epoch))) !== undefined;
    return { ...state, place, hash, first, listed, record, keyed, acknowledged: Math.min(state.acknowledged, place) };
  }

  /**
   * Which of these may be the first.
   * @param {readonly Kept[]} epochs
   * @param {boolean} agreed
   */
  async #accepted(epochs, agreed) {
    if (epochs.length === 0) throw new Refusal("conversation_unknown");
    const pinned = await this.#pinned();
    const isPinned = (/** @type {Kept} */ { signed }) => pinned.some((one) => isSame(one, signed.hash));
    const found = epochs.findIndex(isPinned);
    const at = Math.max(found, 0);
    const { signed } = epochs[at];
    await this.#require(null, signed);
    const { chains, contacts, member } = this.#parts;
    const own = await chains.known(member.chain) ?? await chains.newest(member.chain);
    if (own === null) throw new Refusal("waiting");
    const lines = await chains.upTo(signed.record.people);
    const reason = await firstReason(signed.record, lines, {
      chain: member.chain, founding: own.last.hashes[own.last.founded],
      contacts: (await contacts.accepted()).map(({ chain }) => chain),
      inviters: await contacts.invitersOf(this.#id), pinned, continued: await this.#continued(signed), agreed,
    });
    return { at, reason, pinned: found >= 0 || reason === "self" };
  }

  /** What own devices have followed of this conversation. @returns {Promise<Uint8Array[]>} */
  async #pinned() {
    const value = (await readRegister(this.#parts.store, "conversation"))[this.#id];
    const told = (await this.#parts.member.pinned())[this.#id];
    return [value?.R, told].filter((one) => isBase64url(one, 32)).map((one) => fromBase64url(one, 32));
  }

  /** The record that it goes on from, if this device has followed that. @param {SignedRecord} signed */
  async #continued({ record: { continues } }) {
    if (continues === null) return null;
    const { store } = this.#parts;
    const before = keysOf(toBase64url(continues.conversation));
    for (const key of await store.keys(before.records)) {
      const signed = await SignedRecord.read(fromBase64url(await store.read(key)));
      if (isSame(signed.hash, continues.record)) return signed.record;
    }
    return null;
  }

  /** Those that follow on the one that was accepted, as far as each is good. @param {readonly Kept[]} epochs @param {number} at */
  async #followed(epochs, at) {
    const good = [epochs[at]];
    for (const next of epochs.slice(at + 1)) {
      try {
        await this.#require(good[good.length - 1].signed.record, next.signed);
      } catch (error) {
        // It will be met again where it stands in the log, and shown there.
        if (error instanceof Refusal && error.code.startsWith("record_")) break;
        throw error;
      }
      good.push(next);
    }
    return good;
  }

  /** @param {import("../protocol/conversations/records.js").Record|null} before  @param {SignedRecord} signed */
  async #require(before, signed) {
    const { chains } = this.#parts;
    const people = [...(before?.people ?? []), ...signed.record.people];
    let verdict = await judge(before, signed, await chains.upTo(people));
    if (verdict.verdict === "waiting") {
      await Promise.all(verdict.chains.map((chain) => chains.newest(chain)));
      verdict = await judge(before, signed, await chains.linesOf(people), true);
    }
    if (verdict.verdict === "bad") throw new Refusal(verdict.code);
  }

  /** @param {Kept} begin  @param {string|null} reason */
  #beginAt({ epoch, signed }, reason) {
    const { seen, log } = signed.record;
    const listed = signed.record.indexOf(this.#parts.member.device) >= 0;
    return newState({
      place: seen, hash: toBase64url(log), first: epoch.s, record: inForce(signed, epoch.s), reason, listed,
    });
  }
}
