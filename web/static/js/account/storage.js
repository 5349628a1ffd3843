/**
 * What an account keeps in this browser: one database. `keys` holds keys that the browser won't tell,
 * `facts` what is no secret, `rows` secrets, sealed (storage-keys.js), `escrow` the keys of those rows,
 * sealed to the ten words. `shown` holds what was said, each under a key of its own that is one of the
 * secrets, and `deadlines` when what was said is to be forgotten.
 */

const NAME = "ephemeral-account";
/** 2: with `shown` and `deadlines`. */
const VERSION = 2;

/** @typedef {"keys"|"facts"|"rows"|"escrow"|"shown"|"deadlines"} Place */
/** @type {readonly Place[]} */
export const PLACES = Object.freeze(["keys", "facts", "rows", "escrow", "shown", "deadlines"]);

/**
 * Of the keys of a place, those that begin so, in order; from the one after `after` on, below `below`, so many.
 * @typedef {{prefix?: string, after?: string, below?: string, limit?: number}} Range
 *
 * A transaction: all that is written in it, or nothing. Only its own promises may be awaited inside.
 * @typedef {object} Transaction
 * @property {(place: Place, key: string) => Promise<any>} get  undefined: there is none
 * @property {(place: Place, key: string, value: unknown) => Promise<void>} put
 * @property {(place: Place, key: string) => Promise<void>} remove
 * @property {(place: Place, range?: Range) => Promise<string[]>} keys
 * @property {(place: Place, range?: Range) => Promise<[string, any][]>} all
 *
 * @typedef {object} AccountStorage
 * @property {<T>(work: (within: Transaction) => Promise<T>) => Promise<T>} write
 * @property {<T>(work: (within: Transaction) => Promise<T>) => Promise<T>} read
 * @property {() => void} close
 */

/**
 * @param {IDBFactory} factory
 * @returns {Promise<AccountStorage>}
 */
export async function openStorage(factory) {
  const opening = factory.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    const there = opening.result.objectStoreNames;
    for (const place of PLACES) if (!there.contains(place)) opening.result.createObjectStore(place);
  };
  const database = await settled(opening);
  // Another tab has a newer version of this program: it comes first.
  database.onversionchange = () => database.close();
  const write = async (/** @type {(within: Transaction) => Promise<any>} */ work) => {
    const transaction = database.transaction(PLACES, "readwrite", { durability: "strict" });
    const done = finished(transaction);
    // Who awaits the work hears of an error there.
    done.catch(() => undefined);
    try {
      const value = await work(within(transaction));
      await done;
      return value;
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It has ended by itself.
      }
      throw error;
    }
  };
  return {
    write,
    // What was read is so, whether the transaction has ended yet or not.
    read: async (work) => work(within(database.transaction(PLACES, "readonly"))),
    close: () => database.close(),
  };
}

/** Forgets everything, as far as a browser does. @param {AccountStorage} storage */
export async function forgetAll(storage) {
  await storage.write(emptied);
}

/** Removes whatever is there. @param {Transaction} within */
export async function emptied({ keys, remove }) {
  for (const place of PLACES) await Promise.all((await keys(place)).map((key) => remove(place, key)));
}

/** @param {IDBTransaction} transaction  @returns {Transaction} */
function within(transaction) {
  const at = (/** @type {Place} */ place) => transaction.objectStore(place);
  return {
    get: (place, key) => settled(at(place).get(key)),
    put: async (place, key, value) => void (await settled(at(place).put(value, key))),
    remove: (place, key) => settled(at(place).delete(key)),
    keys: async (place, range) => (await settled(at(place).getAllKeys(bound(range), range?.limit))).map(String),
    all: async (place, range) => {
      // Both are asked for at once: between two requests nobody else writes.
      const [keys, values] = await Promise.all([
        settled(at(place).getAllKeys(bound(range), range?.limit)), settled(at(place).getAll(bound(range), range?.limit)),
      ]);
      return keys.map((key, index) => [String(key), values[index]]);
    },
  };
}

/** @param {Range} [range]  @returns {IDBKeyRange|null} */
function bound({ prefix = "", after, below } = {}) {
  if (prefix === "" && after === undefined && below === undefined) return null;
  // No key has a character beyond ASCII.
  return IDBKeyRange.bound(after ?? prefix, below ?? `${prefix}\uffff`, after !== undefined, true);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction  @returns {Promise<void>} */
function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("nothing was written"));
  });
}
