/** Contents whose length says little (docs/accounts.md, 8.3). */

import { concat, isObject, u32, viewOf } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { decode, encode } from "./canonical-json.js";

const BLOCK = 1024;
const LENGTH = 4;

/** `u32 length || canonical JSON || zeros` to the next multiple of 1,024 bytes. @param {unknown} value */
export function paddedJson(value) {
  const content = encode(value);
  const plaintext = new Uint8Array(whole(LENGTH + content.length));
  plaintext.set(concat(u32(content.length), content));
  return plaintext;
}

/**
 * The object that `paddedJson` wrote so.
 * @param {Uint8Array} plaintext
 * @param {string} code  of the refusal of everything else
 * @returns {Record<string, unknown>}
 */
export function unpaddedJson(plaintext, code) {
  refuse(plaintext.length < LENGTH, code);
  const end = LENGTH + viewOf(plaintext).getUint32(0);
  refuse(plaintext.length !== whole(end), code);
  refuse(plaintext.subarray(end).some((byte) => byte !== 0), code);
  let value;
  try {
    value = decode(plaintext.subarray(LENGTH, end));
  } catch {
    throw new Refusal(code);
  }
  if (!isObject(value)) throw new Refusal(code);
  return value;
}

/** @param {number} size */
const whole = (size) => Math.ceil(size / BLOCK) * BLOCK;
