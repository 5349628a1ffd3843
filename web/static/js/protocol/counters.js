/** What a reader remembers of each author's counters, so that a gap is seen (docs/protocol.md, 8.12). */

import { forgetStrangers } from "./strangers.js";

/**
 * @typedef {{author: string, sequence: number, counter: number|null}} Numbered  a message of which
 *   the counter is known once it has been decrypted
 * @typedef {Map<string, {sequence: number, counter: number}>} LastRead  by author
 */

export class Counters {
  /** @type {LastRead} */
  #read = new Map();

  /**
   * An author whose joining was seen begins at 1. Of one who was there first, what came before the
   * first message seen belonged to others.
   * @param {string} author
   */
  startsNow(author) {
    if (!this.#read.has(author)) this.#read.set(author, { sequence: 0, counter: 0 });
  }

  /**
   * A message will be forgotten. If nobody here read it, it still was one of its author's.
   * @param {Numbered} message  older than those that are not forgotten
   */
  forget({ author, sequence, counter }) {
    const last = this.#read.get(author);
    const guess = last === undefined || last.sequence >= sequence ? null : last.counter + 1;
    remember(this.#read, { author, sequence, counter: counter ?? guess });
  }

  /** @param {Set<string>} known  members, and authors of what is kept */
  forgetStrangers(known) {
    forgetStrangers(this.#read, known);
  }

  /**
   * @param {Numbered[]} messages  that are not forgotten
   * @returns {[string, number, number][]} author, sequence and counter of the last read of each
   */
  save(messages) {
    const read = new Map(this.#read);
    for (const message of messages) remember(read, message);
    return [...read].map(([author, last]) => [author, last.sequence, last.counter]);
  }

  /** @param {[string, number, number][]} saved */
  restore(saved) {
    for (const [author, sequence, counter] of saved) this.#read.set(author, { sequence, counter });
  }

  /**
   * How many messages of the same author are missing right before each: counters skipped since the
   * last one read, less the messages between whose counters nobody here knows.
   * @template {Numbered} T
   * @param {T[]} messages  in order of sequence
   * @returns {Map<T, number>}
   */
  gaps(messages) {
    const read = new Map(this.#read);
    /** @type {Map<T, number>} */
    const gaps = new Map();
    /** @type {Map<string, number>} */
    const unopened = new Map();
    for (const message of messages) {
      const { author, counter, sequence } = message;
      const last = read.get(author);
      if (last !== undefined && sequence <= last.sequence) continue;
      const between = unopened.get(author) ?? 0;
      if (counter === null) {
        unopened.set(author, between + 1);
        continue;
      }
      if (last !== undefined) {
        // Sent again after a refusal, a message can come behind a later one.
        const late = messages.filter(
          (one) => one.author === author && one.sequence > sequence && one.counter !== null &&
            one.counter > last.counter && one.counter < counter,
        ).length;
        gaps.set(message, Math.max(0, counter - last.counter - 1 - late - between));
      }
      unopened.delete(author);
      remember(read, message);
    }
    return gaps;
  }
}

/**
 * @param {LastRead} read
 * @param {Numbered} message
 */
function remember(read, { author, sequence, counter }) {
  const last = read.get(author);
  if (counter !== null && (last === undefined || sequence > last.sequence)) {
    read.set(author, { sequence, counter });
  }
}
