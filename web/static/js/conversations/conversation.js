/**
 * One conversation, as a device takes part in it: reading, saying, and changing who is in it. Whatever is asked of it is
 * done in turn.
 */

import { fromBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { due } from "../protocol/conversations/judge.js";
import { signLeave } from "../protocol/conversations/leaves.js";
import { Beginning } from "./beginning.js";
import { CatchingUp } from "./catching-up.js";
import { evidenceOf, reportOf } from "./evidence.js";
import { Sending } from "./sending.js";
import { ShownConversation } from "./shown.js";
import { Speaking } from "./speaking.js";
import { readState, standpoint } from "./state.js";
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
 * @property {number} mark  up to which place it was read, on whichever own device
 * @property {number} unread  messages of others behind it
 * @property {number} mentioned  those of them that name oneself
 */

/** What is said before anything else by whoever hasn't said who they are. */
const NAMED = ["text", "reply", "file"];
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
    this.shown = new ShownConversation(id, parts, this.#sending);
    this.says = new Speaking((kind, body, waits) => this.send(kind, body, waits), (message) => parts.api.destroy(id, message));
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
   * @param {(waiting: {kind: string, body: Body}) => boolean} [isOlder]  in place of what still waits, and is out of date by it
   * @returns {Promise<string>} the message's id; what stops it is thrown by `flush`
   * @throws {Refusal} `content_form`, `not_member`; `conversation_unknown`
   */
  async say(kind, body, isOlder) {
    if (NAMED.includes(kind)) await this.#introduce();
    return this.#sending.put(kind, body, isOlder);
  }

  /** Who has come, or whose device has, is told who speaks before they hear it. */
  async #introduce() {
    const { store } = this.#parts;
    if ((await readState(store, this.id))?.strange !== true) return;
    const me = await this.#parts.profile();
    if (me === null) return;
    await this.#sending.put("profile", me, ({ kind }) => kind === "profile");
    await this.note({ strange: false });
  }

  /** Sends all that waits. @throws {Refusal} what stops it */
  flush() {
    return this.#inTurn(() => this.#sending.flush());
  }

  /** Takes back what waits and was never posted. @param {string} id  @returns {Promise<boolean>} false: it may be sent */
  discard(id) {
    return this.#sending.discard(id);
  }

  /** Says and sends. @param {string} kind  @param {Body} body  @param {() => void} [waits]  in the outbox @returns {Promise<string>} the message's id */
  async send(kind, body, waits = () => undefined) {
    if ((await readState(this.#parts.store, this.id)) === null) await this.catchUp();
    const id = await this.say(kind, body);
    waits();
    await this.flush();
    return id;
  }

  /** @param {string} text  @param {Uint8Array[]} [mentions]  chains */
  text(text, mentions = []) {
    return this.says.text(text, mentions);
  }

  /** Takes a message of one's own back, for everybody. @param {{device: string, id: string}} of */
  withdraw(of) {
    return this.says.withdraw(of);
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

  /**
   * Shows the operators what somebody has said (docs/reports.md).
   * @param {any[]} lines  values of 1 to 10 lines, all of one other person
   * @param {import("./evidence.js").Reason} reason
   * @param {string} [text]  what is said about it
   * @throws {Refusal} `report_unproven`, `too_many`
   */
  async report(lines, reason, text = "") {
    await this.#parts.api.report(await reportOf(lines.map(evidenceOf), reason, text));
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
    if (isBad) await this.note({ mended: member.now() });
    if (isBad || (state.pinned && !state.listed)) await this.#inTurn(() => this.#renew({ ended: false }));
    const card = state.unnamed ? await store.read(this.#keys.card) : undefined;
    if (card === undefined) return;
    await this.say("card", card);
    await this.named();
    await this.flush();
  }

  /** Newcomers are told, or will be by what waits in the outbox. */
  named() {
    return this.note({ unnamed: false });
  }

  /** @param {Partial<State>} change */
  async note(change) {
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

  /** How it stands. @throws {Refusal} `conversation_unknown` */
  view() {
    return this.shown.view();
  }

  /**
   * Lines in a window: the newest first, before a place; or the oldest first, after one.
   * @param {{before?: number, after?: number, limit: number}} how
   */
  lines(how) {
    return this.shown.page(how);
  }

  /** A message was looked at here: from now on its timer runs. @param {number} place */
  seen(place) {
    return this.shown.seen(place);
  }

  /** A line is to be gone from this device alone. @param {number} place */
  hide(place) {
    return this.shown.hide(place);
  }

  /** 60 digits by which members compare whether they are in the same conversation. */
  number() {
    return this.shown.number();
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
