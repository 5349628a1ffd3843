/**
 * Saves a file: segments one after the other, each verified, and in the end the whole compared with what its sender has
 * signed. What was cut off, or is something else, never becomes a file.
 */

import { Refusal, isPassing } from "../protocol/errors.js";
import { checkDigest, contentOf } from "../protocol/files/segments.js";
import { sha256 } from "../protocol/keys.js";

/**
 * Where it goes: `done` makes a file of it, `drop` leaves nothing. `isCertain`: once that is done it is saved; else it was
 * only given to the browser, which `again` does once more, where it can.
 * @typedef {object} Sink
 * @property {(bytes: Uint8Array) => Promise<void>} write
 * @property {() => Promise<void>} done
 * @property {() => Promise<void>} drop
 * @property {boolean} isCertain
 * @property {() => Promise<void>} [again]
 *
 * @typedef {object} Saving
 * @property {import("./source.js").Source} source
 * @property {Uint8Array} file  id
 * @property {Uint8Array} digest  as the sender has signed it
 * @property {AbortSignal} signal
 * @property {(bytes: number) => void} told  so many are saved
 * @property {(milliseconds: number, signal: AbortSignal) => Promise<void>} pause  less where the network has come back
 */

/** Segments that are fetched while one is written. */
const AHEAD = 3;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** Seconds: who is sent away for longer is told so. */
const LONGEST_ASKED = 60;

/**
 * @param {Saving} saving
 * @param {Sink} sink
 * @throws {Refusal} `file_digest` and the like: it isn't what was sent; the server's; what the signal was aborted with
 */
export async function save(saving, sink) {
  const { source, file, digest, signal, told } = saving;
  const { layout, size } = source;
  /** @type {Uint8Array[]} */
  const hashes = [];
  /** @type {Promise<Uint8Array>[]} */
  const coming = [];
  let next = 0;
  try {
    for (let number = 0; number < layout.count; number += 1) {
      while (next < layout.count && coming.length < AHEAD) {
        const one = patiently(saving, next);
        // Whoever comes to it hears of it.
        one.catch(() => undefined);
        coming.push(one);
        next += 1;
      }
      const plaintext = await /** @type {Promise<Uint8Array>} */ (coming.shift());
      signal.throwIfAborted();
      hashes.push(await sha256(plaintext));
      const content = contentOf(layout, number, size, plaintext);
      if (content.length > 0) await sink.write(content);
      const { start } = layout.segment(number);
      told(Math.min(start + content.length, size));
    }
    await checkDigest(digest, file, layout, size, hashes);
    signal.throwIfAborted();
    await sink.done();
  } catch (error) {
    await sink.drop().catch(() => undefined);
    throw error;
  }
}

/**
 * What failed in passing is asked for again: what was saved before stays.
 * @param {Saving} saving
 * @param {number} number
 */
async function patiently({ source, signal, pause }, number) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await source.segment(number, { signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof Refusal) || !isPassing(error) || (error.retryAfter ?? 0) > LONGEST_ASKED) throw error;
      await pause(Math.max(1000 * (error.retryAfter ?? 0), Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)), signal);
    }
  }
}
