/**
 * Several people at one film, none of whom leads: what it is to do is the newest wish of anybody, and each player comes
 * to stand where the film should stand by now. Nothing here has a clock, a network or an element.
 */

import { isNewer } from "../protocol/conversations/together.js";

/**
 * @typedef {import("../protocol/conversations/together.js").Said} Said
 *
 * What the film is to do; devices and sessions by texts that can be compared. At `at`, by the server's clock, it stood at
 * `position`; both in milliseconds.
 * @typedef {{session: string, n: number, by: string, isPlaying: boolean, isHeld: boolean, isWaiting: boolean,
 *   position: number, at: number, rate: number}} Wish
 *
 * @typedef {Wish & {isStalled: boolean, isLeaving: boolean, sent: number}} Heard
 */

/** Who wasn't heard for so long isn't there any more; and so long after it was said a word still counts. */
export const GONE_MS = 10_000;
const FRESH_MS = 15_000;
/** Nobody sees less, and more isn't caught up by playing faster. */
const NEAR_MS = 50;
const FAR_MS = 1000;
const FASTER = 0.05;
/** So far off all of that is used. */
const FULL_MS = 250;
/** For a wish one jumps once in so long, and then it is left alone; for all those of others together so often. */
const JUMP_MS = 5000;
const JUMPS = 3;
const LAST = 2 ** 32 - 1;

export class Together {
  /** @type {Wish|null} */
  wish = null;
  /** Whether one watches oneself, and not only hears of it. */
  isIn = false;
  #me;
  #draw;
  /** When each of the others was heard last, and whether it has nothing to go on with. @type {Map<string, {at: number, isStalled: boolean}>} */
  #others = new Map();
  #isStalled = false;
  #jumped = Number.NEGATIVE_INFINITY;
  /** The wish that one has jumped for. */
  #jumpedFor = "";
  /** When one has jumped for others. @type {number[]} */
  #jumps = [];
  /** The last wish of one's own: whoever looks for a place isn't held up. */
  #wanted = "";

  /** @param {string} me  own device  @param {() => string} draw  a session */
  constructor(me, draw) {
    this.#me = me;
    this.#draw = draw;
  }

  /** Devices of the others who watch. */
  get others() {
    return [...this.#others.keys()];
  }

  /** Whom it stands still for; null: nobody. @returns {string|null} */
  get waitsFor() {
    return this.wish?.isHeld ? this.wish.by : null;
  }

  /**
   * One watches from now on: what is going on already, or what one begins.
   * @param {{isPlaying: boolean, position: number}} own  how it stands here
   * @param {number} now
   */
  join({ isPlaying, position }, now) {
    this.isIn = true;
    this.#isStalled = false;
    if (this.wish !== null && this.#others.size > 0) return;
    this.wish = { session: this.#draw(), n: 1, by: this.#me, isPlaying, isHeld: false, isWaiting: true, position, at: now, rate: 1000 };
  }

  leave() {
    this.isIn = false;
  }

  /**
   * Wants it otherwise.
   * @param {Partial<Pick<Wish, "isPlaying"|"isHeld"|"isWaiting"|"position"|"rate">>} change
   * @param {number} now
   */
  want(change, now) {
    const { wish } = this;
    if (wish === null) return;
    const position = this.expected(now);
    const next = wish.n === LAST ? { session: this.#draw(), n: 1 } : { n: wish.n + 1 };
    // What anybody asks for ends the waiting, unless it is another one.
    this.wish = { ...wish, isHeld: false, position, ...change, ...next, by: this.#me, at: now };
    this.#wanted = nameOf(this.wish);
  }

  /**
   * @param {string} device  that says it
   * @param {Heard} heard
   * @param {number} now
   */
  hear(device, heard, now) {
    this.forget(now);
    if (device === this.#me || Math.abs(now - heard.sent) > FRESH_MS) return;
    if (heard.isLeaving) return void this.#others.delete(device);
    const { isStalled, isLeaving: _, sent: __, ...wish } = heard;
    const isLeft = !this.isIn && this.#others.size === 0;
    if (!isNewer(wish, isLeft && wish.session !== this.wish?.session ? null : this.wish)) {
      if (wish.session === this.wish?.session) this.#others.set(device, { at: now, isStalled });
      return;
    }
    this.wish = wish;
    this.#others.set(device, { at: now, isStalled });
  }

  /** Who hasn't been heard for too long isn't waited for. @param {number} now */
  forget(now) {
    for (const [device, { at }] of this.#others) if (now - at > GONE_MS) this.#others.delete(device);
    if (!this.isIn && this.#others.size === 0) this.wish = null;
  }

  /** Where it should stand. @param {number} now  @returns {number} */
  expected(now) {
    const { wish } = this;
    if (wish === null) return 0;
    return Math.round(Math.max(0, wish.position + (wish.isPlaying ? (Math.max(0, now - wish.at) * wish.rate) / 1000 : 0)));
  }

  /**
   * One has nothing to go on with here, or has again; others wait for it, if that is wanted.
   * @param {boolean} isStalled
   * @param {number} position  here
   * @param {number} now
   * @returns {boolean} whether that has to be said
   */
  stalls(isStalled, position, now) {
    const was = this.#isStalled;
    this.#isStalled = isStalled;
    const { wish } = this;
    if (wish === null || !this.isIn) return false;
    if (isStalled && wish.isPlaying && wish.isWaiting && this.#others.size > 0) this.want({ isPlaying: false, isHeld: true, position }, now);
    else if (wish.isHeld && !isStalled && (wish.by === this.#me || !this.#others.has(wish.by))) this.want({ isPlaying: true }, now);
    else return was !== isStalled;
    return true;
  }

  /** What is said to the others. @param {number} now  @returns {Heard|null} */
  said(now, isLeaving = false) {
    return this.wish === null ? null : { ...this.wish, isStalled: this.#isStalled, isLeaving, sent: now };
  }

  /**
   * What a player does to come where it should stand.
   * @param {number} position  where it stands
   * @param {number} now
   * @returns {{rate: number, seek: number|null}} rate: 1 as it was made; seek: in milliseconds, or null
   */
  correct(position, now) {
    const { wish } = this;
    if (wish === null) return { rate: 1, seek: null };
    const expected = this.expected(now);
    const off = expected - position;
    const base = wish.rate / 1000;
    const far = wish.isPlaying || wish.isHeld ? FAR_MS : NEAR_MS;
    if (Math.abs(off) > far && this.#mayJump(now)) return { rate: base, seek: expected };
    if (!wish.isPlaying || Math.abs(off) < NEAR_MS) return { rate: base, seek: null };
    return { rate: base * (1 + FASTER * Math.min(1, Math.max(-1, off / FULL_MS))), seek: null };
  }

  /** A wish that came jumps at once. @param {number} now */
  #mayJump(now) {
    const wish = nameOf(/** @type {Wish} */ (this.wish));
    if (now - this.#jumped < JUMP_MS && wish === this.#jumpedFor) return false;
    if (wish !== this.#wanted) {
      this.#jumps = this.#jumps.filter((at) => now - at < JUMP_MS);
      if (this.#jumps.length >= JUMPS) return false;
      this.#jumps.push(now);
    }
    this.#jumped = now;
    this.#jumpedFor = wish;
    return true;
  }
}

/** @param {Wish} wish */
const nameOf = ({ session, n, by }) => `${session} ${n} ${by}`;
