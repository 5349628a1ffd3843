/**
 * Sealing and opening (device/hpke.js) off the page's thread: milliseconds of arithmetic each, and somebody who
 * comes back after a day has hundreds of boxes. One message in (`id`, `name` of the function, `given`), one out
 * with the same `id` (`value`, or `refusal`: a code). Private keys come in and are not kept.
 */

import { fromSeed, open, seal } from "./hpke.js";

const DOES = Object.freeze({ fromSeed, open, seal });

addEventListener("message", async ({ data: { id, name, given } }) => {
  try {
    const value = await DOES[/** @type {keyof typeof DOES} */ (name)](...given);
    postMessage({ id, value });
  } catch (error) {
    postMessage({ id, refusal: /** @type {any} */ (error)?.code ?? "internal" });
  }
});
