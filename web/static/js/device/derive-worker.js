/**
 * Argon2id in a worker of its own: its response alone may run WebAssembly, and ending it frees its
 * memory. One message in (`code`, `salt`), one out (`root`, or `refusal`: a code).
 */

import { argon2id } from "../../vendor/hash-wasm/argon2.js";
import { ARGON2ID } from "../protocol/config.js";
import { utf8 } from "../protocol/encoding.js";

addEventListener("message", async ({ data: { code, salt } }) => {
  try {
    const root = await argon2id({
      password: utf8(code),
      salt,
      memorySize: ARGON2ID.memory_kib,
      iterations: ARGON2ID.passes,
      parallelism: ARGON2ID.lanes,
      hashLength: ARGON2ID.length,
      outputType: "binary",
    });
    postMessage({ root });
  } catch (error) {
    // WebAssembly tells by a RangeError that it could not have the memory it asked for.
    const memory = error instanceof RangeError || /memory/i.test(String(error));
    postMessage({ refusal: memory ? "derivation_memory" : "derivation_failed" });
  }
});
