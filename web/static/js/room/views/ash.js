/** Which messages are gone as they should be, and still told by the line of ash; afterwards nothing tells of them. */

/** How long after the last of them the line stays. */
const STAYS_MS = 60_000;

export class Ash {
  /** @type {Set<string>} */
  #lies = new Set();
  /** @type {Set<string>} */
  #blown = new Set();
  /** When the line fades, by this device's clock. */
  until = 0;

  /**
   * Whether the line tells of this message, which is gone.
   * @param {string} key  @param {number} now
   */
  holds(key, now) {
    if (this.#blown.has(key)) return false;
    if (!this.#lies.has(key)) {
      this.#lies.add(key);
      this.until = now + STAYS_MS;
    }
    return true;
  }

  /** The line has faded. */
  blow() {
    for (const key of this.#lies) this.#blown.add(key);
    this.#lies.clear();
  }
}
