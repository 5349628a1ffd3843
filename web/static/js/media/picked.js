/** A file that a person has picked, as the segments that are sent of it, and whether it is the one that was picked before. */

import { isSame } from "../protocol/accounts/derivation.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";

/**
 * @typedef {import("../protocol/files/layout.js").Layout} Layout
 * @typedef {{size: number, lastModified: number}} Known
 * @typedef {Pick<Blob, "size"|"slice">} Content
 */

/** Beside the first and the last segment so many are compared where nothing speaks for a change. */
const COMPARED = 4;

/**
 * A segment with its padding.
 * @param {Content} content
 * @param {Layout} layout
 * @param {number} number
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `file_unreadable`: it was changed or moved since it was picked
 */
export async function readSegment(content, layout, number) {
  const { start, length } = layout.segment(number);
  const end = Math.min(start + length, content.size);
  let read = new Uint8Array(0);
  if (start < end) {
    try {
      read = new Uint8Array(await content.slice(start, end).arrayBuffer());
    } catch {
      throw new Refusal("file_unreadable");
    }
  }
  // Nearly all of them are full: a copy would be as much memory again.
  if (read.length === length) return read;
  const plaintext = new Uint8Array(length);
  plaintext.set(read);
  return plaintext;
}

/**
 * Whether it was picked before, as far as its size and time tell.
 * @param {Known} picked
 * @param {Known} before
 * @returns {"same"|"touched"|"other"} `touched`: somebody may have written to it
 */
export function likeness(picked, before) {
  if (picked.size !== before.size) return "other";
  return picked.lastModified === before.lastModified ? "same" : "touched";
}

/**
 * Which of the segments that were sent are compared: all, or the first, the last and some that nobody can foretell.
 * @param {readonly number[]} sent  in order
 * @param {boolean} all
 * @param {(below: number) => number} chance
 * @returns {number[]}
 */
export function compared(sent, all, chance) {
  if (all || sent.length <= COMPARED + 2) return [...sent];
  const chosen = new Set([sent[0], sent[sent.length - 1]]);
  while (chosen.size < COMPARED + 2) chosen.add(sent[chance(sent.length)]);
  return [...chosen].sort((one, other) => one - other);
}

/**
 * Compares what is picked with what was sent of it.
 * @param {Content} content
 * @param {Layout} layout
 * @param {ReadonlyMap<number, Uint8Array>} hashes  of segments, as they were sent
 * @param {readonly number[]} numbers  those that are compared
 * @throws {Refusal} `file_changed`
 */
export async function compare(content, layout, hashes, numbers) {
  for (const number of numbers) {
    const hash = await sha256(await readSegment(content, layout, number));
    if (!isSame(hash, /** @type {Uint8Array} */ (hashes.get(number)))) throw new Refusal("file_changed");
  }
}
