/** Changes of sealed rows that are made of what is there: read and written as one, among several tabs. */

/**
 * @typedef {import("../account/storage.js").AccountStorage} AccountStorage
 * @typedef {import("../account/storage.js").Transaction} Transaction
 * @typedef {import("../account/storage-keys.js").Row} Row
 * @typedef {import("../account/storage-keys.js").SealedRows} SealedRows
 */

/**
 * What is written was made of what is there when it is written, all or nothing.
 * @template T
 * @param {SealedRows} rows
 * @param {AccountStorage} storage  theirs
 * @param {(change: RowChange) => Promise<T>} work  is done again where another tab was faster, so it does nothing else
 * @returns {Promise<T>}
 * @throws {Refusal} `locked`, and what `work` throws
 */
export async function changed(rows, storage, work) {
  for (;;) {
    const change = new RowChange(rows, storage);
    try {
      const value = await work(change);
      if (await change.write()) return value;
    } catch (error) {
      // It may have failed because what it read one after the other never was there together.
      if (await storage.read((within) => change.isCurrent(within))) throw error;
    }
  }
}

export class RowChange {
  /** JSON by the row's id; null removes it. @type {Map<string, unknown>} */
  #values = new Map();
  #sealed;
  #storage;
  /** @type {Map<string, Row|undefined>} */
  #rows = new Map();
  /** Ids by the prefix by which they were listed. @type {Map<string, string[]>} */
  #lists = new Map();
  /** @type {((within: Transaction) => Promise<void>)[]} */
  #besides = [];

  /**
   * @param {SealedRows} rows
   * @param {AccountStorage} storage
   */
  constructor(rows, storage) {
    this.#sealed = rows;
    this.#storage = storage;
  }

  /** @param {string} id  @returns {Promise<any>} as this change leaves it; undefined: there is none */
  async read(id) {
    if (this.#values.has(id)) return structuredClone(this.#values.get(id) ?? undefined);
    if (!this.#rows.has(id)) this.#rows.set(id, await this.#storage.read(({ get }) => get("rows", id)));
    const row = this.#rows.get(id);
    return row === undefined ? undefined : this.#sealed.opened(id, row);
  }

  /** @param {string} prefix  @returns {Promise<string[]>} in order */
  async ids(prefix) {
    const known = this.#lists.get(prefix) ?? await this.#storage.read(({ keys }) => keys("rows", { prefix }));
    this.#lists.set(prefix, known);
    const ids = new Set(known);
    for (const [id, value] of this.#values) {
      if (!id.startsWith(prefix)) continue;
      if (value === null) ids.delete(id);
      else ids.add(id);
    }
    return [...ids].sort();
  }

  /** @param {string} id  @param {unknown} value  JSON */
  put(id, value) {
    this.#values.set(id, value);
  }

  /** @param {string} id */
  remove(id) {
    this.#values.set(id, null);
  }

  /** @param {(within: Transaction) => Promise<void>} write  what else is written with the rows */
  also(write) {
    this.#besides.push(write);
  }

  /** Whether what was read is still there, as it was read. @param {Transaction} within */
  async isCurrent({ get, keys }) {
    for (const [id, before] of this.#rows) if (!isSameRow(before, await get("rows", id))) return false;
    for (const [prefix, before] of this.#lists) {
      const now = await keys("rows", { prefix });
      if (now.length !== before.length || now.some((id, at) => id !== before[at])) return false;
    }
    return true;
  }

  /** @returns {Promise<boolean>} whether it was; if not, it is to be thought out anew */
  write() {
    return this.#sealed.write(Object.fromEntries(this.#values), async (within) => {
      if (!(await this.isCurrent(within))) return false;
      for (const write of this.#besides) await write(within);
      return true;
    });
  }
}

/**
 * No two rows were ever sealed under one nonce, so whatever is the same was not written in between.
 * @param {Row|undefined} one
 * @param {Row|undefined} other
 */
function isSameRow(one, other) {
  if (one === undefined || other === undefined) return one === other;
  return one.n === other.n && one.sealed.length === other.sealed.length &&
    one.sealed.every((byte, at) => byte === other.sealed[at]);
}
