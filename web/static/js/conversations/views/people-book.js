/** Everybody with whom somebody has to do, as the page shows them: read again whenever that may have changed. */

/**
 * @typedef {import("../people.js").Contact} Contact
 * @typedef {Awaited<ReturnType<import("../inviting.js").Inviting["all"]>>[number]} Invited
 */

export class PeopleBook {
  #talk;
  #changed;
  #unsubscribe;
  #isReading = false;
  #isStale = false;
  #isClosed = false;
  /** @type {import("../people.js").Listed|null} null: not read yet */
  listed = null;
  /** Why it couldn't be read the last time. @type {unknown} */
  failure = null;
  /** Own ones that may still be used. @type {Invited[]} */
  invited = [];

  /**
   * @param {Pick<import("../conversations.js").Conversations, "everybody"|"inviting"|"subscribe">} talk
   * @param {() => void} changed
   */
  constructor(talk, changed) {
    this.#talk = talk;
    this.#changed = changed;
    this.#unsubscribe = talk.subscribe((_, event) => { if (event?.type === "contact") void this.read(); });
  }

  /** How many ask, and have no answer. */
  get asking() {
    return this.listed?.asking.length ?? 0;
  }

  /** @param {{chain?: string|null, account?: string|null}} of  @returns {Contact|null} */
  find({ chain = null, account = null }) {
    const same = (/** @type {Contact} */ one) => (chain === null ? one.account === account : one.chain === chain);
    return this.listed?.contacts.find(same) ?? null;
  }

  /** Reads all of it; what couldn't be read is told by `failure`. */
  async read() {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      try {
        // Who has redeemed an invitation is a contact by that.
        await this.#talk.inviting.redeemed();
        this.listed = await this.#talk.everybody.list();
        this.invited = await this.#talk.inviting.all();
        this.failure = null;
      } catch (error) {
        this.failure = error;
      }
      if (!this.#isClosed) this.#changed();
    }
    this.#isReading = false;
  }

  close() {
    this.#isClosed = true;
    this.#unsubscribe();
  }
}
