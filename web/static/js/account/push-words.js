/**
 * What a notification says, in the language in which the page was used last: written by the page, and read by the
 * service worker, which asks nobody for anything.
 */

const NAME = "ephemeral-push";
const STORE = "words";
const KEY = "notification";

/** @typedef {{title: string, body: string, lang: string, dir: "ltr"|"rtl"}} Words */

/** @param {Words} words */
export async function keepWords(words) {
  const database = await opened();
  await finished(database.transaction(STORE, "readwrite"), (store) => store.put(words, KEY));
  database.close();
}

/** @returns {Promise<Words|null>} null: nobody has kept any, or the browser has dropped them */
export async function readWords() {
  const database = await opened();
  const words = await finished(database.transaction(STORE), (store) => store.get(KEY));
  database.close();
  return words ?? null;
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE);
  return new Promise((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @param {(store: IDBObjectStore) => IDBRequest} does
 * @returns {Promise<any>}
 */
function finished(transaction, does) {
  const request = does(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}
