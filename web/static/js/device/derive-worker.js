/**
 * Argon2id in a worker of its own: its response alone may run WebAssembly, and ending it frees its
 * memory. One message in (hash-wasm's options), one out (`root`, or `refusal`: a code).
 */

import { argon2id } from "../../vendor/hash-wasm/argon2.js";

addEventListener("message", async ({ data: options }) => {
  try {
    const root = await argon2id({ ...options, outputType: "binary" });
    postMessage({ root });
  } catch (error) {
    // WebAssembly tells by a RangeError that it could not have the memory it asked for.
    const memory = error instanceof RangeError || /memory/i.test(String(error));
    postMessage({ refusal: memory ? "derivation_memory" : "derivation_failed" });
  }
});
