/**
 * What an account keeps in this browser: one database. `keys` holds keys that the browser won't tell,
 * `facts` what is no secret, `rows` secrets, sealed (storage-keys.js), `escrow` the keys of those rows,
 * sealed to the ten words.
 */

const NAME = "ephemeral-account";
const VERSION = 1;

/** @typedef {"keys"|"facts"|"rows"|"escrow"} Place */
/** @type {readonly Place[]} */
export const PLACES = Object.freeze(["keys", "facts", "rows", "escrow"]);

/**
 * A transaction: all that is written in it, or nothing. Only its own promises may be awaited inside.
 * @typedef {object} Transaction
 * @property {(place: Place, key: string) => Promise<any>} get  undefined: there is none
 * @property {(place: Place, key: string, value: unknown) => Promise<void>} put
 * @property {(place: Place, key: string) => Promise<void>} remove
 * @property {(place: Place) => Promise<[string, any][]>} all
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
    for (const place of PLACES) opening.result.createObjectStore(place);
  };
  const database = await settled(opening);
  // Another tab has a newer version of this program: it comes first.
  database.onversionchange = () => database.close();
  const run = async (/** @type {IDBTransactionMode} */ mode, /** @type {(within: Transaction) => Promise<any>} */ work) => {
    const transaction = database.transaction(PLACES, mode, { durability: "strict" });
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
    write: (work) => run("readwrite", work),
    read: (work) => run("readonly", work),
    close: () => database.close(),
  };
}

/** Forgets everything, as far as a browser does. @param {AccountStorage} storage */
export async function forgetAll(storage) {
  await storage.write(async ({ all, remove }) => {
    for (const place of PLACES) for (const [key] of await all(place)) await remove(place, key);
  });
}

/** @param {IDBTransaction} transaction  @returns {Transaction} */
function within(transaction) {
  const at = (/** @type {Place} */ place) => transaction.objectStore(place);
  return {
    get: (place, key) => settled(at(place).get(key)),
    put: async (place, key, value) => void (await settled(at(place).put(value, key))),
    remove: (place, key) => settled(at(place).delete(key)),
    all: async (place) => {
      // Both are asked for at once: between two requests nobody else writes.
      const [keys, values] = await Promise.all([settled(at(place).getAllKeys()), settled(at(place).getAll())]);
      return keys.map((key, index) => [String(key), values[index]]);
    },
  };
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
