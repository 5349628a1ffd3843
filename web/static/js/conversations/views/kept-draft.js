/**
 * What is written in a conversation and isn't said yet, as own devices keep it. What somebody has sent belongs to it
 * until it waits in the outbox: whoever closes the page before finds it again.
 */

export class KeptDraft {
  #draft;
  #keep;
  /** Sent, and nowhere else yet. @type {Set<{text: string}>} */
  #held = new Set();
  /** One after the other: the last one holds. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {import("./chat-composer.js").Draft} draft  what stands in the field
   * @param {(text: string) => Promise<void>} keep
   */
  constructor(draft, keep) {
    this.#draft = draft;
    this.#keep = keep;
  }

  /** Keeps all of it, as it is when its turn has come. */
  write() {
    this.#last = this.#last.then(() => this.#keep(this.#text())).catch(() => undefined);
  }

  /**
   * What was sent is written down with the rest from now on.
   * @param {string} text
   * @returns {() => void} it waits in the outbox, or stands in the field again
   */
  hold(text) {
    const held = { text };
    this.#held.add(held);
    return () => {
      if (this.#held.delete(held)) this.write();
    };
  }

  #text() {
    const { edit, text } = this.#draft;
    // A change of what was said isn't kept: it would be taken for something new.
    const field = edit === null ? text : "";
    return [...Array.from(this.#held, (held) => held.text), field].filter((one) => one !== "").join("\n");
  }
}
