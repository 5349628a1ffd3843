/**
 * Reading on in a log, in its order: records are judged, boxes and messages opened, and whatever is refused says why.
 * Nothing is written here. What comes out is the same however often it is read.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { openBox } from "../protocol/conversations/epochs.js";
import { GOOD, judge } from "../protocol/conversations/judge.js";
import { Lines } from "../protocol/conversations/lines.js";
import { Log, RECORD } from "../protocol/conversations/log.js";
import { openMessage, readAd } from "../protocol/conversations/messages.js";
import { SignedRecord } from "../protocol/conversations/records.js";
import { movedOf } from "./changes.js";
import { proofOf } from "./evidence.js";
import { keysOf } from "./store.js";

/**
 * @typedef {import("./state.js").Standpoint} Standpoint
 * @typedef {import("./conversation-api.js").Item} Item
 * @typedef {import("./conversation-api.js").Epoch} Epoch
 * @typedef {import("../protocol/conversations/records.js").Record} Record
 *
 * What stands at a place: a record that is followed from there on, a message, a place of which nothing is left, one from
 * before this device's time, or a no.
 * @typedef {{at: number, device: string, s: number, hash: Uint8Array, digest: string}} Place
 * @typedef {Place & {kind: "record", signed: SignedRecord, before: Record|null, chain: string|null,
 *   seed: Uint8Array|null, trouble: string|null, isOwn: boolean, isHost: boolean, moved: string[]}} RecordRead
 * @typedef {Place & {kind: "message", id: string, chain: string, content: import("../protocol/conversations/contents.js").Content,
 *   isAdmin: boolean, timer: number, proof?: import("./evidence.js").Proof}} MessageRead
 * @typedef {Place & {kind: "destroyed", id: string|null}} DestroyedRead
 * @typedef {Place & {kind: "before"}} BeforeRead
 * @typedef {Place & {kind: "refused", id: string|null, code: string, stops: boolean}} RefusedRead
 * @typedef {RecordRead|MessageRead|DestroyedRead|BeforeRead|RefusedRead} Read
 */

/** What is no fault of what was read. */
const PASSING = [
  "waiting", "malformed", "record_gone", "chain_fork", "session_ended", "unauthorized", "proof_wrong", "device_revoked", "suspended", "locked",
  "storage_broken",
];

export class Reading {
  #id;
  #parts;
  #signed;
  #seed;
  #log;
  #state;
  #epochs;
  #recordPlace;
  #lines = new Lines();
  /** @type {Map<number, Uint8Array>} */
  #hashes = new Map();

  /**
   * @param {string} id
   * @param {Pick<import("./state.js").Parts, "store"|"chains"|"member"|"urgency">} parts
   * @param {Standpoint} from
   * @param {readonly Epoch[]} epochs  records that may stand in what is read
   */
  constructor(id, parts, { state, signed, seed }, epochs) {
    this.#id = id;
    this.#parts = parts;
    this.#state = state;
    this.#signed = signed;
    this.#seed = seed;
    this.#log = new Log(state.place, fromBase64url(state.hash, 32));
    this.#recordPlace = state.record.place;
    this.#epochs = new Map(epochs.map((one) => [one.s, one]));
  }

  /**
   * What stands at these places, up to one that stops the reading.
   * @param {readonly Item[]} items
   * @returns {Promise<Read[]>}
   * @throws {Refusal} `record_gone` for a record that is no longer kept; `malformed` for places that don't follow each other, `waiting` where a chain can't be had yet,
   *   `update_needed` for a record of a later version
   */
  async read(items) {
    this.#lines = await this.#parts.chains.upTo(this.#signed.record.people);
    const found = [];
    for (const item of items) {
      if (item.s !== this.#log.place + 1) throw new Refusal("malformed");
      this.#log = await this.#log.next(item.kind, item.device, item.digest);
      this.#hashes.set(item.s, this.#log.hash);
      const read = await this.#one(item).catch((error) => {
        // What comes before it is kept; the next time begins here.
        if (found.length === 0 || !(error instanceof Refusal)) throw error;
        return null;
      });
      if (read === null) break;
      found.push(read);
      if (read.kind === "refused" && read.stops) break;
    }
    return found;
  }

  /** @param {Item} item  @returns {Promise<Read>} */
  async #one(item) {
    const place = {
      at: item.at, device: toBase64url(item.device), s: item.s, hash: this.#log.hash, digest: toBase64url(item.digest),
    };
    const id = item.id === null ? null : toBase64url(item.id);
    const isRecord = item.kind === RECORD;
    try {
      if (isRecord) return await this.#record(item, place);
      if (item.s <= this.#state.first) return { ...place, kind: "before" };
      // What is said while this device isn't listed is not for it.
      const isListed = this.#signed.record.indexOf(this.#parts.member.device) >= 0;
      if (item.entry === null) return isListed ? { ...place, kind: "destroyed", id } : { ...place, kind: "before" };
      return await this.#message(item, item.entry, place);
    } catch (error) {
      if (!(error instanceof Refusal) || PASSING.includes(error.code) || isPassing(error)) throw error;
      if (error.code === "record_version") throw new Refusal("update_needed");
      return { ...place, kind: "refused", id, code: error.code, stops: isRecord };
    }
  }

  /** @param {Item} item  @param {Place} place  @returns {Promise<Read>} */
  async #record(item, place) {
    const served = this.#epochs.get(item.s);
    const entry = item.entry ?? served?.entry;
    if (item.s < this.#state.first) return { ...place, kind: "before" };
    // It stood there for longer than records are kept.
    if (entry === undefined) throw new Refusal("record_gone");
    if (!isSame(await sha256(entry), item.digest)) throw new Refusal("malformed");
    const signed = await SignedRecord.read(entry);
    const isFirst = item.s === this.#state.first;
    const before = isFirst ? null : this.#signed.record;
    if (isFirst) {
      if (!isSame(signed.hash, this.#signed.hash)) throw new Refusal("record_previous");
    } else await this.#judge(signed);
    const { by, seen, log } = signed.record;
    if (!isSame(by, item.device)) throw new Refusal("record_author");
    const known = await this.#hashAt(seen);
    if (known === null || seen >= item.s || !isSame(known, log)) throw new Refusal("log_fork");
    this.#signed = signed;
    this.#recordPlace = item.s;
    // One that is read again, after the server went back, was opened then.
    const isOpen = isFirst && this.#seed !== null;
    const opened = isOpen ? { seed: this.#seed, trouble: null } : await this.#open(signed, served?.box ?? null);
    this.#seed = opened.seed;
    const author = signed.record.personOf(signed.record.by, this.#lines);
    const isOwn = isSame(signed.record.by, this.#parts.member.device);
    return {
      ...place, kind: "record", signed, before, chain: author && toBase64url(author.chain), ...opened, isOwn,
      isHost: this.#isHost(signed.record), moved: movedOf(before, signed.record, this.#lines).filter((one) => one !== toBase64url(this.#parts.member.chain)),
    };
  }

  /** Whether this is the first device of the first admin, who tells newcomers the conversation's name. @param {Record} record */
  #isHost(record) {
    const first = record.devices.find(({ device }) => record.personOf(device, this.#lines)?.role === "admin");
    return first !== undefined && isSame(first.device, this.#parts.member.device);
  }

  /** @param {SignedRecord} signed  @throws {Refusal} of the rule that it breaks */
  async #judge(signed) {
    const { chains } = this.#parts;
    const before = this.#signed.record;
    const people = [...before.people, ...signed.record.people];
    let lines = await chains.upTo(people);
    let verdict = await judge(before, signed, lines);
    if (verdict.verdict === "waiting") {
      // Only what the server says that it hasn't is missing for good.
      await Promise.all(verdict.chains.map((chain) => chains.newest(chain)));
      lines = await chains.linesOf(people);
      verdict = await judge(before, signed, lines, true);
    }
    if (verdict.verdict === "bad") throw new Refusal(verdict.code);
    if (verdict !== GOOD) throw new Refusal("waiting");
    this.#lines = lines;
  }

  /**
   * The own box, or why it has no use.
   * @param {SignedRecord} signed
   * @param {Uint8Array|null} box
   * @returns {Promise<{seed: Uint8Array|null, trouble: string|null}>}
   */
  async #open(signed, box) {
    const { member, store } = this.#parts;
    const listed = signed.record.devices[signed.record.indexOf(member.device)];
    if (listed === undefined) return { seed: null, trouble: null };
    const draft = await store.read(keysOf(this.#id).draft(toBase64url(signed.hash)));
    if (draft !== undefined) return { seed: fromBase64url(draft.seed, 32), trouble: null };
    const key = listed.number === 0 ? null : await member.sealingKey(listed.number);
    if (key === null || box === null) return { seed: null, trouble: "box_missing" };
    try {
      const hpke = await member.hpke(this.#parts.urgency());
      return { seed: await openBox(hpke, key, signed, member.device, box), trouble: null };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { seed: null, trouble: error.code };
    } finally {
      key.fill(0);
    }
  }

  /** @param {Item} item  @param {Uint8Array} entry  @param {Place} place  @returns {Promise<MessageRead>} */
  async #message({ s, device, digest }, entry, place) {
    if (!isSame(await sha256(entry), digest)) throw new Refusal("message_broken");
    if (this.#seed === null) throw new Refusal("message_unreadable");
    const heading = readAd(entry);
    const seen = await this.#hashAt(heading.seen);
    const opened = await openMessage({
      seed: this.#seed, signed: this.#signed, recordPlace: this.#recordPlace, lines: this.#lines, place: s, device,
      logAt: (at) => (at === heading.seen ? seen : null),
    }, entry);
    const person = this.#signed.record.personOf(device, this.#lines);
    if (person === null) throw new Refusal("message_device");
    return {
      ...place, kind: "message", id: toBase64url(heading.id), chain: toBase64url(person.chain), content: opened.content,
      proof: proofOf(opened),
      isAdmin: person.role === "admin", timer: this.#signed.record.timer,
    };
  }

  /** This device's own hash of the log. @param {number} place  @returns {Promise<Uint8Array|null>} */
  async #hashAt(place) {
    const fresh = this.#hashes.get(place);
    if (fresh !== undefined) return fresh;
    const kept = await this.#parts.store.read(keysOf(this.#id).log(place));
    return kept === undefined ? null : fromBase64url(kept, 32);
  }
}
