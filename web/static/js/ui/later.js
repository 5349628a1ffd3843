// What nobody needs before the first message (pages/later.js), for whoever needs it then.

/** @type {() => Promise<any>} */
let load = async () => { throw new Error("nobody loads"); };
/** What has been loaded. @type {any} */
let here = null;
/** What waits for it. @type {Set<(parts: any) => void>} */
const waiting = new Set();

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
  for (const does of waiting) does(here);
  waiting.clear();
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

/**
 * Calls `does(parts)` when they are here, without asking for them.
 * @param {(parts: any) => void} does
 */
export function onceHere(does) {
  if (here === null) waiting.add(does);
  else does(here);
}
