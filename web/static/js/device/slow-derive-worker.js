/**
 * Argon2id without WebAssembly, for browsers that are told to have none: many times slower, so it says how
 * far it is. One message in (as derive-worker.js), several out: `share` done, of 1, then `root`, or
 * `refusal`: a code.
 */

import { argon2id } from "../../vendor/@noble/hashes/argon2.js";

/** Shares that differ by less are not told. */
const STEP = 1 / 400;

addEventListener("message", ({ data: { password, salt, memorySize, iterations, parallelism, hashLength } }) => {
  let told = 0;
  try {
    const root = argon2id(password, salt, {
      m: memorySize, t: iterations, p: parallelism, dkLen: hashLength,
      onProgress(share) {
        if (share < told + STEP) return;
        told = share;
        postMessage({ share });
      },
    });
    postMessage({ root });
  } catch (error) {
    const memory = error instanceof RangeError || /memory|alloc/i.test(String(error));
    postMessage({ refusal: memory ? "derivation_memory" : "derivation_failed" });
  }
});
