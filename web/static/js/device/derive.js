/** From the code to the root (docs/protocol.md, section 3): slow on purpose, and off the page's thread. */

import { Refusal } from "../protocol/errors.js";
import { deriveRoot } from "../protocol/keys.js";
import { SECRET_BYTES } from "../protocol/limits.js";
import { workerAddress } from "./worker-address.js";

/** Nobody is asked to wait longer than that. */
const LONGEST_MS = 120_000;
/** What the first blocks say of the time is worth something after this share of the work, or this time. */
const ENOUGH_SHARE = 0.01;
const ENOUGH_MS = 3000;

/** @typedef {(seconds: number) => void} OnProgress  how long it still takes, as far as can be told */

/**
 * @param {string} code  canonical
 * @param {{suite: number, salt: Uint8Array}} config
 * @param {OnProgress} [onProgress]  called only where it takes long; what it throws ends the derivation
 * @returns {Promise<Uint8Array>} the root, 32 bytes
 * @throws {Refusal} `insecure`, what `deriveRoot` refuses, `derivation_memory`, `derivation_slow`,
 *   `derivation_failed`, `unreachable` if the worker could not be loaded
 */
export async function derive(code, config, onProgress = () => undefined) {
  // Browsers offer Web Crypto to pages of HTTPS and of the machine itself only.
  if (globalThis.crypto?.subtle === undefined) throw new Refusal("insecure");
  return deriveRoot(code, config, (options) => inWorker(options, onProgress));
}

/**
 * What is left of a work of which a share is done.
 * @param {number} share  0 to 1
 * @param {number} passed  milliseconds
 * @returns {number|null} seconds; null: it is too early to say
 * @throws {Refusal} `derivation_slow`
 */
export function timeLeft(share, passed) {
  if (share <= 0 || (share < ENOUGH_SHARE && passed < ENOUGH_MS)) return null;
  const whole = passed / share;
  if (whole > LONGEST_MS) throw new Refusal("derivation_slow");
  return Math.ceil((whole - passed) / 1000);
}

/**
 * Argon2id itself, for whatever else than a room's code is derived so.
 * @param {import("../protocol/keys.js").Argon2Options} options
 * @param {OnProgress} [onProgress]
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} as `derive`
 */
export function inWorker(options, onProgress = () => undefined) {
  return new Promise((resolve, reject) => {
    // Tor Browser at "Safer" and Apple's Lockdown Mode have none.
    const slow = globalThis.WebAssembly?.instantiate === undefined;
    const worker = new Worker(workerAddress(slow), { type: "module" });
    let began = 0;
    const finish = (/** @type {() => void} */ settle) => {
      // Ends the worker's 64 MiB with it.
      worker.terminate();
      settle();
    };
    worker.addEventListener("message", ({ data }) => {
      const { share, root, refusal } = data;
      if (share !== undefined) {
        began ||= performance.now();
        try {
          const left = timeLeft(Number(share), performance.now() - began);
          if (left !== null) onProgress(left);
        } catch (error) {
          finish(() => reject(error));
        }
      } else if (root instanceof Uint8Array && root.length === SECRET_BYTES) finish(() => resolve(root));
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
