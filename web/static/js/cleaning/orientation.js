/** How a picture is turned: all that is kept of what a camera writes beside it. */

import { begins, latin } from "./reading.js";

const TAG = 0x0112;
const ENTRIES_MOST = 512;

/**
 * 1 to 8 as Exif counts them; 1, which is upright, where it isn't told.
 * @param {Uint8Array} tiff
 */
export function orientationOf(tiff) {
  const isLittle = begins(tiff, 0, "II*\0");
  if (!isLittle && !begins(tiff, 0, "MM\0*")) return 1;
  const number = (/** @type {number} */ at, /** @type {number} */ count) => {
    const piece = tiff.subarray(at, at + count);
    const ordered = isLittle ? piece.slice().reverse() : piece;
    return ordered.reduce((sum, byte) => sum * 256 + byte, 0);
  };
  const start = number(4, 4);
  const entries = Math.min(number(start, 2), ENTRIES_MOST);
  for (let entry = 0; entry < entries; entry += 1) {
    const at = start + 2 + 12 * entry;
    if (at + 12 > tiff.length) return 1;
    if (number(at, 2) === TAG) {
      const value = number(at + 8, 2);
      return number(at + 2, 2) === 3 && number(at + 4, 4) === 1 && value >= 1 && value <= 8 ? value : 1;
    }
  }
  return 1;
}

/** TIFF that says this and nothing else. @param {number} orientation */
export const writtenOrientation = (orientation) =>
  latin(`MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0${String.fromCharCode(orientation)}\0\0\0\0\0\0`);
