/** From the code to the root (docs/protocol.md, section 3): slow on purpose, and off the page's thread. */

import { Refusal } from "../protocol/errors.js";
import { deriveRoot } from "../protocol/keys.js";
import { SECRET_BYTES } from "../protocol/limits.js";
import { workerAddress } from "./worker-address.js";

/**
 * @param {string} code  canonical
 * @param {{suite: number, salt: Uint8Array}} config
 * @returns {Promise<Uint8Array>} the root, 32 bytes
 * @throws {Refusal} `insecure`, what `deriveRoot` refuses, `derivation_memory`, `derivation_failed`,
 *   `unreachable` if the worker could not be loaded
 */
export async function derive(code, config) {
  // Browsers offer Web Crypto to pages of HTTPS and of the machine itself only.
  if (globalThis.crypto?.subtle === undefined) throw new Refusal("insecure");
  return deriveRoot(code, config, inWorker);
}

/**
 * @param {import("../protocol/keys.js").Argon2Options} options
 * @returns {Promise<Uint8Array>}
 */
function inWorker(options) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerAddress(), { type: "module" });
    const finish = (/** @type {() => void} */ settle) => {
      // Ends the worker's 64 MiB with it.
      worker.terminate();
      settle();
    };
    worker.addEventListener("message", ({ data }) => {
      const { root, refusal } = data;
      if (root instanceof Uint8Array && root.length === SECRET_BYTES) finish(() => resolve(root));
      else finish(() => reject(new Refusal(String(refusal ?? "derivation_failed"))));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      // Only what went wrong inside of a worker has an error; one that did not arrive has none.
      const code = event instanceof ErrorEvent ? "derivation_failed" : "unreachable";
      finish(() => reject(new Refusal(code)));
    });
    worker.postMessage(options);
  });
}
