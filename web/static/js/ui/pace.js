/** How soon the next news may be told: one is told at once, a flood of them less and less often, each time all of it. */

const SOON_MS = 150;
const FIRST_GAP_MS = 2_000;
const LONGEST_GAP_MS = 30_000;

/** Times are milliseconds. */
export class Pace {
  #told = -Infinity;
  #gap = 0;

  /**
   * How long what has just happened waits until it is told.
   * @param {number} now
   */
  wait(now) {
    return Math.max(SOON_MS, this.#told + this.#gap - now);
  }

  /**
   * It is told now. Whoever says something soon after that has to wait longer the next time.
   * @param {number} now
   */
  tell(now) {
    const calm = now - this.#told > 2 * Math.max(this.#gap, FIRST_GAP_MS);
    this.#gap = calm ? FIRST_GAP_MS : Math.min(2 * this.#gap, LONGEST_GAP_MS);
    this.#told = now;
  }
}
