/** Which counters of each author were read here, so that one that comes again is told (8.12). */

import { forgetStrangers } from "./strangers.js";

/** An author may skip as it likes; what is remembered of it stays small. */
const RANGES = 64;

/** @typedef {{highest: number, missing: [number, number][]}} Read  `missing`: what may still come */

export class Seen {
  /** @type {Map<string, Read>} */
  #authors = new Map();

  /**
   * @param {string} author
   * @param {number} counter
   */
  has(author, counter) {
    const read = this.#authors.get(author);
    if (read === undefined || counter > read.highest) return false;
    return !read.missing.some(([first, last]) => first <= counter && counter <= last);
  }

  /**
   * A message with this counter was read. Of those before the first nobody here knows.
   * @param {string} author
   * @param {number} counter
   */
  add(author, counter) {
    const read = this.#authors.get(author) ?? { highest: 0, missing: [] };
    if (counter > read.highest) {
      read.missing.push([read.highest + 1, counter - 1]);
      read.highest = counter;
    }
    const left = read.missing.flatMap(([first, last]) =>
      first <= counter && counter <= last ? [[first, counter - 1], [counter + 1, last]] : [[first, last]]);
    read.missing = /** @type {[number, number][]} */ (left.filter(([first, last]) => first <= last)).slice(-RANGES);
    this.#authors.set(author, read);
  }

  /** @param {Set<string>} known  members, and authors of what is kept */
  forgetStrangers(known) {
    forgetStrangers(this.#authors, known);
  }
}
