/**
 * Argon2id in a worker of its own: its response alone may run WebAssembly, and ending it frees its
 * memory. One message in (`Argon2Options`), one out (`root`, or `refusal`: a code).
 */

import { argon2id } from "./argon2.js";

addEventListener("message", async ({ data: options }) => {
  try {
    postMessage({ root: await argon2id(options) });
  } catch (error) {
    // WebAssembly tells by a RangeError that it could not have the memory it asked for.
    const memory = error instanceof RangeError || /memory/i.test(String(error));
    postMessage({ refusal: memory ? "derivation_memory" : "derivation_failed" });
  }
});
