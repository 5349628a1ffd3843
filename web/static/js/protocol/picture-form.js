/**
 * What kind of picture this is and how large, by its own head, before anything decodes it: a file of a few bytes may
 * unfold to more than a machine has. What a browser makes of the rest is not looked at.
 */

import { concat, viewOf } from "./encoding.js";

/** Pixels of a picture that is shown. */
export const PIXELS_MOST = 50_000_000;

/** @typedef {{type: string, width: number, height: number}} PictureForm */

/**
 * @param {Uint8Array} bytes  of a file, from its beginning
 * @returns {PictureForm|null} null: none of the kinds that are shown, or not to be understood
 */
export function pictureForm(bytes) {
  for (const [type, read] of KINDS) {
    const [width, height] = attempt(() => read(bytes)) ?? [0, 0];
    if (width > 0 && height > 0) return { type, width, height };
  }
  return null;
}

/** @type {readonly [type: string, read: (bytes: Uint8Array) => [number, number]|null][]} */
const KINDS = Object.freeze([
  ["image/jpeg", jpeg], ["image/png", png], ["image/webp", webp], ["image/gif", gif], ["image/avif", avif],
]);

/** What ends too early isn't understood. @template T  @param {() => T} read  @returns {T|null} */
function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** @param {Uint8Array} bytes  @param {number} at  @param {string} text */
const says = (bytes, at, text) => Array.from(text).every((letter, step) => bytes[at + step] === letter.charCodeAt(0));

/** @param {Uint8Array} bytes  @returns {[number, number]|null} */
function png(bytes) {
  if (!says(bytes, 0, "\x89PNG\r\n\x1a\n") || !says(bytes, 12, "IHDR")) return null;
  const view = viewOf(bytes);
  return [view.getUint32(16), view.getUint32(20)];
}

/** The least that is in the first part of an extension; some read so much of it, whatever its length says. */
const EXTENSIONS = Object.freeze(new Map([[0x01, 12], [0xf9, 4], [0xff, 11]]));

/**
 * As large as the screen and all frames need: browsers widen it. Only where nothing stands that decoders skip in different ways.
 * @param {Uint8Array} bytes
 * @returns {[number, number]|null}
 */
function gif(bytes) {
  if (!says(bytes, 0, "GIF87a") && !says(bytes, 0, "GIF89a")) return null;
  const view = viewOf(bytes);
  const short = (/** @type {number} */ from) => view.getUint16(from, true);
  const table = (/** @type {number} */ flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let [width, height, frames] = [short(6), short(8), 0];
  for (let at = 13 + table(view.getUint8(10)); at < bytes.length && bytes[at] !== 0x3b;) {
    if (bytes[at] === 0x2c) {
      frames += 1;
      width = Math.max(width, short(at + 1) + short(at + 5));
      height = Math.max(height, short(at + 3) + short(at + 7));
      at += 11 + table(view.getUint8(at + 9));
    } else if (bytes[at] === 0x21 && view.getUint8(at + 2) >= (EXTENSIONS.get(bytes[at + 1]) ?? 0)) {
      at += 2;
    } else {
      return null;
    }
    while (bytes[at] > 0) at += 1 + bytes[at];
    at += 1;
  }
  return frames > 0 ? [width, height] : null;
}

/** Of its segments, the one that begins a frame. @param {Uint8Array} bytes  @returns {[number, number]|null} */
function jpeg(bytes) {
  if (!says(bytes, 0, "\xff\xd8\xff")) return null;
  const view = viewOf(bytes);
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // Behind these no length stands, and a decoder looks on where nothing was looked at here.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9)) return null;
    // DHT, JPG and DAC stand among the numbers of frames.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    if (marker === 0xda) return null;
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

/** @param {Uint8Array} bytes  @returns {[number, number]|null} */
function webp(bytes) {
  if (!says(bytes, 0, "RIFF") || !says(bytes, 8, "WEBP")) return null;
  const view = viewOf(bytes);
  if (says(bytes, 12, "VP8X")) return [1 + (view.getUint32(23, true) >>> 8), 1 + (view.getUint32(26, true) >>> 8)];
  if (says(bytes, 12, "VP8L") && bytes[20] === 0x2f) {
    const sides = view.getUint32(21, true);
    return [1 + (sides & 0x3fff), 1 + ((sides >>> 14) & 0x3fff)];
  }
  if (says(bytes, 12, "VP8 ") && says(bytes, 23, "\x9d\x01\x2a")) return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  return null;
}

/**
 * The largest that is named in it: it may be put together of smaller ones. One that moves has its sides elsewhere, and none here.
 * @param {Uint8Array} bytes
 * @returns {[number, number]|null}
 */
function avif(bytes) {
  if (!says(bytes, 4, "ftyp")) return null;
  const all = boxes(bytes);
  const [kind] = all;
  const brands = Array.from({ length: Math.floor(kind.body.length / 4) }, (_, at) => at * 4).filter((at) => at !== 4);
  const has = (/** @type {string} */ brand) => brands.some((at) => says(kind.body, at, brand));
  if (!has("avif") || has("avis") || all.some(({ name }) => name === "moov")) return null;
  const meta = inside(bytes, "meta").subarray(4);
  const sides = boxes(inside(inside(meta, "iprp"), "ipco")).filter(({ name }) => name === "ispe").map(({ body }) => {
    const view = viewOf(body);
    return /** @type {[number, number]} */ ([view.getUint32(4), view.getUint32(8)]);
  });
  return sides.sort(([a, b], [c, d]) => c * d - a * b)[0] ?? null;
}

/** @param {Uint8Array} bytes  @param {string} wanted */
const inside = (bytes, wanted) => boxes(bytes).find(({ name }) => name === wanted)?.body ?? concat();

/**
 * Boxes that stand one behind the other; of the last, the length may be left out.
 * @param {Uint8Array} bytes
 * @throws {RangeError} one isn't whole, or of another form: what follows isn't known
 */
function boxes(bytes) {
  const view = viewOf(bytes);
  const found = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = view.getUint32(at) || bytes.length - at;
    if (length < 8 || at + length > bytes.length) throw new RangeError("a box");
    found.push({ name: String.fromCharCode(...bytes.subarray(at + 4, at + 8)), body: bytes.subarray(at + 8, at + length) });
    at += length;
  }
  return found;
}
