/**
 * A member's side of the conversation with a server, as a machine of values (docs/protocol.md,
 * section 11): frames and calls in, frames and effects out. It has no socket, no clock, no
 * randomness and no keys; `now` is this device's clock in milliseconds.
 *
 * After every call the owner sends `takeFrames()` (`messagesOf`) and carries out `takeEffects()`:
 *
 * - `decrypt`: open an envelope, then call `decrypted` or `unreadable`;
 * - `profile`: open a profile, then call `room.roster.named`;
 * - `check`: is SHA-256(viewing) the hash? then call `checked`;
 * - `answer`: a `request` was answered, or its connection has gone;
 * - `withdrawn`: a message of one's own was taken back, or can't be (`refusal`);
 * - `save`: what a reload needs (`save()`) has changed;
 * - `reconnect`: this connection is dead;
 * - `end`: there is nothing more to do here; `leave` says whether to give the seat up, `by` who ended it.
 */

import { isInteger, isObject } from "./encoding.js";
import { Refusal } from "./errors.js";
import { STATUS_IDS, TYPING_REPEAT_SECONDS } from "./limits.js";
import { readError } from "./objects.js";
import { Room } from "./room.js";

/** A connection that says nothing for so long is asked whether it lives, and how long it has. */
const SILENCE_MS = 25_000;
const PING_MS = 10_000;

/**
 * @typedef {{type: "decrypt", id: string, author: string, envelope: string}
 *   | {type: "profile", member: string, envelope: string}
 *   | {type: "check", id: string, viewing: string|null, hash: string}
 *   | {type: "answer", ref: number, refusal: Refusal|null}
 *   | {type: "withdrawn", id: string, opened: number|null, refusal: Refusal|null}
 *   | {type: "save"}
 *   | {type: "reconnect"}
 *   | {type: "end", reason: string, leave: boolean, by: string|null}} Effect
 * @typedef {{kind: string, ids: string[]}} Asked
 */

export class Session {
  #room;
  /** @type {Record<string, unknown>[]} */
  #frames = [];
  /** @type {Effect[]} */
  #effects = [];
  #ref = 0;
  #generation;
  /** @type {Map<number, Asked>} */
  #pending = new Map();
  #live = false;
  #greeting = false;
  #ended = false;
  #heard = 0;
  /** When it was asked for a welcome, and how long that took, in milliseconds. */
  #greeted = { at: 0, took: 0 };
  /** By when the `ping` that is on its way must be answered. @type {number|null} */
  #pingDue = null;
  #typing = { enabled: true, said: false, at: -Infinity };

  /**
   * @param {{me: string, charter: string, mac: string, roomTtl: number, generation: number}} options
   *   one's own member id; charter and mac as verified, in base64url; from the charter, in seconds;
   *   the highest that the server knows of this seat (7.7)
   */
  constructor({ generation, ...options }) {
    this.#generation = generation;
    this.#room = new Room({ ...options, emit: (effect) => void this.#effects.push(effect) });
  }

  get live() {
    return this.#live;
  }

  /** What is known of the room: members, cards, one's own messages. */
  get room() {
    return this.#room;
  }

  takeFrames() {
    return this.#frames.splice(0);
  }

  takeEffects() {
    for (const check of this.#room.outbox.takeChecks()) this.#effects.push({ type: "check", ...check });
    return this.#effects.splice(0);
  }

  /**
   * A socket is open.
   * @param {{locator: string, token: string}} credentials
   * @param {number} now
   */
  hello(credentials, now) {
    this.#heard = this.#greeted.at = now;
    this.#greeting = true;
    this.#generation += 1;
    this.#ask("hello", [], { ...credentials, generation: this.#generation });
  }

  /** The socket is gone; what had no answer is asked again on the next. */
  disconnected() {
    this.#live = this.#greeting = false;
    this.#pingDue = null;
    this.#frames = [];
    for (const [ref, { kind }] of this.#pending) {
      if (kind === "request") {
        this.#effects.push({ type: "answer", ref, refusal: new Refusal("unreachable") });
      }
    }
    this.#pending.clear();
    this.#room.cards.disconnected();
    this.#room.outbox.disconnected();
    this.#room.withdrawals.disconnected();
    this.#room.roster.nobodyTypes();
    this.#typing.at = -Infinity;
  }

  /**
   * Whatever the socket brought. Nothing in it can raise an error.
   * @param {unknown} message  parsed: an array of frames
   * @param {number} now
   */
  receive(message, now) {
    if (this.#ended) return;
    this.#heard = now;
    for (const frame of Array.isArray(message) ? message : []) {
      if (isObject(frame) && !this.#ended) this.#handle(frame, now);
      if (this.#effects.some(({ type }) => type === "end")) this.#stop();
    }
    this.#pump(now);
  }

  /**
   * Time has passed.
   * @param {number} now
   */
  tick(now) {
    this.#room.roster.tick(now);
    this.#room.outbox.giveUp(now);
    const silent = now - this.#heard;
    if (this.#greeting && silent >= SILENCE_MS) this.#effects.push({ type: "reconnect" });
    if (!this.#live) return;
    if (this.#pingDue !== null && now >= this.#pingDue) this.#effects.push({ type: "reconnect" });
    else if (silent >= SILENCE_MS) this.probe(PING_MS, now);
    this.#pump(now);
  }

  /**
   * The connection may have died unnoticed, as while a device slept: it is asked, and dead without an
   * answer in time. What came in before and is only read now is no answer.
   * @param {number} patience  milliseconds; more if its welcome took long
   * @param {number} now
   */
  probe(patience, now) {
    if (!this.#live) return;
    const by = now + Math.max(patience, Math.min(3 * this.#greeted.took, PING_MS));
    if (this.#pingDue === null) this.#ask("ping", []);
    this.#pingDue = Math.min(this.#pingDue ?? by, by);
  }

  /** When `tick` has something to do, by this device's clock; Infinity: never. */
  nextTick() {
    const { roster, outbox, withdrawals } = this.#room;
    const due = Math.min(roster.nextDeadline(), outbox.nextDeadline(), withdrawals.nextDeadline());
    if (this.#greeting) return Math.min(due, this.#heard + SILENCE_MS);
    if (!this.#live) return due;
    const silence = this.#pingDue ?? this.#heard + SILENCE_MS;
    const retries = this.#room.cards.wanted().filter((card) => !card.asked && card.notBefore > 0);
    return Math.min(due, silence, ...retries.map((card) => card.notBefore));
  }

  // Calls

  /**
   * Takes a message in; hash and envelope follow by `room.outbox.hashed` and `sealed`.
   * @param {Omit<Parameters<import("./outbox.js").Outbox["add"]>[0], "now">} message  with
   *   `room.outbox.nextCounter()`
   * @param {number} now
   */
  write(message, now) {
    this.#room.outbox.add({ ...message, now });
  }

  /**
   * It can be posted from now on. What `save` says must be kept before, or its receipt could not be
   * checked after a reload.
   * @param {string} id
   * @param {string} envelope  base64url
   * @param {number} now
   */
  sealed(id, envelope, now) {
    this.#room.outbox.sealed(id, envelope);
    this.#pump(now);
  }

  /** @param {string} id  @param {number} now */
  open(id, now) {
    const opening = this.#room.cards.open(id);
    this.#pump(now);
    return opening;
  }

  /** @param {string} id  @param {number} now */
  shown(id, now) {
    this.#room.cards.shown(id);
    this.#pump(now);
  }

  /** @param {string} id  @param {number} now */
  release(id, now) {
    this.#room.cards.release(id);
    this.#effects.push({ type: "save" });
    this.#pump(now);
  }

  /** @param {string} id  @param {number} now */
  discard(id, now) {
    this.#room.cards.discard(id);
    this.#room.outbox.discard(id);
    // What was put away was not interrupted by a reload.
    this.#effects.push({ type: "save" });
    this.#pump(now);
  }

  /**
   * Takes a message of one's own back; `withdrawn` follows.
   * @param {string} id
   * @param {number} now
   * @returns {boolean} false without a connection: nothing was asked for
   */
  withdraw(id, now) {
    if (!this.#live) return false;
    this.#room.withdrawals.add(id);
    this.#pump(now);
    return true;
  }

  /**
   * Asks for something that is not repeated by itself; an `answer` with the same ref follows.
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @returns {number|null} ref, or null without a connection
   */
  request(type, fields) {
    return this.#live ? this.#ask("request", [], fields, type) : null;
  }

  /** @param {boolean} typing  @param {number} now */
  type(typing, now) {
    const typed = this.#typing;
    if (!this.#live || (typing && !typed.enabled) || (!typing && !typed.said)) return;
    if (typing && typed.said && now - typed.at < 1000 * TYPING_REPEAT_SECONDS) return;
    Object.assign(typed, { said: typing, at: now });
    this.#frames.push({ type: "typing", typing });
  }

  /** @param {boolean} enabled  @param {number} now */
  enableTyping(enabled, now) {
    if (!enabled) this.type(false, now);
    this.#typing.enabled = enabled;
  }

  /**
   * @param {string} id
   * @param {Parameters<import("./cards.js").Cards["decrypted"]>[1]} message
   * @param {number} now
   */
  decrypted(id, message, now) {
    if (this.#room.cards.decrypted(id, message)) this.#effects.push({ type: "save" });
    this.#pump(now);
  }

  /** @param {string} id  @param {string} code  @param {number} now */
  unreadable(id, code, now) {
    this.#room.cards.unreadable(id, code);
    this.#pump(now);
  }

  /** @param {string} id  @param {boolean} genuine */
  checked(id, genuine) {
    this.#room.outbox.checked(id, genuine);
    this.#effects.push({ type: "save" });
  }

  /** What a reloaded tab needs to go on. */
  save = () => ({ ...this.#room.cards.save(), ...this.#room.outbox.save() });

  /** @param {ReturnType<Session["save"]>} saved  @param {number} now */
  restore(saved, now) {
    this.#room.cards.restore(saved);
    this.#room.outbox.restore(saved, now);
  }

  /** Drops everything decrypted; nothing is taken in any more. */
  end() {
    this.#stop();
    this.#frames = [];
    this.#pending.clear();
    this.#room.clear();
  }

  // Frames from the server

  /** @param {Record<string, unknown>} frame  @param {number} now */
  #handle(frame, now) {
    const { type } = frame;
    if (type === "ok" || type === "welcome" || type === "error") this.#answer(frame, now);
    else if (this.#live) this.#room.event(frame, now);
  }

  /** @param {Record<string, unknown>} frame  @param {number} now */
  #answer(frame, now) {
    const ref = isInteger(frame.ref) ? frame.ref : -1;
    const asked = this.#pending.get(ref);
    // The server may say why it closes, and an answer may come twice.
    if (asked === undefined) return;
    this.#pending.delete(ref);
    const refusal = frame.type === "error" ? readError(frame.error) : null;
    const { kind, ids: [id] } = asked;
    if (kind === "hello") {
      this.#greeting = false;
      if (refusal === null) this.#welcome(frame, now);
      else this.#helloRefused(refusal);
    } else if (kind === "request") {
      // What changes the room is answered by the room (section 9).
      if (refusal === null) this.#room.answered(frame);
      this.#effects.push({ type: "answer", ref, refusal });
    } else if (kind === "ping") {
      this.#pingDue = null;
    } else if (refusal !== null) {
      this.#room.refused(kind, asked.ids, refusal, now);
    } else {
      this.#room.done(kind, id, frame, now);
    }
  }

  /** @param {Record<string, unknown>} frame  @param {number} now */
  #welcome(frame, now) {
    this.#live = true;
    this.#greeted.took = now - this.#greeted.at;
    this.#room.welcome(frame, now);
  }

  /** @param {Refusal} refusal */
  #helloRefused({ code }) {
    const end = { type: /** @type {const} */ ("end"), leave: false, by: null };
    if (code === "room_unknown") this.#effects.push({ ...end, reason: "room_unknown" });
    else if (code === "replaced") this.#effects.push({ ...end, reason: "replaced" });
    else if (code === "seat_unknown" || code === "unauthorized") {
      this.#effects.push({ ...end, reason: "seat_lost" });
    } else this.#effects.push({ type: "reconnect" });
  }

  // Frames to the server

  /** Asks for everything that is wanted and not yet on its way. @param {number} now */
  #pump(now) {
    if (!this.#live) return;
    for (const card of this.#room.cards.wanted()) {
      const { id, want, viewing, attachment } = card;
      if (card.asked || card.notBefore > now || want === null) continue;
      card.asked = true;
      const fields = want === "ack" ? { viewing } : want === "open" && attachment !== null ? { attachment: true } : {};
      this.#ask(want, [id], { id, ...fields });
    }
    for (const sent of this.#room.outbox.posts(now)) {
      sent.asked = sent.tried = true;
      const { id, envelope, hash, attachment } = sent;
      this.#ask("post", [id], { id, envelope, viewing_hash: hash, ...(attachment !== null && { attachment }) });
    }
    for (const id of this.#room.withdrawals.take(now)) this.#ask("withdraw", [id], { id });
    const questions = this.#room.outbox.questions(now);
    for (let at = 0; at < questions.length; at += STATUS_IDS) {
      const some = questions.slice(at, at + STATUS_IDS);
      for (const sent of some) sent.asked = true;
      const ids = some.map((sent) => sent.id);
      this.#ask("status", ids, { ids });
    }
  }

  /**
   * @param {string} kind
   * @param {string[]} ids  of the messages it is about
   * @param {Record<string, unknown>} [fields]
   * @param {string} [type]  of the frame, if it isn't the kind
   */
  #ask(kind, ids, fields = {}, type = kind) {
    this.#ref += 1;
    this.#pending.set(this.#ref, { kind, ids });
    this.#frames.push({ type, ref: this.#ref, ...fields });
    return this.#ref;
  }

  #stop() {
    this.#ended = true;
    this.#live = this.#greeting = false;
  }
}
