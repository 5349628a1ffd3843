/** What is shown of one conversation: how it stands, a window over its lines, one of them, and what is to be gone from here. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { authenticator, authenticatorNumber } from "../protocol/conversations/epochs.js";
import { listedOf } from "../protocol/conversations/lines.js";
import { begunOf, isAwaited } from "./deadlines.js";
import { hiddenKey } from "./marks.js";
import { placeOf } from "./met.js";
import { readRecord, readState, standpoint } from "./state.js";
import { keysOf } from "./store.js";

/**
 * @typedef {import("./state.js").Parts} Parts
 * @typedef {import("./state.js").State} State
 * @typedef {import("./store.js").Shown} Line
 * @typedef {import("./conversation.js").View} View
 * @typedef {import("./conversation.js").Role} Role
 * @typedef {import("../protocol/conversations/records.js").Record} Record
 *
 * @typedef {{chain: string, role: Role, since: number}[]} People
 * @typedef {{name: string, picture: string|null}} Profile
 *
 * How far a message must stand at least to have come to a person, and to have been read by them.
 * @typedef {{[chain: string]: {delivered: number, read: number}}} Receipts
 */

/** Lines that are looked through at once. */
const TOGETHER = 100;

export class ShownConversation {
  #id;
  #parts;
  #keys;
  #sending;
  /** People by the record that names them: reading one takes longer than all else that a list shows. @type {{R: string, people: People, timer: number}|null} */
  #named = null;
  /** How far devices have stored what they read, by their ids; null: it wasn't asked yet. @type {Map<string, number>|null} */
  #cursors = null;

  /**
   * @param {string} id
   * @param {Parts} parts
   * @param {Pick<import("./sending.js").Sending, "waiting">} sending
   */
  constructor(id, parts, sending) {
    this.#id = id;
    this.#parts = parts;
    this.#keys = keysOf(id);
    this.#sending = sending;
  }

  /** @returns {Promise<State>} @throws {Refusal} `conversation_unknown` */
  async state() {
    const state = await readState(this.#parts.store, this.#id);
    if (state === null) throw new Refusal("conversation_unknown");
    return state;
  }

  /** @returns {Promise<View>} @throws {Refusal} `conversation_unknown` */
  async view() {
    const state = await this.state();
    const { people, timer } = await this.people(state);
    const own = toBase64url(this.#parts.member.chain);
    return {
      id: this.#id, standing: state.standing, why: state.why, reason: state.reason, place: state.place,
      epoch: state.record.epoch, timer, people, role: people.find(({ chain }) => chain === own)?.role ?? null,
      waiting: (await this.#sending.waiting()).map(({ waiting: { attempt: _, ...one } }) => one),
      blamed: state.blamed, copied: state.copied, reads: state.reads, card: await this.card(),
      mark: state.mark, unread: state.unread, mentioned: state.mentioned,
    };
  }

  /** Of the record in force. @param {State} state */
  async people({ record: { epoch, R } }) {
    if (epoch === 0) return { people: [], timer: 0 };
    if (this.#named?.R !== R) {
      const signed = await readRecord(this.#parts.store, this.#id, epoch);
      if (signed === null) throw new Refusal("storage_broken");
      const { people, timer } = signed.record;
      this.#named = { R, timer, people: people.map(({ chain, role, since }) => ({ chain: toBase64url(chain), role, since })) };
    }
    return this.#named;
  }

  /** What it is called, if an admin has said so. @returns {Promise<Profile|null>} */
  async card() {
    return (await this.#parts.store.read(this.#keys.card)) ?? null;
  }

  /** What people call themselves there. @returns {Promise<{[chain: string]: Profile}>} */
  async profiles() {
    const { store } = this.#parts;
    const keys = await store.keys(this.#keys.profiles);
    return Object.fromEntries(await Promise.all(keys.map(async (key) =>
      [key.slice(this.#keys.profiles.length), await store.read(key)])));
  }

  /**
   * Lines in a window: the newest first, before a place; or the oldest first, after one.
   * @param {{before?: number, after?: number, limit: number}} how
   * @returns {Promise<Line[]>}
   */
  async page({ before, after, limit }) {
    const { store } = this.#parts;
    if (after === undefined) return store.shown(this.#id, { before, limit });
    const { place } = await this.state();
    // Of many places nothing is shown.
    for (let span = 2 * limit; ; span *= 2) {
      const end = after + 1 + span;
      const found = (await store.shown(this.#id, { before: end, limit: span })).filter((one) => one.place > after);
      if (found.length >= limit || end > place) return found.reverse().slice(0, limit);
    }
  }

  /** @param {number} place  @returns {Promise<any>} undefined: nothing is shown there */
  line(place) {
    return this.#parts.store.line(this.#id, place);
  }

  /** A message that another one names. @param {import("./met.js").Named} message  @returns {Promise<Line|null>} null: it isn't here */
  async find(message) {
    const place = await placeOf(this.#parts.store, this.#id, message);
    const value = place === undefined ? undefined : await this.line(place);
    return place === undefined || value === undefined ? null : { place, value };
  }

  /**
   * Messages of this device in which a text stands, the newest first.
   * @param {string} text
   * @param {{before?: number, limit?: number}} [how]
   * @returns {Promise<{found: Line[], next: number|null}>} `next`: to be looked through before this place; null: all was
   */
  async search(text, { before, limit = 20 } = {}) {
    const wanted = folded(text);
    /** @type {Line[]} */
    const found = [];
    for (let from = before; ;) {
      const lines = await this.page({ before: from, limit: TOGETHER });
      for (const line of lines) {
        const said = line.value.kind === "message" ? line.value.content?.body.text : undefined;
        if (said === undefined || !folded(said).includes(wanted)) continue;
        found.push(line);
        if (found.length === limit) return { found, next: line.place };
      }
      if (lines.length < TOGETHER) return { found, next: null };
      from = lines[lines.length - 1].place;
    }
  }

  /** The newest message that is shown. @param {State} state  @returns {Promise<Line|null>} */
  async last({ last }) {
    if (last === 0) return null;
    const value = await this.line(last);
    if (value?.kind === "message") return { place: last, value };
    const lines = await this.page({ before: last, limit: TOGETHER });
    return lines.find((line) => line.value.kind === "message") ?? null;
  }

  /** How far what was said has come, with everybody else. @returns {Promise<Receipts>} */
  async receipts() {
    const { api, chains, member, store } = this.#parts;
    const state = await this.state();
    if (this.#cursors === null) this.hear((await api.members(this.#id)).cursors);
    const { signed: { record } } = await standpoint(store, this.#id, state);
    const listed = listedOf(record.people, await chains.upTo(record.people)) ?? [];
    const own = toBase64url(member.chain);
    /** @type {Receipts} */
    const found = {};
    for (const { device, person } of listed) {
      const chain = toBase64url(person.chain);
      if (chain === own) continue;
      const read = state.reads[chain] ?? 0;
      const cursor = this.#cursors?.get(toBase64url(device)) ?? 0;
      found[chain] = { read, delivered: Math.max(found[chain]?.delivered ?? 0, cursor, read) };
    }
    return found;
  }

  /** Devices have stored what they read. @param {readonly {device: string, cursor: number}[]} receipts */
  hear(receipts) {
    this.#cursors ??= new Map();
    for (const { device, cursor } of receipts) this.#cursors.set(device, Math.max(this.#cursors.get(device) ?? 0, cursor));
  }

  /**
   * A message was looked at here, or what stood there before: from now on its timer runs.
   * @param {number} place
   */
  async seen(place) {
    const { member, store } = this.#parts;
    await store.change(async (within) => {
      const line = await within.line(this.#id, place);
      if (line !== undefined && isAwaited(line)) await within.show(this.#id, place, begunOf(line, member.now()));
    });
  }

  /**
   * A line is to be gone from this device.
   * @param {number} place
   * @returns {Promise<string|null>} how other own devices are told of the message that was there
   */
  async hide(place) {
    const { changed, store } = this.#parts;
    const line = await this.line(place);
    await store.change(async (within) => within.hide(this.#id, place));
    changed(this.#id);
    return line?.kind === "message" ? hiddenKey(this.#id, line) : null;
  }

  /** 60 digits by which members compare whether they are in the same conversation. */
  async number() {
    const { seed, record } = await this.epoch();
    return authenticatorNumber(await authenticator(seed, record));
  }

  /** What its members seal other things with, for as long as the epoch in force lasts. @throws {Refusal} `message_unreadable` */
  async epoch() {
    const { store } = this.#parts;
    const { seed, signed } = await standpoint(store, this.#id, await this.state());
    if (seed === null) throw new Refusal("message_unreadable");
    return { seed, record: signed.hash };
  }

  /** The chain of a device that is in it. @param {string} device  @returns {Promise<string|null>} */
  async chainOf(device) {
    const { chains, store } = this.#parts;
    const { signed: { record } } = await standpoint(store, this.#id, await this.state());
    const person = record.personOf(fromBase64url(device, 16), await chains.upTo(record.people));
    return person === null ? null : toBase64url(person.chain);
  }
}

/** For whoever searches, capitals are like others. @param {string} text */
const folded = (text) => text.normalize("NFKC").toLowerCase();
