/** WebP, moving or not: chunks that may stay are those of picture and colour. */

import { viewOf } from "../protocol/encoding.js";
import { cleanedProfile } from "./icc.js";
import { orientationOf, writtenOrientation } from "./orientation.js";
import { Reader, begins, insist, joined, kindAt, latin } from "./reading.js";

const PICTURES = ["VP8 ", "VP8L"];
const IN_FRAME = ["ALPH", ...PICTURES];
const ONCE = ["VP8X", "ANIM", "ICCP", ...IN_FRAME];
const [MOVES, EXIF, ALPHA, COLOUR] = [0x02, 0x08, 0x10, 0x20];

/**
 * Nothing of what follows the length that it says of itself.
 * @param {Uint8Array} data
 */
export function cleanedWebp(data) {
  const reader = new Reader(data);
  insist(begins(reader.bytes(4), 0, "RIFF"));
  const size = reader.smallEnd(4);
  insist(begins(reader.bytes(4), 0, "WEBP"));
  const inside = new Reader(reader.bytes(size - 4));
  /** @type {{kind: string, bytes: Uint8Array}[]} */
  let made = [];
  /** @type {Set<string>} */
  const found = new Set();
  let flags = 0;
  let orientation = 1;
  for (const [kind, content] of chunksOf(inside)) {
    insist(!(found.has(kind) && ONCE.includes(kind)));
    insist(!(PICTURES.includes(kind) && PICTURES.some((one) => found.has(one))));
    if (kind === "EXIF") {
      orientation = orientationOf(begins(content, 0, "Exif\0\0") ? content.subarray(6) : content);
      continue;
    }
    const kept = keptOf(kind, content);
    if (kept === null) continue;
    if (kind === "VP8X") {
      insist(found.size === 0);
      flags = content[0] & (MOVES | ALPHA);
    } else if (kind === "ICCP") flags |= COLOUR;
    made.push({ kind, bytes: chunk(kind, kept) });
    found.add(kind);
  }
  insist(["ANMF", ...PICTURES].some((one) => found.has(one)));
  if (found.has("VP8X")) {
    if (orientation > 1) {
      flags |= EXIF;
      made.push({ kind: "EXIF", bytes: chunk("EXIF", writtenOrientation(orientation)) });
    }
    made[0].bytes[8] = flags;
  } else {
    made = made.filter(({ kind }) => PICTURES.includes(kind));
    insist(made.length > 0);
  }
  const whole = joined([latin("WEBP"), ...made.map(({ bytes }) => bytes)]);
  return joined([latin("RIFF"), little(whole.length), whole]);
}

/** What of a chunk may stay; null: nothing. @param {string} kind  @param {Uint8Array} content */
function keptOf(kind, content) {
  if (kind === "VP8X") {
    insist(content.length === 10);
    return joined([new Uint8Array(4), content.subarray(4)]);
  }
  if (kind === "ICCP") return cleanedProfile(content);
  if (kind === "ANIM") return content.subarray(0, 6);
  if (kind === "ANMF") return frame(content);
  return IN_FRAME.includes(kind) ? content : null;
}

/** @param {Reader} reader  @returns {Generator<[string, Uint8Array]>} */
function* chunksOf(reader) {
  while (reader.left > 0) {
    reader.part();
    const kind = kindAt(reader.bytes(4), 0);
    const length = reader.smallEnd(4);
    const content = reader.bytes(length);
    reader.bytes(length % 2);
    yield [kind, content];
  }
}

/** @param {number} number */
function little(number) {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, number, true);
  return bytes;
}

/** @param {string} kind  @param {Uint8Array} content */
const chunk = (kind, content) =>
  joined([latin(kind), little(content.length), content, new Uint8Array(content.length % 2)]);

/** @param {Uint8Array} content */
function frame(content) {
  const reader = new Reader(content);
  const made = [reader.bytes(16)];
  let pictures = 0;
  for (const [kind, one] of chunksOf(reader)) {
    if (PICTURES.includes(kind)) pictures += 1;
    if (IN_FRAME.includes(kind)) made.push(chunk(kind, one));
  }
  insist(pictures > 0);
  return joined(made);
}
