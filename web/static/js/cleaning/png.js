/** PNG, moving or not: chunks that may stay are those of picture and colour. */

import { concat, u32, viewOf } from "../protocol/encoding.js";
import { PROFILE_MOST, cleanedProfile } from "./icc.js";
import { orientationOf, writtenOrientation } from "./orientation.js";
import { Reader, begins, insist, joined, kindAt, latin } from "./reading.js";

const SIGNATURE = "\x89PNG\r\n\x1a\n";
const LENGTH_MOST = 2 ** 31 - 1;
/** What may stay, and how long it is. @type {Map<string, readonly [number, number]>} */
const KEPT = new Map([
  ["IHDR", [13, 13]], ["PLTE", [3, 768]], ["IDAT", [0, LENGTH_MOST]], ["IEND", [0, 0]],
  ["tRNS", [1, 256]], ["gAMA", [4, 4]], ["cHRM", [32, 32]], ["sRGB", [1, 1]], ["cICP", [4, 4]],
  ["sBIT", [1, 4]], ["pHYs", [9, 9]], ["acTL", [8, 8]], ["fcTL", [26, 26]], ["fdAT", [4, LENGTH_MOST]],
]);
const STORED = 65_535;

/**
 * Nothing of what follows its end; what a decoder must know and isn't known here is refused.
 * @param {Uint8Array} data
 */
export async function cleanedPng(data) {
  const reader = new Reader(data);
  insist(begins(reader.bytes(8), 0, SIGNATURE));
  const made = [data.subarray(0, 8)];
  let orientation = 1;
  let profiles = 0;
  let kind = "";
  while (kind !== "IEND") {
    reader.part();
    const start = reader.at;
    const length = reader.number(4);
    kind = kindAt(reader.bytes(4), 0);
    const content = reader.bytes(length);
    reader.bytes(4);
    insist((made.length === 1) === (kind === "IHDR"));
    const lengths = KEPT.get(kind);
    if (lengths !== undefined) {
      insist(length >= lengths[0] && length <= lengths[1]);
      made.push(data.subarray(start, reader.at));
    } else if (kind === "iCCP") {
      // One is allowed, and each becomes megabytes of a few bytes.
      if (profiles === 0) made.push(await profileOf(content));
      profiles += 1;
    } else if (kind === "eXIf") orientation = orientationOf(content);
    else insist((kind.charCodeAt(0) & 0x20) !== 0);
  }
  if (orientation > 1) made.splice(2, 0, chunk("eXIf", writtenOrientation(orientation)));
  return joined(made);
}

/** @param {string} kind  @param {Uint8Array} content */
function chunk(kind, content) {
  const body = concat(latin(kind), content);
  return concat(u32(content.length), body, u32(crc32(body)));
}

/** The chunk again without a name; nothing where it can't be read. @param {Uint8Array} content */
async function profileOf(content) {
  const nothing = new Uint8Array(0);
  const end = content.indexOf(0);
  if (end < 0 || end > 79 || content[end + 1] !== 0) return nothing;
  const profile = await inflated(content.subarray(end + 2));
  const cleaned = profile === null ? null : cleanedProfile(profile);
  return cleaned === null ? nothing : chunk("iCCP", concat(latin("icc\0\0"), stored(cleaned)));
}

/** @param {Uint8Array} data  @returns {Promise<Uint8Array|null>} null for what isn't zlib, or becomes too much */
async function inflated(data) {
  const inflater = new DecompressionStream("deflate");
  const writer = inflater.writable.getWriter();
  // What goes wrong here is said by the other end.
  writer.write(/** @type {BufferSource} */ (data)).catch(() => undefined);
  writer.close().catch(() => undefined);
  const reader = inflater.readable.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(parts);
      size += value.byteLength;
      if (size > PROFILE_MOST) {
        await reader.cancel();
        return null;
      }
      parts.push(value);
    }
  } catch {
    return null;
  }
}

/** Zlib without compression: the same bytes in any language. @param {Uint8Array} data */
function stored(data) {
  /** @type {Uint8Array[]} */
  const made = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at < data.length; at += STORED) {
    const piece = data.subarray(at, at + STORED);
    const head = new Uint8Array(5);
    head[0] = at + STORED >= data.length ? 1 : 0;
    viewOf(head).setUint16(1, piece.length, true);
    viewOf(head).setUint16(3, piece.length ^ 0xffff, true);
    made.push(head, piece);
  }
  let [low, high] = [1, 0];
  for (const byte of data) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return joined([...made, u32(high * 65_536 + low)]);
}

/** @param {Uint8Array} data */
function crc32(data) {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
