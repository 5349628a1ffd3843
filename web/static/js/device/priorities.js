/**
 * Work in the order of its urgency: whoever sends waits for nobody who reads on in what was said last month. What
 * has begun is not stopped, so each piece of work is to be short.
 */

/** The most urgent first: `open` is for the conversation that somebody looks at. */
export const PRIORITIES = Object.freeze(/** @type {const} */ (["send", "open", "other", "history"]));

/** @typedef {typeof PRIORITIES[number]} Priority */

export class Priorities {
  #most;
  #running = 0;
  /** By priority: what waits, the oldest first. @type {(() => Promise<void>)[][]} */
  #waiting = PRIORITIES.map(() => []);

  /** @param {number} most  that are under way at once */
  constructor(most) {
    this.#most = most;
  }

  /**
   * @template T
   * @param {Priority} priority
   * @param {() => Promise<T>} work
   * @returns {Promise<T>} as `work` ends
   */
  run(priority, work) {
    return new Promise((resolve, reject) => {
      this.#waiting[PRIORITIES.indexOf(priority)].push(() => work().then(resolve, reject));
      this.#next();
    });
  }

  #next() {
    while (this.#running < this.#most) {
      const next = this.#waiting.find(({ length }) => length > 0)?.shift();
      if (next === undefined) return;
      this.#running += 1;
      next().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }
}
