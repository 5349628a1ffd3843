/**
 * The page's content security policy admits one Trusted Types policy; this is it, made before anybody
 * else could, and the workers are the only scripts that it lets through. It can be made once: whatever
 * bundles need it share this module (tools/bundles.py).
 */

const WORKER = new URL("./derive-worker.js", import.meta.url).href;
const SLOW = new URL("./slow-derive-worker.js", import.meta.url).href;

/** What a worker is called; there are more than these two, of which not every program is to carry the address. */
const NAME = /[a-z-]+-worker[.\w]*$/;
const [FOLDER] = WORKER.split(NAME);

const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("ephemeral", {
  createScriptURL: (/** @type {string} */ url) => {
    if (url.split(NAME)[0] !== FOLDER) throw new TypeError("not a script of this program");
    return url;
  },
});

/** A worker of this program, as a browser with Trusted Types wants its address. @param {string} address */
export const admitted = (address) => policy?.createScriptURL(address) ?? address;

/**
 * A worker's address, as a browser with Trusted Types wants it.
 * @param {boolean} slow  the one that needs no WebAssembly
 * @returns {string}
 */
export function workerAddress(slow) {
  return admitted(slow ? SLOW : WORKER);
}
