/**
 * The piece of a conversation that is looked at: its newest lines, and older ones as somebody goes up. However long a
 * conversation is, no more of it is read and drawn.
 */

/** @typedef {import("../store.js").Shown} Shown */

/** So many lines are read at once. */
export const PAGE = 60;

export class ChatWindow {
  #conversation;
  #isLoading = false;
  /** In the order of the log. @type {Shown[]} */
  lines = [];
  /** Whether there is nothing older on this device. */
  isWhole = false;

  /** @param {Pick<import("../conversation.js").Conversation, "lines">} conversation */
  constructor(conversation) {
    this.#conversation = conversation;
  }

  /** Reads what is new, and what has changed of the rest. */
  async refresh() {
    const limit = Math.max(PAGE, this.lines.length);
    const oldest = this.lines[0]?.place ?? 0;
    const found = await this.#conversation.lines({ limit });
    // As many as have come push as many out above; nobody who reads there loses them.
    const missing = found.length < limit || (found.at(-1)?.place ?? 0) <= oldest ? []
      : await this.#between(oldest, found.at(-1)?.place ?? 0);
    this.lines = [...found, ...missing].reverse();
    if (found.length < limit) this.isWhole = true;
  }

  /** Reads a page of what is older. @returns {Promise<boolean>} whether there was anything */
  async older() {
    if (this.#isLoading || this.isWhole) return false;
    this.#isLoading = true;
    try {
      const before = this.lines[0]?.place;
      const found = await this.#conversation.lines(before === undefined ? { limit: PAGE } : { before, limit: PAGE });
      if (found.length < PAGE) this.isWhole = true;
      // What has been read anew meanwhile may have these already.
      const first = this.lines[0]?.place ?? Infinity;
      this.lines = [...found.filter(({ place }) => place < first).reverse(), ...this.lines];
      return found.length > 0;
    } finally {
      this.#isLoading = false;
    }
  }

  /** @param {number} oldest  @param {number} before  @returns {Promise<Shown[]>} the newest first */
  async #between(oldest, before) {
    /** @type {Shown[]} */
    const all = [];
    for (let last = before; ;) {
      const found = await this.#conversation.lines({ before: last, limit: PAGE });
      all.push(...found.filter(({ place }) => place >= oldest));
      last = found.at(-1)?.place ?? 0;
      if (found.length < PAGE || last <= oldest) return all;
    }
  }
}
