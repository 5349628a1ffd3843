/**
 * The page's content security policy admits one Trusted Types policy; this is it, made before anybody
 * else could, and the workers are the only scripts that it lets through. It can be made once: whatever
 * bundles need it share this module (tools/bundles.py).
 */

const WORKER = new URL("./derive-worker.js", import.meta.url).href;
const SLOW = new URL("./slow-derive-worker.js", import.meta.url).href;

const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("ephemeral", {
  createScriptURL: (/** @type {string} */ url) => {
    // There are others beside these two, of which not every program is to carry the address.
    const folder = url.replace(/[a-z-]+-worker[.\w]*$/, "");
    if (folder !== WORKER.replace(/[^/]*$/, "")) throw new TypeError("not a script of this program");
    return url;
  },
});

/**
 * A worker's address, as a browser with Trusted Types wants it.
 * @param {boolean} slow  the one that needs no WebAssembly
 * @param {string} [address]  of one that derives nothing
 * @returns {string}
 */
export function workerAddress(slow, address = slow ? SLOW : WORKER) {
  return policy?.createScriptURL(address) ?? address;
}
