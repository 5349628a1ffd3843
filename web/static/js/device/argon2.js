/**
 * Argon2id (RFC 9106) by WebAssembly: that fills the memory, which is nearly all of the work; what it begins
 * with and what becomes of its last block are done here.
 */

import { ARGON2_WASM } from "../../vendor/hash-wasm/argon2-wasm.js";
import { concat } from "../protocol/encoding.js";
import { blake2b } from "./blake2b.js";

const BLOCK_BYTES = 1024;
const VERSION = 0x13;
const ARGON2ID = 2;
/** Parts of the memory are filled one after the other. */
const SLICES = 4;

/**
 * What the WebAssembly exports. It finds the parameters behind the memory that it fills.
 * @typedef {object} Filler
 * @property {WebAssembly.Memory} memory
 * @property {(bytes: number) => void} Hash_SetMemorySize
 * @property {() => number} Hash_GetBuffer
 * @property {(length: number, kibibytes: number) => void} Hash_Calculate
 */

/**
 * @param {import("../protocol/keys.js").Argon2Options} options
 * @returns {Promise<Uint8Array>}
 * @throws {RangeError} too little memory
 */
export async function argon2id({ password, salt, memorySize, iterations, parallelism, hashLength }) {
  const digits = ARGON2_WASM.match(/../g) ?? [];
  const code = Uint8Array.from(digits, (pair) => Number.parseInt(pair, 16));
  const { instance } = await WebAssembly.instantiate(code);
  const filler = /** @type {Filler} */ (/** @type {unknown} */ (instance.exports));
  const size = BLOCK_BYTES * memorySize;
  // In this order: what is asked for first says where the memory begins.
  const place = filler.Hash_GetBuffer();
  filler.Hash_SetMemorySize(size + BLOCK_BYTES);
  const memory = new Uint8Array(filler.memory.buffer, place, size + BLOCK_BYTES);
  const parameters = words(parallelism, hashLength, memorySize, iterations, VERSION, ARGON2ID);
  memory.set(parameters, size);
  // There is neither a secret nor associated data.
  const start = blake2b(
    concat(parameters, words(password.length), password, words(salt.length), salt, words(0, 0)), 64,
  );
  const blocks = SLICES * Math.floor(memorySize / (SLICES * parallelism));
  for (let lane = 0; lane < parallelism; lane += 1) {
    for (const block of [0, 1]) {
      memory.set(stretched(concat(start, words(block, lane)), BLOCK_BYTES), BLOCK_BYTES * (blocks * lane + block));
    }
  }
  filler.Hash_Calculate(0, memorySize);
  return stretched(memory.subarray(0, BLOCK_BYTES), hashLength);
}

/** @param {...number} numbers  @returns {Uint8Array} 32 bits each, the lowest byte first */
function words(...numbers) {
  const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, at) => { bytes.setUint32(4 * at, number, true); });
  return new Uint8Array(bytes.buffer);
}

/**
 * A hash of any length (RFC 9106, 3.3).
 * @param {Uint8Array} data
 * @param {number} size
 */
function stretched(data, size) {
  const parts = [];
  let left = size;
  /** @type {Uint8Array} */
  let hash = concat(words(size), data);
  for (; left > 64; left -= 32) {
    hash = blake2b(hash, 64);
    parts.push(hash.slice(0, 32));
  }
  return concat(...parts, blake2b(hash, left));
}
