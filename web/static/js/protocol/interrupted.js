/**
 * Cards that were open when the page was reloaded, so that what is gone by that leaves a trace. Of one
 * that waits still, or again, there is nothing to say.
 */

/** Of so many a reload says that they are gone. */
const KEPT = 50;

export class Interrupted {
  /** Message ids, and their authors. @type {Map<string, string>} */
  #cards = new Map();
  /** Whether it is known what still waits. */
  #complete = false;

  /** The complete list of what waits has come. */
  complete() {
    this.#complete = true;
  }

  /** It may be opened here. @param {string} id */
  waits(id) {
    this.#cards.delete(id);
  }

  /** @param {import("./card.js").Card[]} cards  @returns {[string, string][]} ids and authors */
  save(cards) {
    const all = new Map(this.#cards);
    for (const { id, author, state } of cards) if (state === "open") all.set(id, author);
    return [...all].slice(-KEPT);
  }

  /** @param {[string, string][]} saved */
  restore(saved) {
    this.#cards = new Map(saved);
  }

  views() {
    return this.#complete ? [...this.#cards].map(([id, author]) => ({ id, author })) : [];
  }

  clear() {
    this.#cards.clear();
  }
}
