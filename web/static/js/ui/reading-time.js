/**
 * How long a text can be read once it is open: by its length, by what its author wishes, and by what its
 * reader asks for meanwhile. No server learns of the last.
 */

/** Seconds that a message stays when its author had no wish. */
export const DEFAULT_SECONDS = 30;
/** The longest that a text stays by itself. */
export const LONGEST_SECONDS = 600;
/** What the reader can have more, again and again. */
export const MORE_SECONDS = 30;
/** So long before the end it is offered. */
export const OFFER_SECONDS = 20;
/** How long the reader can stop the clock, in all. */
export const HOLD_SECONDS = 600;

/** To turn to a text, and then to read it, slowly. */
const FIRST_SECONDS = 5;
const POINTS_A_SECOND = 12;

/** What a message is made of beside its words, in bytes, nearly. */
const AROUND_BYTES = 100;
/** More than most scripts need. */
const BYTES_A_POINT = 2;

/** @param {number} points  Unicode code points  @returns {number} the seconds that it takes to read so much */
const neededSeconds = (points) =>
  Math.min(LONGEST_SECONDS, Math.ceil(FIRST_SECONDS + points / POINTS_A_SECOND));

/** @param {string} text  how many Unicode code points it has */
export function pointsOf(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * How long a text stays by itself, and at most.
 * @param {number} points  its Unicode code points
 * @param {number|null} view  the seconds that its author wishes; 0: until closed; null: no wish
 * @param {number|null} [limit]  the seconds that its author sets as a limit
 * @returns {{seconds: number, most: number}} Infinity: until closed, and without a limit
 */
export function readingSeconds(points, view, limit = null) {
  const needed = neededSeconds(points);
  // No limit leaves less than the time that it takes to read.
  const most = limit === null ? Infinity : Math.max(limit, needed);
  if (view === 0) return { seconds: most, most };
  const wished = Math.max(view ?? DEFAULT_SECONDS, needed);
  return { seconds: Math.min(wished, LONGEST_SECONDS, most), most };
}

/**
 * What can be said before a message is opened, when only its size is known: how long such a message can be
 * read at least, unless its author had a wish.
 * @param {number} bytes  of its envelope: the smallest of some sizes that it fits into
 */
export function usualSeconds(bytes) {
  const needed = neededSeconds(Math.max(0, bytes / 2 - AROUND_BYTES) / BYTES_A_POINT);
  return Math.max(DEFAULT_SECONDS, needed - (needed % 10));
}

/**
 * A clock that runs out, by the wall clock: a monotonic one stands still while a device sleeps. One that is set
 * back takes all that this clock knows with it. Times are milliseconds.
 */
export class ReadingClock {
  #end;
  #limit;
  /** When it was looked at last. */
  #seen;
  /** Since when it stands still. @type {number|null} */
  #heldAt = null;
  #holdLeft = HOLD_SECONDS * 1000;

  /**
   * @param {number} now
   * @param {number} seconds  Infinity: it doesn't run out
   * @param {number} [most]  after which it has run out whatever the reader wishes
   */
  constructor(now, seconds, most = Infinity) {
    this.#end = now + seconds * 1000;
    this.#limit = now + most * 1000;
    this.#seen = now;
  }

  /** What is left. @param {number} now */
  left(now) {
    this.#settle(now);
    return this.#end - (this.#heldAt ?? now);
  }

  /** Whether the reader has stopped it. @param {number} now */
  isHeld(now) {
    this.#settle(now);
    return this.#heldAt !== null;
  }

  /** @param {number} now */
  mayHold(now) {
    return !this.isHeld(now) && this.#longestHold() > 0;
  }

  /** @param {number} now */
  mayExtend(now) {
    this.#settle(now);
    return Number.isFinite(this.#end) && this.#end + this.#standing(now) < this.#limit;
  }

  /** @param {number} now */
  extend(now) {
    if (!this.mayExtend(now)) return;
    const held = this.#heldAt !== null;
    this.go(now);
    this.#end = Math.min(this.#end + MORE_SECONDS * 1000, this.#limit);
    if (held) this.hold(now);
  }

  /** Stops it, for as long as may be. @param {number} now */
  hold(now) {
    if (this.mayHold(now)) this.#heldAt = now;
  }

  /** Lets it run on. @param {number} now */
  go(now) {
    this.#settle(now);
    const stood = this.#standing(now);
    this.#heldAt = null;
    this.#end += stood;
    this.#holdLeft -= stood;
  }

  #longestHold() {
    return Number.isFinite(this.#end) ? Math.min(this.#holdLeft, this.#limit - this.#end) : 0;
  }

  /** @param {number} now  how long it has stood still by now */
  #standing(now) {
    return this.#heldAt === null ? 0 : Math.max(0, now - this.#heldAt);
  }

  /** Follows a wall clock that was set back, and runs on by itself after standing still for as long as may be. @param {number} now */
  #settle(now) {
    const back = Math.max(0, this.#seen - now);
    this.#seen = now;
    this.#end -= back;
    this.#limit -= back;
    if (this.#heldAt !== null) this.#heldAt -= back;
    const longest = this.#longestHold();
    if (this.#heldAt === null || this.#standing(now) < longest) return;
    this.#heldAt = null;
    this.#end += longest;
    this.#holdLeft -= longest;
  }
}
