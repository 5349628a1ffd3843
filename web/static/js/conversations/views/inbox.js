/**
 * All conversations as a list shows them: the newest above, each with what was said last and how much of it nobody has
 * looked at. Whatever changes is read again, one after the other.
 */

/**
 * @typedef {import("./names.js").View} View
 * @typedef {import("../store.js").Shown} Shown
 *
 * @typedef {object} Summary
 * @property {string} id
 * @property {View} view
 * @property {Shown|null} last  the newest line that says something
 * @property {number} at  when that was, by the server's clock; 0 where nothing was said
 * @property {number} unread
 */

/** Of so many lines what is new is counted: there may be more. */
export const COUNTED = 100;
/** Read at once where nothing is expected to be new. */
const FEW = 12;

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
  isRead = false;

  /**
   * @param {import("../conversations.js").Conversations} talk
   * @param {() => void} changed
   */
  constructor(talk, changed) {
    this.#talk = talk;
    this.#changed = changed;
    this.#unsubscribe = talk.subscribe((id, event) => { if (event === null) this.#again(id); });
  }

  /** Reads all of them. */
  async begin() {
    this.#own = await this.#talk.own.id().catch(() => "");
    for (const { id } of await this.#talk.views()) this.#stale.add(id);
    await this.#read();
    this.isRead = true;
    this.#changed();
  }

  /** The newest above. @returns {Summary[]} */
  get all() {
    return [...this.#known.values()].sort((one, other) => other.at - one.at || (one.id < other.id ? -1 : 1));
  }

  /** @param {string} id */
  get(id) {
    return this.#known.get(id) ?? null;
  }

  /** How much was not looked at in all of them. */
  get unread() {
    return [...this.#known.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  close() {
    this.#isClosed = true;
    this.#unsubscribe();
  }

  /** @param {string} id */
  #again(id) {
    this.#stale.add(id);
    if (this.isRead) void this.#read();
  }

  async #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#stale.size > 0 && !this.#isClosed) {
      const ids = [...this.#stale];
      this.#stale.clear();
      await Promise.all(ids.map((id) => this.#one(id).catch((error) => globalThis.reportError?.(error))));
      if (!this.#isClosed && this.isRead) this.#changed();
    }
    this.#isReading = false;
  }

  /** @param {string} id */
  async #one(id) {
    // What the devices of the account say to each other is nobody's conversation.
    if (this.#own === "") this.#own = await this.#talk.own.id().catch(() => "");
    if (id === this.#own) return;
    const conversation = this.#talk.of(id);
    const view = await conversation.view().catch(() => null);
    if (view === null) {
      this.#known.delete(id);
      return;
    }
    const read = view.reads[this.#talk.me] ?? 0;
    let lines = await conversation.lines({ limit: FEW });
    if (lines.length === FEW && lines[FEW - 1].place > read) lines = await conversation.lines({ limit: COUNTED });
    const last = lines.find(({ value }) => value.kind === "message") ?? lines[0] ?? null;
    const waiting = view.waiting.filter(({ kind }) => SAYING.includes(kind)).pop();
    this.#known.set(id, {
      id, view, last, at: Math.max(last?.value.at ?? 0, waiting?.at ?? 0),
      unread: lines.filter(({ place, value }) => place > read && isSaid(value) && value.chain !== this.#talk.me).length,
    });
  }
}

/** What stands in the list as something that was said. */
export const SAYING = ["text", "reply"];

/** @param {any} value  of a line */
const isSaid = (value) => value.kind === "message" && value.content !== null;
