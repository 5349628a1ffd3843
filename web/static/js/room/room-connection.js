/**
 * A member's connection to its room: the session with its socket, its keys, its clock, and what a
 * reload needs. The session says what is to be done; this does it, and tells its owner of every change.
 */

import { lostBefore } from "../device/kept-until.js";
import { Resume } from "../device/resume.js";
import { ReconnectingSocket } from "../net/reconnecting-socket.js";
import { hex } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { messagesOf } from "../protocol/messages.js";
import { Session } from "../protocol/session.js";
import { RoomCrypto } from "./room-crypto.js";
import { snapshot } from "./snapshot.js";

/** A deadline that is long past must not make the timer spin. */
const SHORTEST_TICK_MS = 50;
const LONGEST_TICK_MS = 3_600_000;
/** A connection that may have died while nobody looked has so long to show that it hasn't. */
const PROBE_MS = 2000;
/** A connection of which nothing was heard for longer may be gone: it is asked before. */
const SURE_MS = 40_000;

/**
 * @typedef {import("../protocol/session.js").Effect} Effect
 * @typedef {object} Owner
 * @property {() => void} changed
 * @property {(code: number) => "retry"|"later"|"stop"} lost  the socket closed: what now?
 * @property {(reason: string, leave: boolean, by: string|null) => void} ended  by what the server said
 */

/**
 * @template [T=void]
 * @typedef {{promise: Promise<T>, resolve: (value: T) => void, reject: (why: Refusal) => void}} Deferred
 */

export class RoomConnection {
  #seat;
  #storage;
  #owner;
  #crypto;
  #socket;
  #gone = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #saving = Promise.resolve();
  /** @type {Promise<void>|null} */
  #nextSave = null;
  #session;
  /** Calls that wait for a card. @type {Map<string, Deferred>} */
  #opening = new Map();
  /** Calls that wait for an answer. @type {Map<number, Deferred>} */
  #asking = new Map();
  /** Calls that take a message back. @type {Map<string, Deferred<{opened: number}>>} */
  #withdrawing = new Map();
  /** When the server was last heard, by this device's clock. */
  #heard = Date.now();

  /**
   * @param {string} base
   * @param {import("./entry.js").Seat} seat
   * @param {import("./entry.js").Device} device
   * @param {Owner} owner
   */
  constructor(base, seat, { randomBytes, storage, profiles, standIn = null }, owner) {
    const { me, charter, mac, rules, keys, messages, generation, progress, present } = seat;
    const { locator, token } = seat;
    this.#seat = seat;
    this.#storage = storage;
    this.#owner = owner;
    this.#crypto = new RoomCrypto({ keys, messages, roomNonce: rules.nonce, me, randomBytes, profiles });
    this.#session = new Session({ me, charter, mac, roomTtl: rules.roomTtl, generation });
    if (progress !== null) this.#session.restore(progress, Date.now());
    this.#session.room.complete(present, Date.now());
    this.#socket = new ReconnectingSocket({ base, path: "room/socket", standIn }, {
      open: () => this.#do((session, now) => session.hello({ locator, token }, now)),
      message: (value) => {
        this.#heard = Date.now();
        this.#do((session, now) => session.receive(value, now));
      },
      doubt: () => this.#do((session, now) => session.probe(PROBE_MS, now)),
      slow: () => owner.changed(),
      close: (code) => {
        this.#session.disconnected();
        const next = owner.lost(code);
        this.#flush();
        return next;
      },
    });
  }

  /** Whether the server has welcomed this connection. */
  get live() {
    return this.#session.live;
  }

  /** Whether the room's time is over, by the server's clock. */
  get isPastExpiry() {
    const { roster, clockOffset } = this.#session.room;
    return (roster.room?.expiresAt ?? Infinity) <= Date.now() + clockOffset;
  }

  /**
   * The room as a page sees it.
   * @param {Pick<import("./room-state.js").RoomState, "phase"|"ended">} lifecycle
   */
  snapshot(lifecycle) {
    const { rules, graceSeconds } = this.#seat;
    const { room } = this.#session;
    const kept = lifecycle.ended === null && !this.live && graceSeconds !== null;
    const seatUntil = kept ? this.#heard + room.clockOffset + 1000 * graceSeconds : null;
    const { retryAt, trouble, isSlow: slow } = this.#socket;
    const noStorage = this.#seat.resume?.isKept === false;
    return snapshot(room, { ...lifecycle, retryAt, trouble, slow, noStorage, seatUntil, rules });
  }

  /** One's own words that the server may not have. */
  unsent() {
    return this.#session.room.outbox.unsent();
  }

  /** The secret of this seat, in hexadecimal; null once it is forgotten. */
  get seatSecret() {
    const { secret } = this.#seat;
    return secret && hex(secret);
  }

  start() {
    this.#socket.start();
    this.#flush();
  }

  /** What late parts of the client go on with. */
  get inner() {
    /** @type {import("./attachment-sending.js").Inner["seal"]} */
    const seal = (...of) => this.#seal(...of);
    return { outbox: this.#session.room.outbox, crypto: this.#crypto, draw: () => this.draw(), seal, changed: () => this.#flush() };
  }

  draw() {
    return this.#crypto.draw(this.#session.room.outbox.nextDraw());
  }

  /**
   * Sends a message: it waits in memory until the server has it.
   * @param {import("../protocol/envelope.js").TextContent} content
   * @returns {string} its id
   */
  post(content) {
    const { text, quote } = content;
    const counter = this.#session.room.outbox.nextCounter();
    const { id, viewing } = this.draw();
    this.#do((session, now) => session.write({ id, text, quote, counter }, now));
    void this.#seal(id, viewing, counter, content);
    return id;
  }

  /**
   * Asks for a card.
   * @param {string} id
   * @returns {Promise<void>} once it is open
   * @throws {Refusal} why it isn't
   */
  async open(id) {
    if (this.#session.room.cards.get(id)?.state === "open") return;
    if (!this.#session.open(id, Date.now())) throw new Refusal("message_unknown");
    const deferred = this.#opening.get(id) ?? defer();
    this.#opening.set(id, deferred);
    this.#flush();
    await deferred.promise;
  }

  /** The card has been painted in a visible document: acknowledges it. @param {string} id */
  shown(id) {
    this.#do((session, now) => session.shown(id, now));
  }

  /** Gives an open card back unread. @param {string} id */
  release(id) {
    this.#do((session, now) => session.release(id, now));
  }

  /** Drops the text of a card that was shown, or of a message of one's own. @param {string} id */
  discard(id) {
    this.#do((session, now) => session.discard(id, now));
  }

  /**
   * Takes a message of one's own back.
   * @param {string} id
   * @returns {Promise<{opened: number}>} once the server has destroyed it: how often it had been opened
   * @throws {Refusal} the server's, or `unreachable`: nothing was asked for
   */
  async withdraw(id) {
    if (this.#session.room.outbox.get(id) === undefined) throw new Refusal("message_unknown");
    if (!this.#session.withdraw(id, Date.now())) throw new Refusal("unreachable");
    /** @type {Deferred<{opened: number}>} */
    const deferred = this.#withdrawing.get(id) ?? defer();
    this.#withdrawing.set(id, deferred);
    this.#flush();
    return deferred.promise;
  }

  /** @param {boolean} typing */
  setTyping(typing) {
    this.#do((session, now) => session.type(typing, now));
  }

  /** @param {boolean} enabled  whether others may see that one types */
  setTypingEnabled(enabled) {
    this.#do((session, now) => session.enableTyping(enabled, now));
  }

  /**
   * @param {boolean} locked
   * @returns {Promise<void>} once the server has done it
   * @throws {Refusal} the server's, or `unreachable`
   */
  async lock(locked) {
    const ref = this.#session.request("lock", { locked });
    if (ref === null) throw new Refusal("unreachable");
    const deferred = defer();
    this.#asking.set(ref, deferred);
    this.#flush();
    await deferred.promise;
  }

  /**
   * Drops connection, texts and keys; whoever waits for something is told that it is over.
   * @param {{keepSeat: boolean, unloading?: boolean}} options  whether a reload may still come back;
   *   whether the page goes
   */
  forget({ keepSeat, unloading }) {
    this.#gone = true;
    if (!keepSeat) Resume.clear(this.#storage);
    else if (!this.live || Date.now() - this.#heard > SURE_MS) lostBefore(this.#storage);
    clearTimeout(this.#timer);
    this.#socket.stop({ unloading });
    this.#session.end();
    this.#crypto.forget();
    const resume = keepSeat ? this.#seat.resume : null;
    this.#seat.secret?.fill(0);
    this.#seat = { ...this.#seat, secret: null, keys: null, messages: null, progress: null, present: {}, resume };
    for (const calls of [this.#opening, this.#asking, this.#withdrawing]) {
      const waiting = [...calls.values()];
      calls.clear();
      for (const deferred of waiting) deferred.reject(new Refusal("ended"));
    }
  }

  /**
   * Calls the session, then carries out what it says.
   * @template T
   * @param {(session: Session, now: number) => T} call
   * @returns {T}
   */
  #do(call) {
    const result = call(this.#session, Date.now());
    this.#flush();
    return result;
  }

  #flush() {
    if (!this.#gone) {
      for (const message of messagesOf(this.#session.takeFrames())) this.#socket.send(message);
      for (const effect of this.#session.takeEffects()) this.#carryOut(effect);
      if (this.#session.live) this.#socket.resetBackoff();
      this.#schedule();
    }
    this.#settleOpened();
    this.#owner.changed();
  }

  /** Answers the calls that wait for cards whose opening has come to an end. */
  #settleOpened() {
    for (const [id, deferred] of this.#opening) {
      const card = this.#session.room.cards.get(id);
      if (card?.state === "opening") continue;
      this.#opening.delete(id);
      const { error = null, fate: state = null } = card ?? {};
      if (card?.state === "open") deferred.resolve();
      else deferred.reject(new Refusal(error ?? "message_gone", { state }));
    }
  }

  /** @param {number} ref  @param {Refusal|null} refusal */
  #answered(ref, refusal) {
    const deferred = this.#asking.get(ref);
    this.#asking.delete(ref);
    if (refusal === null) deferred?.resolve();
    else deferred?.reject(refusal);
  }

  /** @param {Extract<Effect, {type: "withdrawn"}>} effect */
  #withdrawn({ id, opened, refusal }) {
    const deferred = this.#withdrawing.get(id);
    this.#withdrawing.delete(id);
    if (refusal === null) deferred?.resolve({ opened: opened ?? 0 });
    else deferred?.reject(refusal);
  }

  /** @param {Effect} effect */
  #carryOut(effect) {
    if (effect.type === "decrypt") void this.#decrypt(effect);
    else if (effect.type === "profile") void this.#name(effect);
    else if (effect.type === "check") void this.#check(effect);
    else if (effect.type === "save") void this.#save();
    else if (effect.type === "reconnect") this.#socket.restart();
    else if (effect.type === "answer") this.#answered(effect.ref, effect.refusal);
    else if (effect.type === "withdrawn") this.#withdrawn(effect);
    else this.#owner.ended(effect.reason, effect.leave, effect.by);
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.#gone) return;
    const wait = Math.min(this.#session.nextTick() - Date.now(), LONGEST_TICK_MS);
    const tick = () => this.#do((session, now) => session.tick(now));
    this.#timer = setTimeout(tick, Math.max(wait, SHORTEST_TICK_MS));
  }

  /**
   * Seals a message, keeps what its receipt will be checked by, and lets it go.
   * @param {string} id
   * @param {Uint8Array} viewing
   * @param {number} counter
   * @param {import("../protocol/envelope.js").Content} content
   */
  async #seal(id, viewing, counter, content) {
    try {
      const { hash, envelope } = await this.#crypto.message(id, { viewing, counter, content });
      this.#session.room.outbox.hashed(id, hash);
      await this.#save();
      this.#do((session, now) => session.sealed(id, envelope, now));
    } catch (error) {
      this.#do(({ room }) => room.outbox.failed(id, codeOf(error)));
    }
  }

  /** @param {Extract<Effect, {type: "decrypt"}>} effect */
  async #decrypt({ id, author, envelope }) {
    try {
      const message = await this.#crypto.open(id, author, envelope);
      this.#do((session, now) => session.decrypted(id, message, now));
    } catch (error) {
      this.#do((session, now) => session.unreadable(id, codeOf(error), now));
    }
  }

  /** @param {Extract<Effect, {type: "profile"}>} effect */
  async #name({ member, envelope }) {
    const profile = await this.#crypto.profile(member, envelope);
    if (profile !== null) this.#do(({ room }) => room.roster.named(member, profile));
  }

  /** @param {Extract<Effect, {type: "check"}>} effect */
  async #check({ id, viewing, hash }) {
    const genuine = await this.#crypto.isHashOf(hash, viewing);
    this.#do((session) => session.checked(id, genuine));
  }

  /** Keeps what a reload needs: one write at a time, and one for all changes that wait for it. */
  #save() {
    const { resume } = this.#seat;
    if (resume === null || this.#gone) return Promise.resolve();
    this.#nextSave ??= this.#saving.then(async () => {
      this.#nextSave = null;
      if (this.#gone) return;
      await resume.save(this.#session.save());
      // The room may have ended while this was being sealed.
      if (this.#gone && this.#seat.resume === null) Resume.clear(this.#storage);
    });
    this.#saving = this.#nextSave;
    return this.#saving;
  }
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Refusal ? error.code : "internal");

/**
 * @template [T=void]
 * @returns {Deferred<T>}
 */
function defer() {
  /** @type {any} */
  const deferred = {};
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
}
