/** Bytes taken in turn, of which none is believed to be there. */

import { Refusal } from "../protocol/errors.js";

/**
 * The one refusal of all that is here: nothing was removed, and why. `kind`: there is no list of what may stay in it;
 * `form`: it can't be read; `track`: a film has tracks besides picture and sound; `size`: too much of it.
 * @param {"kind"|"form"|"track"|"size"} why
 * @returns {never}
 */
export function notCleaned(why) {
  throw new Refusal("not_cleaned", { more: { why } });
}

/** @param {boolean} isRight */
export function insist(isRight) {
  if (!isRight) notCleaned("form");
}

/** @param {Uint8Array} data  @param {number} at  @param {string} text  in Latin-1 */
export function begins(data, at, text) {
  if (at + text.length > data.length) return false;
  for (let step = 0; step < text.length; step += 1) if (data[at + step] !== text.charCodeAt(step)) return false;
  return true;
}

/** @param {Uint8Array} data  @param {number} at  @returns {string} four characters */
export const kindAt = (data, at) => String.fromCharCode(...data.subarray(at, at + 4));

/** @param {string} text  in Latin-1 */
export const latin = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Joins more pieces than a call takes arguments. @param {readonly Uint8Array[]} parts */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Segments, chunks or blocks of a file. Each costs memory many times its few bytes. */
const PARTS_MOST = 100_000;

/** Takes from a piece of memory; what isn't there is `not_cleaned`. */
export class Reader {
  #parts = 0;

  /**
   * @param {Uint8Array} data
   * @param {number} [at]
   * @param {number} [end]
   */
  constructor(data, at = 0, end = data.length) {
    this.data = data;
    this.at = at;
    this.end = end;
  }

  get left() {
    return this.end - this.at;
  }

  /** Another part begins: too many are refused. */
  part() {
    this.#parts += 1;
    if (this.#parts > PARTS_MOST) notCleaned("size");
  }

  /** The next ones. @param {number} count */
  bytes(count) {
    insist(count >= 0 && count <= this.left);
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  /** The next ones as a number, the most significant first; beyond what numbers hold it is more than any length. @param {number} count */
  number(count) {
    return this.bytes(count).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** The next ones as a number, the least significant first. @param {number} count */
  smallEnd(count) {
    return this.bytes(count).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }
}
