// What nobody needs before the first message (pages/later.js), for whoever needs it then.

/** @type {() => Promise<any>} */
let load = async () => { throw new Error("nobody loads"); };

/**
 * Says how it is loaded; the page does, once.
 * @param {() => Promise<any>} way
 */
export function laterBy(way) {
  load = way;
}

/** Promises what pages/later.js exports. Asking again after a failure tries again. */
export const later = () => load();
