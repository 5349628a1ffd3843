/**
 * The piece of a conversation that is looked at: a window over its lines, which goes up and down with whoever reads.
 * However long a conversation is, no more of it is read and drawn.
 */

/**
 * @typedef {import("../store.js").Shown} Shown
 * @typedef {{page: (how: {before?: number, after?: number, limit: number}) => Promise<Shown[]>}} Pages  the newest first,
 *   behind a place the oldest
 */

/** So many lines are read at once. */
export const PAGE = 60;
/** So many are held at most. */
export const MOST = 240;

export class ChatWindow {
  #pages;
  #isLoading = false;
  /** In the order of the log. @type {Shown[]} */
  lines = [];
  /** Whether there is nothing older on this device. */
  isWhole = false;
  /** Whether it reaches to the newest. */
  isAtEnd = true;

  /** @param {Pages} pages */
  constructor(pages) {
    this.#pages = pages;
  }

  /** Reads again what it shows, and what is new where it reaches to the end. */
  async refresh() {
    const first = this.lines[0]?.place;
    if (first === undefined) {
      await this.toEnd();
      return;
    }
    const limit = this.isAtEnd ? MOST + PAGE : this.lines.length;
    const found = await this.#pages.page({ after: first - 1, limit });
    // So much has come that nobody has followed it.
    if (found.length === MOST + PAGE) {
      await this.toEnd();
      return;
    }
    if (found.length > MOST) this.isWhole = false;
    this.lines = found.slice(-MOST);
  }

  /** Shows the newest. */
  async toEnd() {
    const found = await this.#pages.page({ limit: PAGE });
    this.lines = found.reverse();
    this.isWhole = found.length < PAGE;
    this.isAtEnd = true;
  }

  /** Shows what stands around a place. @param {number} place */
  async around(place) {
    const [before, after] = await Promise.all([
      this.#pages.page({ before: place + 1, limit: PAGE }), this.#pages.page({ after: place, limit: PAGE }),
    ]);
    this.isWhole = before.length < PAGE;
    this.isAtEnd = after.length < PAGE;
    this.lines = [...before.reverse(), ...after];
  }

  /** Reads a page of what is older. @returns {Promise<boolean>} whether there was anything */
  older() {
    return this.#once(this.isWhole, async () => {
      const first = this.lines[0]?.place ?? Infinity;
      const found = await this.#pages.page({ before: first, limit: PAGE });
      if (found.length < PAGE) this.isWhole = true;
      const all = [...found.reverse(), ...this.lines];
      if (all.length > MOST) this.isAtEnd = false;
      this.lines = all.slice(0, MOST);
      return found.length > 0;
    });
  }

  /** Reads a page of what is newer. @returns {Promise<boolean>} whether there was anything */
  newer() {
    return this.#once(this.isAtEnd, async () => {
      const last = this.lines.at(-1)?.place ?? 0;
      const found = await this.#pages.page({ after: last, limit: PAGE });
      if (found.length < PAGE) this.isAtEnd = true;
      const all = [...this.lines, ...found];
      if (all.length > MOST) this.isWhole = false;
      this.lines = all.slice(-MOST);
      return found.length > 0;
    });
  }

  /** @param {boolean} isThere  nothing more is there  @param {() => Promise<boolean>} read */
  async #once(isThere, read) {
    if (isThere || this.#isLoading) return false;
    this.#isLoading = true;
    try {
      return await read();
    } finally {
      this.#isLoading = false;
    }
  }
}
