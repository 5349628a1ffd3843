// What nobody needs before the first message (pages/later.js), for whoever needs it then.

/** @type {() => Promise<any>} */
let load = async () => { throw new Error("nobody loads"); };
/** What has been loaded. @type {any} */
let here = null;

/**
 * Says how it is loaded; the page does, once.
 * @param {() => Promise<any>} way
 */
export function laterBy(way) {
  load = way;
  here = null;
}

/** Promises what pages/later.js exports. Asking again after a failure tries again. */
export async function later() {
  here = await load();
  return here;
}

/** What pages/later.js exports, or null as long as it isn't here. */
export const ifHere = () => here;

/**
 * Calls `does(parts)`: at once if they are here, or when they have come, and `failed()` if they don't come.
 * @param {(parts: any) => void} does
 * @param {() => void} [failed]
 */
export function withLater(does, failed = () => {}) {
  if (here === null) later().then(does, failed);
  else does(here);
}
