/**
 * Sealing of segments off the page's thread (docs/files.md, 5): one message in (`id`, `file`, `padded`, `number`, and the
 * plaintext with its padding, which is handed over), one out with the same `id` (`object` and `hash`, or `refusal`: a
 * code). Keys come in and are not kept. Each time another salt is drawn: nothing is ever sealed twice under one key.
 */

import { sha256 } from "../protocol/keys.js";
import { Layout } from "../protocol/files/layout.js";
import { sealSegment } from "../protocol/files/segments.js";
import { randomBytes } from "./random.js";

addEventListener("message", async ({ data: { id, file, padded, number, plaintext } }) => {
  try {
    const [object, hash] = await Promise.all([
      sealSegment(file, new Layout(padded), number, plaintext, randomBytes), sha256(plaintext),
    ]);
    // In a worker the second is what is handed over, not where it goes.
    /** @type {any} */ (globalThis).postMessage({ id, object, hash }, [object.buffer]);
  } catch (error) {
    postMessage({ id, refusal: /** @type {any} */ (error)?.code ?? "internal" });
  }
});
