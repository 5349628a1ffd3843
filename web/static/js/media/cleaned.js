/** What is sent of what was picked: without what its metadata would tell, where that is wanted and can be done. */

import { CLEANER, cleaned as cleanedBytes, filmPatches, kindOf } from "../cleaning/clean.js";
import { HEAD_BYTES, mayTell } from "../cleaning/telling.js";
import { Refusal } from "../protocol/errors.js";

/** A picture is cleaned in memory. */
const PICTURE_BYTES = 104_857_600;
const ZEROS_BYTES = 1_048_576;

/**
 * Whether a file may tell more than it shows: `cleaned`, and that can be removed; `uncleaned`, and nobody here can.
 * @typedef {"nothing"|"cleaned"|"uncleaned"} Tells
 *
 * @param {File} file
 * @returns {Promise<Tells>}
 */
export async function whatItTells(file) {
  const head = await bytesOf(file.slice(0, HEAD_BYTES));
  if (kindOf(head) !== null) return "cleaned";
  return mayTell(head, file) ? "uncleaned" : "nothing";
}

/**
 * @param {Blob} file
 * @returns {Promise<{content: Blob, by: string}>} of the same file always the same
 * @throws {Refusal} `not_cleaned`: it can't be done for this one; `file_unreadable`
 */
export async function cleaned(file) {
  const kind = kindOf(await bytesOf(file.slice(0, HEAD_BYTES)));
  if (kind === null) throw new Refusal("not_cleaned");
  if (kind !== "film") {
    if (file.size > PICTURE_BYTES) throw new Refusal("not_cleaned");
    const bytes = await cleanedBytes(await bytesOf(file));
    return { content: new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: file.type }), by: CLEANER };
  }
  const patches = await filmPatches(file.size, (start, end) => bytesOf(file.slice(start, end)));
  /** @type {BlobPart[]} */
  const parts = [];
  let at = 0;
  for (const patch of patches) {
    parts.push(file.slice(at, patch.at), ...(patch.data === null ? zeros(patch.length) : [/** @type {Uint8Array<ArrayBuffer>} */ (patch.data)]));
    at = patch.at + patch.length;
  }
  parts.push(file.slice(at));
  return { content: new Blob(parts, { type: file.type }), by: CLEANER };
}

/** @param {number} length  @returns {BlobPart[]} */
function zeros(length) {
  const some = new Blob([new Uint8Array(Math.min(length, ZEROS_BYTES))]);
  const whole = Array(Math.floor(length / ZEROS_BYTES)).fill(some);
  return [...whole, some.slice(0, length % ZEROS_BYTES)];
}

/** @param {Blob} blob */
async function bytesOf(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new Refusal("file_unreadable");
  }
}
