/**
 * One conversation, as a device takes part in it: reading, saying, and changing who is in it. Whatever is asked of it is
 * done in turn.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { authenticator, authenticatorNumber } from "../protocol/conversations/epochs.js";
import { due } from "../protocol/conversations/judge.js";
import { signLeave } from "../protocol/conversations/leaves.js";
import { Beginning } from "./beginning.js";
import { CatchingUp } from "./catching-up.js";
import { Sending } from "./sending.js";
import { readRecord, readState, standpoint } from "./state.js";
import { keysOf } from "./store.js";

/**
 * @typedef {import("./state.js").Parts} Parts
 * @typedef {import("./state.js").State} State
 * @typedef {import("../protocol/conversations/contents.js").Body} Body
 * @typedef {import("./conversation-api.js").PersonNow} PersonNow
 * @typedef {"admin"|"member"} Role
 *
 * @typedef {object} View  how it stands; chains are base64url
 * @property {string} id
 * @property {import("./state.js").Standing} standing
 * @property {string|null} why
 * @property {string|null} reason
 * @property {number} place
 * @property {number} epoch
 * @property {number} timer
 * @property {{chain: string, role: Role, since: number}[]} people
 * @property {Role|null} role  the own one
 * @property {{id: string, kind: string, at: number, body: Body, refused: string|null}[]} waiting
 * @property {{device: string, code: string}|null} blamed
 * @property {boolean} copied
 * @property {{[chain: string]: number}} reads
 * @property {{name: string, picture: string|null}|null} card
 */

/** So often a device begins an epoch because its box doesn't open. */
const MEND_MS = 3_600_000;

export class Conversation {
  #parts;
  #keys;
  #catchingUp;
  #beginning;
  #sending;
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /** @param {string} id  @param {Parts} parts */
  constructor(id, parts) {
    this.id = id;
    this.#parts = parts;
    this.#keys = keysOf(id);
    this.#catchingUp = new CatchingUp(id, parts);
    this.#beginning = new Beginning(id, parts, this.#catchingUp);
    this.#sending = new Sending(id, parts, this.#catchingUp, (how) => this.#renew(how));
  }

  /**
   * Reads all that is there.
   * @param {import("./catching-up.js").How} [how]  agreed: the person was asked, and wants to be in it though nobody who
   *   may has added them
   */
  catchUp(how = {}) {
    return this.#inTurn(() => this.#catchingUp.run(how));
  }

  /** A piece of the log that was told. @param {import("./conversation-api.js").Page} page */
  take(page) {
    return this.#inTurn(() => this.#catchingUp.take(page));
  }

  /** Looks at the lists of devices of all who are in it: whether something is due shows by them. */
  async lookAtPeople() {
    const { api, contacts } = this.#parts;
    await contacts.lines((await api.members(this.id)).people);
  }

  /**
   * Says something; it is kept and sent, now or the next time.
   * @param {string} kind  of docs/conversations.md, 6.2
   * @param {Body} body
   * @returns {Promise<string>} the message's id; what stops it is thrown by `flush`
   * @throws {Refusal} `content_form`, `not_member`; `conversation_unknown`
   */
  async say(kind, body) {
    return this.#sending.put(kind, body);
  }

  /** Sends all that waits. @throws {Refusal} what stops it */
  flush() {
    return this.#inTurn(() => this.#sending.flush());
  }

  /** Takes back what waits and was never posted. @param {string} id  @returns {Promise<boolean>} false: it may be sent */
  discard(id) {
    return this.#sending.discard(id);
  }

  /** Says and sends. @param {string} kind  @param {Body} body @returns {Promise<string>} the message's id */
  async send(kind, body) {
    if ((await readState(this.#parts.store, this.id)) === null) await this.catchUp();
    const id = await this.say(kind, body);
    await this.flush();
    return id;
  }

  /** @param {string} text  @param {Uint8Array[]} [mentions]  chains */
  text(text, mentions = []) {
    return this.send("text", { text, mentions: mentions.map(toBase64url) });
  }

  /**
   * Takes a message of one's own back, for everybody; where it still waits on the server it is destroyed.
   * @param {{device: string, id: string}} of
   */
  async withdraw(of) {
    await this.send("delete", { of });
    await this.#parts.api.destroy(this.id, of.id).catch((error) => {
      if (error.code !== "not_found") throw error;
    });
  }

  /**
   * Puts people into it, with the keys that their devices have now.
   * @param {readonly PersonNow[]} people
   * @param {Role} [role]
   */
  add(people, role = "member") {
    return this.#change((before) => {
      const come = people.filter(({ chain }) => before.person(chain) === null);
      return come.length === 0 ? null : { change: { add: come.map(({ chain }) => ({ chain, role })) }, people: come };
    });
  }

  /**
   * Puts those into it who wait for that, if somebody wants them.
   * @param {(joining: import("./conversation-api.js").Joining) => Promise<boolean>} isWanted
   */
  admit(isWanted) {
    return this.#change(async (before, { joins }) => {
      const come = [];
      for (const one of joins) if (before.person(one.chain) === null && await isWanted(one)) come.push(one);
      if (come.length === 0) return null;
      return { change: { add: come.map(({ chain }) => ({ chain, role: /** @type {const} */ ("member") })) }, people: come };
    });
  }

  /**
   * Whether somebody has been in it in that epoch or since, as far as that is kept; what isn't counts as if.
   * @param {number} epoch
   * @param {Uint8Array} chain
   */
  async hadSince(epoch, chain) {
    const { store } = this.#parts;
    const newest = (await readState(store, this.id))?.record.epoch ?? 0;
    for (let at = newest; at >= epoch; at -= 1) {
      const signed = await readRecord(store, this.id, at);
      if (signed === null || signed.record.person(chain) !== null) return true;
    }
    return false;
  }

  /** @param {readonly Uint8Array[]} chains */
  remove(chains) {
    return this.#change((before) => {
      const go = chains.filter((chain) => before.person(chain) !== null);
      return go.length === 0 ? null : { change: { remove: go } };
    });
  }

  /** @param {Uint8Array} chain  @param {Role} role */
  role(chain, role) {
    return this.#change((before) => {
      const person = before.person(chain);
      return person === null || person.role === role ? null : { change: { roles: [{ chain, role }] } };
    });
  }

  /** @param {number} timer  seconds, 0 for none */
  timer(timer) {
    return this.#change((before) => (before.timer === timer ? null : { change: { timer } }));
  }

  /** Whether a link may be used more than once. @param {Uint8Array|null} joining */
  joining(joining) {
    return this.#change((before) => {
      const is = before.joining;
      const same = is === null || joining === null ? is === joining : isSame(is, joining);
      return same ? null : { change: { joining } };
    });
  }

  /** Begins another epoch if one is due, or this device can't speak in the present one. */
  renew() {
    return this.#inTurn(async () => {
      await this.#catchingUp.run();
      return this.#renew({ ended: false });
    });
  }

  /** Leaves; the next record says so to all. */
  leave() {
    return this.#inTurn(async () => {
      await this.#signOut(await this.#catchingUp.run()).catch(async (error) => {
        if (error.code !== "record_leave") throw error;
        // This device has come after the point at which the record names its person.
        await this.#parts.chains.newest(this.#parts.member.chain);
        await this.#signOut(await this.#renew({ ended: false }));
      });
      await this.#over("left");
    });
  }

  /** @param {State} state */
  async #signOut(state) {
    const { api, member, store } = this.#parts;
    if (state.standing !== "following") throw new Refusal(state.why ?? "not_member");
    const { signed: { record } } = await standpoint(store, this.id, state);
    const own = record.person(member.chain);
    if (own === null) throw new Refusal("not_member");
    await api.leave(this.id, await signLeave(member.keys, record.conversation, own.chain, own.since));
  }

  /** Destroys all of it, for everybody. */
  end() {
    return this.#inTurn(async () => {
      await this.#parts.api.end(this.id);
      await this.#over("gone");
    });
  }

  /** Posts a record again of which nobody knows what became. */
  finish() {
    return this.#inTurn(async () => {
      const kept = await readState(this.#parts.store, this.id);
      await this.#beginning.finish(kept === null ? null : await this.#catchingUp.run());
      return this.#catchingUp.run();
    });
  }

  /**
   * What a device does by itself: it has itself listed if it was linked since, begins another epoch if its box of this
   * one doesn't open, and tells newcomers the name.
   */
  async mind() {
    const { member, store } = this.#parts;
    const state = await readState(store, this.id);
    if (state?.standing !== "following") return;
    const isBad = state.listed && !state.keyed && state.place >= state.first && member.now() - state.mended >= MEND_MS;
    if (isBad) await this.#note({ mended: member.now() });
    if (isBad || (state.pinned && !state.listed)) await this.#inTurn(() => this.#renew({ ended: false }));
    const card = state.unnamed ? await store.read(this.#keys.card) : undefined;
    if (card === undefined) return;
    await this.say("card", card);
    await this.named();
    await this.flush();
  }

  /** Newcomers are told, or will be by what waits in the outbox. */
  named() {
    return this.#note({ unnamed: false });
  }

  /** @param {Partial<State>} change */
  async #note(change) {
    await this.#parts.store.change(async (within) => {
      const now = await readState(within, this.id);
      if (now !== null) await within.put(this.#keys.state, { ...now, ...change });
    });
  }

  /** @param {Parameters<Beginning["found"]>[1]} wish */
  found(wish) {
    return this.#inTurn(async () => {
      await this.#beginning.found(fromBase64url(this.id, 16), wish);
      return this.#catchingUp.run();
    });
  }

  /** @returns {Promise<View>} @throws {Refusal} `conversation_unknown` */
  async view() {
    const { member, store } = this.#parts;
    const state = await readState(store, this.id);
    if (state === null) throw new Refusal("conversation_unknown");
    const record = state.record.epoch === 0 ? null : (await standpoint(store, this.id, state)).signed.record;
    return {
      id: this.id, standing: state.standing, why: state.why, reason: state.reason, place: state.place,
      epoch: state.record.epoch, timer: record?.timer ?? 0, role: record?.person(member.chain)?.role ?? null,
      people: (record?.people ?? []).map(({ chain, role, since }) => ({ chain: toBase64url(chain), role, since })),
      waiting: (await this.#sending.waiting()).map(({ waiting: { attempt: _, ...one } }) => one),
      blamed: state.blamed, copied: state.copied, reads: state.reads,
      card: (await store.read(this.#keys.card)) ?? null,
    };
  }

  /** Lines, the newest first. @param {{before?: number, limit: number}} how */
  lines(how) {
    return this.#parts.store.shown(this.id, how);
  }

  /**
   * A message was looked at here: from now on its timer runs.
   * @param {number} place
   */
  async seen(place) {
    const { member, store } = this.#parts;
    await store.change(async (within) => {
      const line = await within.line(this.id, place);
      if (!(line?.timer > 0) || line.until !== undefined) return;
      const until = member.now() + 1000 * line.timer;
      await within.show(this.id, place, { ...line, until }, until);
    });
  }

  /** A line is to be gone from this device. @param {number} place */
  async hide(place) {
    await this.#parts.store.change(async (within) => within.hide(this.id, place));
  }

  /** 60 digits by which members compare whether they are in the same conversation. */
  async number() {
    const { store } = this.#parts;
    const state = await readState(store, this.id);
    if (state === null) throw new Refusal("conversation_unknown");
    const { seed, signed } = await standpoint(store, this.id, state);
    if (seed === null) throw new Refusal("message_unreadable");
    return authenticatorNumber(await authenticator(seed, signed.hash));
  }

  /** The record in force, and the people's keys: what a conversation that goes on from here begins with. */
  async ground() {
    const { api, store } = this.#parts;
    const state = await readState(store, this.id);
    if (state === null || state.record.epoch === 0) throw new Refusal("conversation_unknown");
    const { signed } = await standpoint(store, this.id, state);
    return { signed, members: await api.members(this.id) };
  }

  /** @param {import("./beginning.js").Wish} wish */
  #change(wish) {
    return this.#inTurn(() => this.#beginning.begin(wish));
  }

  /** @param {{ended: boolean}} how */
  async #renew({ ended }) {
    const { chains, store } = this.#parts;
    const state = await readState(store, this.id);
    if (state === null) throw new Refusal("conversation_unknown");
    // A server might show it an old record, and with that whoever was removed since: others have to list this device.
    if (!state.listed && !state.pinned) throw new Refusal("not_compared");
    const { signed } = await standpoint(store, this.id, state);
    const lines = await chains.upTo(signed.record.people);
    return this.#beginning.begin((before, { leaves }) => {
      // Somebody else has begun one meanwhile.
      if (before.epoch !== state.record.epoch) return null;
      const needs = ended || !state.keyed || leaves.length > 0 || due(before, lines) !== null;
      return needs ? { change: {} } : null;
    });
  }

  /** @param {"left"|"gone"} standing */
  async #over(standing) {
    await this.#parts.store.change(async (within) => {
      const state = await readState(within, this.id);
      if (state === null) return;
      await within.remove(this.#keys.seed(state.record.epoch));
      await within.put(this.#keys.state, { ...state, standing, why: "not_member" });
    });
    this.#parts.changed(this.id);
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #inTurn(work) {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
