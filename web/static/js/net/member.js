/**
 * One member at work: the session with its socket, its keys, its clock, and what a reload needs.
 * The session says what is to be done; this does it, and tells its owner of every change.
 */

import { Resume } from "../device/resume.js";
import { Refusal } from "../protocol/errors.js";
import { Session } from "../protocol/session.js";
import { Seals } from "./seals.js";
import { Socket } from "./socket.js";

/** A deadline that is long past must not make the timer spin. */
const SHORTEST_TICK_MS = 50;
const LONGEST_TICK_MS = 3_600_000;

/**
 * @typedef {import("../protocol/session.js").Effect} Effect
 * @typedef {object} Owner
 * @property {() => void} changed
 * @property {(ref: number, refusal: Refusal|null) => void} answered  a request of the session
 * @property {(code: number) => "retry"|"later"|"stop"} lost  the socket closed: what now?
 * @property {(reason: string, leave: boolean) => void} ended  by what the server said
 */

export class Member {
  #seat;
  #storage;
  #owner;
  #seals;
  #socket;
  #gone = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #saving = Promise.resolve();
  /** @type {Promise<void>|null} */
  #nextSave = null;
  session;

  /**
   * @param {string} base
   * @param {import("./entry.js").Seat} seat
   * @param {import("./entry.js").Device} device
   * @param {Owner} owner
   */
  constructor(base, seat, { randomBytes, storage }, owner) {
    const { me, charter, mac, rules, keys, progress, present, locator, token } = seat;
    this.#seat = seat;
    this.#storage = storage;
    this.#owner = owner;
    this.#seals = new Seals(keys, rules.nonce, me, randomBytes);
    this.session = new Session({ me, charter, mac, roomTtl: rules.roomTtl });
    if (progress !== null) this.session.restore(progress, Date.now());
    this.session.room.complete(present, Date.now());
    this.#socket = new Socket(base, {
      open: () => this.do((session, now) => session.hello({ locator, token }, now)),
      message: (value) => this.do((session, now) => session.receive(value, now)),
      close: (code) => {
        this.session.disconnected();
        const next = owner.lost(code);
        this.#flush();
        return next;
      },
    });
  }

  get retryAt() {
    return this.#socket.retryAt;
  }

  start() {
    this.#socket.start();
    this.#flush();
  }

  /**
   * Calls the session, then carries out what it says.
   * @template T
   * @param {(session: Session, now: number) => T} call
   * @returns {T}
   */
  do(call) {
    const result = call(this.session, Date.now());
    this.#flush();
    return result;
  }

  /**
   * Seals a message, keeps what its receipt will be checked by, and lets it go.
   * @param {string} id
   * @param {number} counter
   * @param {import("../protocol/envelope.js").Content} content
   */
  async post(id, counter, content) {
    try {
      const { hash, envelope } = await this.#seals.message(id, counter, content);
      this.session.room.outbox.hashed(id, hash);
      await this.#save();
      this.do((session, now) => session.sealed(id, envelope, now));
    } catch (error) {
      this.do(({ room }) => room.outbox.failed(id, codeOf(error)));
    }
  }

  /**
   * Drops connection, texts and keys.
   * @param {{keepSeat: boolean}} options  whether a reload may still come back
   */
  forget({ keepSeat }) {
    this.#gone = true;
    if (!keepSeat) Resume.clear(this.#storage);
    clearTimeout(this.#timer);
    this.#socket.stop();
    this.session.end();
    this.#seals.forget();
    const resume = keepSeat ? this.#seat.resume : null;
    this.#seat = { ...this.#seat, keys: null, progress: null, present: {}, resume };
  }

  #flush() {
    if (!this.#gone) {
      for (const frame of this.session.takeFrames()) this.#socket.send(frame);
      for (const effect of this.session.takeEffects()) this.#carryOut(effect);
      if (this.session.live) this.#socket.works();
      this.#schedule();
    }
    this.#owner.changed();
  }

  /** @param {Effect} effect */
  #carryOut(effect) {
    if (effect.type === "decrypt") void this.#decrypt(effect);
    else if (effect.type === "profile") void this.#name(effect);
    else if (effect.type === "check") void this.#check(effect);
    else if (effect.type === "save") void this.#save();
    else if (effect.type === "reconnect") this.#socket.restart();
    else if (effect.type === "answer") this.#owner.answered(effect.ref, effect.refusal);
    else this.#owner.ended(effect.reason, effect.leave);
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.#gone) return;
    const wait = Math.min(this.session.nextTick() - Date.now(), LONGEST_TICK_MS);
    const tick = () => this.do((session, now) => session.tick(now));
    this.#timer = setTimeout(tick, Math.max(wait, SHORTEST_TICK_MS));
  }

  /** @param {Extract<Effect, {type: "decrypt"}>} effect */
  async #decrypt({ id, author, envelope }) {
    try {
      const message = await this.#seals.open(id, author, envelope);
      this.do((session, now) => session.decrypted(id, message, now));
    } catch (error) {
      this.do((session, now) => session.unreadable(id, codeOf(error), now));
    }
  }

  /** @param {Extract<Effect, {type: "profile"}>} effect */
  async #name({ member, envelope }) {
    const profile = await this.#seals.profile(member, envelope);
    if (profile !== null) this.do(({ room }) => room.roster.named(member, profile));
  }

  /** @param {Extract<Effect, {type: "check"}>} effect */
  async #check({ id, viewing, hash }) {
    const genuine = await this.#seals.isHashOf(hash, viewing);
    this.do((session) => session.checked(id, genuine));
  }

  /** Keeps what a reload needs: one write at a time, and one for all changes that wait for it. */
  #save() {
    const { resume } = this.#seat;
    if (resume === null || this.#gone) return Promise.resolve();
    this.#nextSave ??= this.#saving.then(async () => {
      this.#nextSave = null;
      if (this.#gone) return;
      await resume.save(this.session.save());
      // The room may have ended while this was being sealed.
      if (this.#gone && this.#seat.resume === null) Resume.clear(this.#storage);
    });
    this.#saving = this.#nextSave;
    return this.#saving;
  }
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Refusal ? error.code : "internal");
