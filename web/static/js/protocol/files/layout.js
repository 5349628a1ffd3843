/**
 * How long a file is in the store, and into which objects it is cut (docs/files.md, 3 and 4). All of it follows from the
 * padded length, alike for whoever sends, reads or stores. Lengths go beyond 32 bits: no operator of bits is used.
 */

import { isInteger } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { padme } from "../lengths.js";

/** Bytes of plaintext in a chunk, all but a file's last; of a chunk's tag, and a segment's salt. */
export const CHUNK_BYTES = 262_144;
export const TAG_BYTES = 16;
export const SALT_BYTES = 16;
export const PADDED_LEAST = 4096;
/** 16 GiB, which is a padded length as well. */
export const SIZE_MOST = 2 ** 34;

/** Segments at both ends of a larger file: an index of its film lies there, and is had early. */
const EDGES = 4;
const SMALL = 2 ** 20;
const MIDDLE = 2 ** 21;
const LARGE = 2 ** 23;
/** Up to here all segments are small; up to here those between the ends are of the middle size. */
const ALL_SMALL_MOST = 2 ** 24;
const MIDDLE_MOST = 2 ** 30;

/** Bytes of the largest object. */
export const SEALED_MOST = SALT_BYTES + LARGE + (LARGE / CHUNK_BYTES) * TAG_BYTES;

/**
 * What a file of so many bytes is filled up to. That costs 6.25 % at most and leaves few lengths to tell files apart by.
 * @param {number} size
 * @throws {Refusal} `file_size`
 */
export function paddedLength(size) {
  refuse(!isInteger(size, 0, SIZE_MOST), "file_size");
  return padme(Math.max(size, PADDED_LEAST));
}

/**
 * @param {number} padded
 * @param {number} size
 * @throws {Refusal} `file_size` unless so many bytes are filled up to that length
 */
export function checkSize(padded, size) {
  refuse(paddedLength(size) !== padded, "file_size");
}

/**
 * One object. The plaintext that it holds begins at `start` of the file.
 * @typedef {object} Segment
 * @property {number} number
 * @property {number} start
 * @property {number} length
 * @property {number} chunks
 * @property {number} sealedLength  bytes of the object
 */

/** The segments of a file with this padded length. */
export class Layout {
  #middle = 0;
  #step = SMALL;

  /**
   * @param {number} padded
   * @throws {Refusal} `file_layout` for a number that isn't one of these lengths
   */
  constructor(padded) {
    const isKnown = isInteger(padded, PADDED_LEAST, SIZE_MOST) && paddedLength(padded) === padded;
    refuse(!isKnown, "file_layout");
    /** @readonly */
    this.padded = padded;
    if (padded > ALL_SMALL_MOST) {
      this.#step = padded <= MIDDLE_MOST ? MIDDLE : LARGE;
      this.#middle = padded - 2 * EDGES * SMALL;
    }
    /** @readonly */
    this.count = this.#middle === 0 ? Math.ceil(padded / SMALL) : 2 * EDGES + Math.ceil(this.#middle / this.#step);
  }

  /**
   * @param {number} number
   * @returns {Segment}
   * @throws {Refusal} `file_layout` for a number that no segment has
   */
  segment(number) {
    refuse(!isInteger(number, 0, this.count - 1), "file_layout");
    const [start, end] = this.#bounds(number);
    const length = Math.min(end, this.padded) - start;
    const chunks = Math.ceil(length / CHUNK_BYTES);
    return { number, start, length, chunks, sealedLength: SALT_BYTES + length + chunks * TAG_BYTES };
  }

  /** @param {number} number */
  #bounds(number) {
    if (this.#middle === 0 || number < EDGES) return [number * SMALL, (number + 1) * SMALL];
    if (number < this.count - EDGES) {
      const start = EDGES * SMALL + (number - EDGES) * this.#step;
      return [start, Math.min(start + this.#step, EDGES * SMALL + this.#middle)];
    }
    const end = this.padded - (this.count - 1 - number) * SMALL;
    return [end - SMALL, end];
  }

  /**
   * That which holds the byte at `offset`.
   * @param {number} offset
   * @throws {Refusal} `file_layout` for one beyond the end
   */
  at(offset) {
    refuse(!isInteger(offset, 0, this.padded - 1), "file_layout");
    const middle = offset - EDGES * SMALL;
    if (this.#middle === 0 || middle < 0) return this.segment(Math.floor(offset / SMALL));
    if (middle < this.#middle) return this.segment(EDGES + Math.floor(middle / this.#step));
    return this.segment(this.count - 1 - Math.floor((this.padded - 1 - offset) / SMALL));
  }

  /**
   * In which segments are best sent: the first, those that hold the index of a film, both ends, the middle. Nobody
   * has to.
   * @param {Iterable<number>} [wanted]
   * @returns {number[]}
   */
  order(wanted = []) {
    const ends = Array.from({ length: Math.min(EDGES, this.count) }, (_, at) => this.count - 1 - at);
    const chosen = new Set([0, ...wanted, ...ends, ...Array(this.count).keys()]);
    for (const one of chosen) if (!isInteger(one, 0, this.count - 1)) throw new Refusal("file_layout");
    return [...chosen];
  }
}
