/**
 * The objects of a file (docs/files.md, 5 to 7). An object begins with the salt of the attempt that sealed it. Whoever
 * seals other bytes has drawn another salt, and with it another key, so that the counted nonces never meet.
 */

import { isSame } from "../accounts/derivation.js";
import { concat, u32, u64, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal, sha256 } from "../keys.js";
import { segmentKey } from "./keys.js";
import { CHUNK_BYTES, SALT_BYTES, TAG_BYTES, checkSize } from "./layout.js";

/**
 * @typedef {import("./keys.js").FileKey} FileKey
 * @typedef {import("./layout.js").Layout} Layout
 */

const CHUNK_LABEL = utf8("ephemeral/v1/file/chunk");
const DIGEST_LABEL = utf8("ephemeral/v1/file/digest");
const NONCE_HEAD = u32(0);
/** Chunks at a time: more make nothing faster, and fewer leave the processor waiting. */
const AT_ONCE = 4;

/**
 * The object for these bytes: sealed again, they become another.
 * @param {FileKey} file
 * @param {Layout} layout
 * @param {number} number
 * @param {Uint8Array} plaintext
 * @param {(size: number) => Uint8Array} random
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `segment_length`
 */
export async function sealSegment(file, layout, number, plaintext, random) {
  const { length, chunks, sealedLength } = layout.segment(number);
  refuse(plaintext.length !== length, "segment_length");
  const salt = random(SALT_BYTES);
  const key = await segmentKey(file, number, salt);
  const object = new Uint8Array(sealedLength);
  object.set(salt);
  await inTurn(chunks, async (at) => {
    const chunk = plaintext.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES);
    object.set(await aeadSeal(key, nonce(at), chunk, bound(file, layout, number, at)), placeOf(at));
  });
  return object;
}

/** Opens chunks of one object, of which the salt was read: for who plays from the middle. */
export class Opener {
  #file;
  #layout;
  #segment;
  #key;

  /**
   * @param {FileKey} file
   * @param {Layout} layout
   * @param {number} number
   * @param {Uint8Array} salt
   */
  constructor(file, layout, number, salt) {
    refuse(salt.length !== SALT_BYTES, "segment_length");
    this.#file = file;
    this.#layout = layout;
    this.#segment = layout.segment(number);
    this.#key = segmentKey(file, number, salt);
  }

  /**
   * A chunk, counted from 0 in its segment.
   * @param {number} at
   * @param {Uint8Array} sealed
   * @returns {Promise<Uint8Array>}
   * @throws {Refusal} `segment_length`, `segment_open`
   */
  async open(at, sealed) {
    const { number, length, chunks } = this.#segment;
    refuse(at < 0 || at >= chunks, "segment_length");
    refuse(sealed.length !== Math.min(CHUNK_BYTES, length - at * CHUNK_BYTES) + TAG_BYTES, "segment_length");
    const plaintext = await aeadOpen(await this.#key, nonce(at), sealed, bound(this.#file, this.#layout, number, at));
    if (plaintext === null) throw new Refusal("segment_open");
    return plaintext;
  }
}

/**
 * What an object holds, padding too.
 * @param {FileKey} file
 * @param {Layout} layout
 * @param {number} number
 * @param {Uint8Array} object
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `segment_length`, `segment_open`
 */
export async function openSegment(file, layout, number, object) {
  const { length, chunks, sealedLength } = layout.segment(number);
  refuse(object.length !== sealedLength, "segment_length");
  const opener = new Opener(file, layout, number, object.subarray(0, SALT_BYTES));
  const plaintext = new Uint8Array(length);
  await inTurn(chunks, async (at) => {
    plaintext.set(await opener.open(at, object.subarray(placeOf(at), placeOf(at + 1))), at * CHUNK_BYTES);
  });
  return plaintext;
}

/**
 * What a segment holds of a file of `size` bytes, without padding.
 * @param {Layout} layout
 * @param {number} number
 * @param {number} size
 * @param {Uint8Array} plaintext
 * @returns {Uint8Array}
 * @throws {Refusal} `file_size` (that isn't filled up to this length), `segment_length`, and `file_padding` for anything
 *   but zeros behind the end
 */
export function contentOf(layout, number, size, plaintext) {
  checkSize(layout.padded, size);
  const { start, length } = layout.segment(number);
  refuse(plaintext.length !== length, "segment_length");
  const end = Math.min(Math.max(size - start, 0), length);
  refuse(plaintext.subarray(end).some((byte) => byte !== 0), "file_padding");
  return plaintext.subarray(0, end);
}

/**
 * What a sender signs once all is there.
 * @param {Uint8Array} id
 * @param {Layout} layout
 * @param {number} size
 * @param {readonly Uint8Array[]} hashes  SHA-256 of each segment's plaintext, padding too
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `file_size`; `file_digest` for more or fewer than there are segments
 */
export async function fileDigest(id, layout, size, hashes) {
  checkSize(layout.padded, size);
  refuse(hashes.length !== layout.count, "file_digest");
  return sha256(concat(DIGEST_LABEL, id, u64(size), ...hashes));
}

/**
 * @param {Uint8Array} digest
 * @param {Uint8Array} id
 * @param {Layout} layout
 * @param {number} size
 * @param {readonly Uint8Array[]} hashes
 * @throws {Refusal} `file_digest` unless the sender has signed for exactly this content
 */
export async function checkDigest(digest, id, layout, size, hashes) {
  refuse(!isSame(await fileDigest(id, layout, size, hashes), digest), "file_digest");
}

/** Where a chunk begins in its object. @param {number} at */
const placeOf = (at) => SALT_BYTES + at * (CHUNK_BYTES + TAG_BYTES);

/** @param {number} at */
const nonce = (at) => concat(NONCE_HEAD, u64(at));

/**
 * What a chunk is bound to: its place, and whether the file ends with it.
 * @param {FileKey} file
 * @param {Layout} layout
 * @param {number} number
 * @param {number} at
 */
function bound({ id }, layout, number, at) {
  const isLast = number === layout.count - 1 && at === layout.segment(number).chunks - 1;
  return concat(CHUNK_LABEL, id, u32(number), u32(at), Uint8Array.of(isLast ? 1 : 0));
}

/**
 * @param {number} count
 * @param {(at: number) => Promise<void>} run  once for each number below
 */
async function inTurn(count, run) {
  const numbers = Array(count).keys();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const at of numbers) await run(at);
  }));
}
