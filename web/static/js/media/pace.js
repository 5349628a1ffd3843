/** How many objects go at once, and how fast it is: both are found out while it goes. */

export const LANES_MOST = 6;
/** So many are made ready while others are sent. */
const AHEAD = 2;
/** Of each object there are some copies while it is sealed and sent: so many bytes of them may be under way. */
const BYTES_MOST = 16_777_216;
const LANES_FIRST = 3;
/** By so much it must be faster or slower before that is told from chance. */
const BETTER = 1.1;
const WORSE = 0.9;
/** What was long ago says little of what is now. */
const WINDOW_MS = 10_000;
/** From less than this nobody can say how long it will take. */
const KNOWN_MS = 2000;

/** One more while that makes it faster, half as many where something failed. */
export class Lanes {
  width = LANES_FIRST;
  /** Bytes and milliseconds since the width was last thought about. */
  #bytes = 0;
  #began = 0;
  #count = 0;
  #before = 0;

  #most;

  /** How many may be at hand: those that go, and some that were made ready meanwhile. */
  get held() {
    return Math.min(this.width + AHEAD, this.#most + 1, LANES_MOST);
  }

  /** @param {number} now  milliseconds  @param {number} largest  bytes of the largest object */
  constructor(now, largest) {
    this.#began = now;
    this.#most = Math.min(Math.max(Math.floor(BYTES_MOST / largest), 1), LANES_MOST);
    this.width = Math.min(LANES_FIRST, this.#most);
  }

  /** An object has come there. @param {number} bytes  @param {number} now */
  done(bytes, now) {
    this.#bytes += bytes;
    this.#count += 1;
    if (this.#count < 2 * this.width) return;
    const rate = this.#bytes / Math.max(now - this.#began, 1);
    // What failed is tried with few; where nothing does, few are never faster.
    if (this.width < LANES_FIRST || rate >= BETTER * this.#before) this.width = Math.min(this.width + 1, this.#most);
    else if (rate < WORSE * this.#before) this.width = Math.max(this.width - 1, Math.min(LANES_FIRST, this.#most));
    this.#anew(rate, now);
  }

  /** One could not be sent. @param {number} now */
  failed(now) {
    this.width = Math.max(Math.floor(this.width / 2), 1);
    this.#anew(0, now);
  }

  /** @param {number} rate  @param {number} now */
  #anew(rate, now) {
    this.#before = rate;
    this.#bytes = 0;
    this.#count = 0;
    this.#began = now;
  }
}

/** Bytes a second over the last ten, of a sum that grows. */
export class Rate {
  /** @type {{at: number, bytes: number}[]} */
  #seen = [];

  /** @param {number} bytes  all so far; less than before where something has to go again  @param {number} at */
  tell(bytes, at) {
    this.#seen.push({ at, bytes });
    while (this.#seen.length > 2 && at - this.#seen[1].at > WINDOW_MS) this.#seen.shift();
  }

  /** Bytes a second; null: nobody knows yet. */
  get current() {
    const [first, last] = [this.#seen[0], this.#seen[this.#seen.length - 1]];
    if (first === undefined || last.at - first.at < KNOWN_MS) return null;
    return Math.max((1000 * (last.bytes - first.bytes)) / (last.at - first.at), 0);
  }

  /** How long it will take, in seconds; null: nobody knows. @param {number} bytes  that are left */
  left(bytes) {
    const rate = this.current;
    return rate === null || rate === 0 ? null : Math.ceil(bytes / rate);
  }
}
