/**
 * The tab's storage, also where the browser has none: a person may have told it to keep nothing of any
 * site, and then the mere asking is refused.
 */

/** @typedef {Pick<Storage, "getItem"|"setItem"|"removeItem">} TabStorage */

/** @type {TabStorage} has nothing, and says so when it is to keep something, as one that is full does */
const NONE = {
  getItem: () => null,
  setItem() {
    throw new Error("nothing is kept");
  },
  removeItem() {},
};

/** @returns {TabStorage} */
export function tabStorage() {
  try {
    return globalThis.sessionStorage ?? NONE;
  } catch {
    return NONE;
  }
}
