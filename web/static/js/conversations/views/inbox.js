/** All conversations as the list shows them. What has changed is read again, one after the other. */

/** @typedef {import("../overview.js").Summary} Summary */

export class Inbox {
  #talk;
  #changed;
  #own = "";
  /** @type {Map<string, Summary>} */
  #known = new Map();
  /** @type {Set<string>} */
  #stale = new Set();
  #isReading = false;
  #isClosed = false;
  #unsubscribe;
  /** Whether all were read once. */
  isRead = false;

  /**
   * @param {Pick<import("../conversations.js").Conversations, "list"|"own"|"subscribe"|"summary">} talk
   * @param {() => void} changed
   */
  constructor(talk, changed) {
    this.#talk = talk;
    this.#changed = changed;
    this.#unsubscribe = talk.subscribe((id, event) => { if (event === null) void this.#again(id); });
  }

  /** Reads all of them. @returns {Promise<void>} */
  async begin() {
    this.#own = await this.#talk.own.id().catch(() => "");
    await this.#all();
    this.isRead = true;
    this.#changed();
    await this.#read();
  }

  /** Those that are to be seen: pinned ones first, then by what was said last. @returns {Summary[]} */
  get all() {
    return [...this.#known.values()].filter(({ isBlocked }) => !isBlocked).sort(byOrder);
  }

  /** @param {string} id  @returns {Summary|null} */
  get(id) {
    return this.#known.get(id) ?? null;
  }

  /** How many messages were not looked at that may disturb: those that name oneself do everywhere. @param {number} now  milliseconds, by the server's clock */
  unread(now) {
    return this.all.reduce((sum, one) => sum + (isMuted(one, now) ? one.mentioned : one.unread), 0);
  }

  close() {
    this.#isClosed = true;
    this.#unsubscribe();
  }

  /** All of them once more: people are called otherwise. */
  async again() {
    await this.#all();
    this.#changed();
  }

  /** @param {string} id */
  async #again(id) {
    this.#stale.add(id);
    if (this.isRead) await this.#read();
  }

  async #all() {
    const all = await this.#talk.list();
    this.#known = new Map(all.map((one) => [one.id, one]));
  }

  async #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#stale.size > 0 && !this.#isClosed) {
      const ids = [...this.#stale];
      this.#stale.clear();
      if (this.#own === "") this.#own = await this.#talk.own.id().catch(() => "");
      // What own devices tell each other may be about any of them.
      if (ids.includes(this.#own)) await this.#all().catch(reported);
      else await Promise.all(ids.map((id) => this.#one(id)));
      if (!this.#isClosed) this.#changed();
    }
    this.#isReading = false;
  }

  /** @param {string} id */
  async #one(id) {
    try {
      this.#known.set(id, await this.#talk.summary(id));
    } catch (error) {
      if (/** @type {{code?: string}} */ (error).code === "conversation_unknown") this.#known.delete(id);
      else reported(error);
    }
  }
}

/** Whether what comes there tells nobody of itself. @param {Summary} summary  @param {number} now */
export const isMuted = ({ settings }, now) => (settings.mute ?? 0) > now;

/** @param {Summary} one  @param {Summary} other */
function byOrder(one, other) {
  const archived = Number(one.settings.archive === true) - Number(other.settings.archive === true);
  const pinned = Number(other.settings.pin === true) - Number(one.settings.pin === true);
  return archived || pinned || other.at - one.at || (one.id < other.id ? -1 : 1);
}

/** @param {unknown} error */
const reported = (error) => globalThis.reportError?.(error);
