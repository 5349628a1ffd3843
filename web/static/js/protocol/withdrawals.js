/**
 * Messages of one's own that are being taken back (docs/protocol.md, 8.13): asked for until an answer
 * comes, over as many connections as it takes.
 */

import { retryAt } from "./errors.js";

export class Withdrawals {
  /** @type {Map<string, {asked: boolean, notBefore: number}>} */
  #wanted = new Map();

  /** @param {string} id */
  add(id) {
    if (!this.#wanted.has(id)) this.#wanted.set(id, { asked: false, notBefore: 0 });
  }

  /** What is to be asked for now; it counts as asked from here on. @param {number} now */
  take(now) {
    const ready = [...this.#wanted].filter(([, { asked, notBefore }]) => !asked && notBefore <= now);
    for (const [, want] of ready) want.asked = true;
    return ready.map(([id]) => id);
  }

  disconnected() {
    for (const want of this.#wanted.values()) Object.assign(want, { asked: false, notBefore: 0 });
  }

  /** It is taken back. @param {string} id */
  done(id) {
    this.#wanted.delete(id);
  }

  /**
   * @param {string} id
   * @param {import("./errors.js").Refusal} refusal
   * @param {number} now
   * @returns {boolean} whether that is the last word
   */
  refused(id, refusal, now) {
    const again = retryAt(refusal, now);
    const want = this.#wanted.get(id);
    if (again === null || want === undefined) return this.#wanted.delete(id);
    Object.assign(want, { asked: false, notBefore: again });
    return false;
  }

  clear() {
    this.#wanted.clear();
  }

  /** When one is to be asked for again, or Infinity. */
  nextDeadline() {
    const later = [...this.#wanted.values()].filter(({ asked, notBefore }) => !asked && notBefore > 0);
    return Math.min(Infinity, ...later.map(({ notBefore }) => notBefore));
  }
}
