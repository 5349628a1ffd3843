/**
 * The page's content security policy admits one Trusted Types policy; this is it, made before anybody
 * else could, and the worker is the only script that it lets through. It can be made once: whatever
 * bundles need it share this module (tools/bundles.py).
 */

const WORKER = new URL("./derive-worker.js", import.meta.url).href;

const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("ephemeral", {
  createScriptURL: (/** @type {string} */ url) => {
    if (url !== WORKER) throw new TypeError("not a script of this program");
    return url;
  },
});

/** The worker's address, as a browser with Trusted Types wants it. @returns {string} */
export const workerAddress = () => policy?.createScriptURL(WORKER) ?? WORKER;
