/** A store that forgets with its program: for bots that begin anew each time, and for tests. */

import { deadlineOf, leftOf } from "./deadlines.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {{value: string, until: number|null}} Kept  JSON, so that nobody shares what they keep
 */

/** @implements {Store} */
export class MemoryStore {
  /** @type {Map<string, string>} */
  #rows = new Map();
  /** @type {Map<string, Map<number, Kept>>} */
  #lines = new Map();
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /** All that it keeps, as if it lay on a disk. */
  get image() {
    return { rows: new Map(this.#rows), lines: new Map([...this.#lines].map(([id, places]) => [id, new Map(places)])) };
  }

  set image({ rows, lines }) {
    this.#rows = rows;
    this.#lines = lines;
  }

  read = async (/** @type {string} */ key) => parsed(this.#rows.get(key));

  keys = async (/** @type {string} */ prefix) => keysWith(this.#rows, prefix);

  line = async (/** @type {string} */ conversation, /** @type {number} */ place) =>
    parsed(this.#lines.get(conversation)?.get(place)?.value);

  /** @type {Store["shown"]} */
  shown = async (conversation, { before = Number.POSITIVE_INFINITY, limit }) =>
    [...(this.#lines.get(conversation) ?? [])].filter(([place]) => place < before)
      .sort(([one], [other]) => other - one).slice(0, limit)
      .map(([place, { value }]) => ({ place, value: parsed(value) }));

  /** @type {Store["expire"]} */
  expire = async (now) => {
    const gone = [...this.#lines].flatMap(([conversation, lines]) => [...lines]
      .filter(([, { until }]) => until !== null && until <= now).map(([place]) => ({ conversation, place })));
    if (gone.length === 0) return gone;
    await this.change(async (within) => {
      for (const { conversation, place } of gone) {
        const line = await within.line(conversation, place);
        const left = line === undefined ? undefined : leftOf(line, now);
        await (left === undefined ? within.hide(conversation, place) : within.show(conversation, place, left));
      }
    });
    return gone;
  };

  /** @type {Store["change"]} */
  change = (work) => {
    const done = this.#turn.then(() => this.#changed(work));
    this.#turn = done.catch(() => undefined);
    return done;
  };

  /**
   * @template T
   * @param {(within: import("./store.js").Within) => Promise<T>} work
   */
  async #changed(work) {
    const rows = new Map(this.#rows);
    const lines = new Map([...this.#lines].map(([id, places]) => [id, new Map(places)]));
    const placesOf = (/** @type {string} */ conversation) => {
      const places = lines.get(conversation) ?? new Map();
      lines.set(conversation, places);
      return places;
    };
    const value = await work({
      read: async (key) => parsed(rows.get(key)),
      keys: async (prefix) => keysWith(rows, prefix),
      line: async (conversation, place) => parsed(lines.get(conversation)?.get(place)?.value),
      put: (key, one) => void rows.set(key, JSON.stringify(one)),
      remove: (key) => void rows.delete(key),
      show: (conversation, place, one) =>
        void placesOf(conversation).set(place, { value: JSON.stringify(one), until: deadlineOf(one) ?? null }),
      hide: (conversation, place) => void placesOf(conversation).delete(place),
    });
    this.#rows = rows;
    this.#lines = lines;
    return value;
  }
}

/** @param {string|undefined} json */
const parsed = (json) => (json === undefined ? undefined : JSON.parse(json));

/** @param {Map<string, string>} rows  @param {string} prefix */
const keysWith = (rows, prefix) => [...rows.keys()].filter((key) => key.startsWith(prefix)).sort();
