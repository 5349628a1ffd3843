/**
 * MP4 and QuickTime: what may not stay is written over where it lies, so that nothing moves. A film is cleaned by
 * patches, since it may be larger than memory: they say where zeros, or these bytes, take the place of what is there.
 */

import { Reader, insist, kindAt, latin, notCleaned } from "./reading.js";
import { cleanedEntry } from "./samples.js";

/** Bytes of a box that is read whole; and how many boxes there may be. */
export const BOX_MOST = 64 * 2 ** 20;
const MANY = 100_000;

/** What may stay at the top, and inside what is read whole. */
const TOP = ["ftyp", "styp", "pdin", "mdat", "sidx"];
/** @type {Map<string, string[]>} */
const INSIDE = new Map(Object.entries({
  moov: ["mvhd", "trak", "mvex", "iods"],
  trak: ["tkhd", "edts", "mdia", "tref", "tapt"],
  edts: ["elst"],
  mdia: ["mdhd", "hdlr", "minf"],
  minf: ["vmhd", "smhd", "hdlr", "dinf", "stbl"],
  dinf: ["dref"],
  stbl: [
    "stsd", "stts", "ctts", "cslg", "stsc", "stsz", "stz2", "stco", "co64", "stss", "stps", "sdtp", "sbgp", "sgpd", "subs",
    "saiz", "saio",
  ],
  tapt: ["clef", "prof", "enof"],
  mvex: ["mehd", "trex"],
  moof: ["mfhd", "traf"],
  traf: ["tfhd", "tfdt", "trun", "sdtp", "sbgp", "sgpd", "subs", "saiz", "saio"],
  mfra: ["tfra", "mfro"],
}));
const WHOLE = ["moov", "moof", "mfra"];
/** Empty by what they are; what lies in them is what was there before. */
const FREE = ["free", "skip", "wide"];
/** How long a box of times is at least, by version. @type {Map<string, readonly number[]>} */
const TIMES = new Map([["mvhd", [100, 112]], ["tkhd", [84, 96]], ["mdhd", [24, 36]]]);
const KINDS = ["vide", "soun"];

/**
 * From `at` on so many bytes are these, or zero where there are none.
 * @typedef {{at: number, length: number, data: Uint8Array|null}} Patch
 *
 * @typedef {{kind: string, start: number, body: number, end: number}} Box
 */

/**
 * What to write over a film of so many bytes, in order.
 * @param {number} size
 * @param {(start: number, end: number) => Uint8Array|Promise<Uint8Array>} read  gives those from start to end
 * @returns {Promise<Patch[]>}
 * @throws {import("../protocol/errors.js").Refusal} `not_cleaned`
 */
export async function filmPatches(size, read) {
  const found = new Found();
  for (let at = 0; at < size;) {
    const box = boxOf(await read(at, Math.min(at + 16, size)), at, size);
    found.count();
    if (WHOLE.includes(box.kind)) {
      if (box.end - box.start > BOX_MOST) notCleaned("size");
      const data = await read(box.start, box.end);
      insist(data.length === box.end - box.start);
      new Whole(data, box.start, found).walk(box.kind, box.body - box.start, data.length);
    } else if (!TOP.includes(box.kind)) found.free(box);
    at = box.end;
  }
  insist(found.tracks > 0);
  return found.patches;
}

/**
 * A piece of the film that begins at `start`, with the patches written over it.
 * @param {Uint8Array} data
 * @param {number} start
 * @param {readonly Patch[]} patches
 */
export function overlay(data, start, patches) {
  const made = data.slice();
  for (const patch of patches) {
    const low = Math.max(patch.at, start);
    const high = Math.min(patch.at + patch.length, start + data.length);
    if (low >= high) continue;
    if (patch.data === null) made.fill(0, low - start, high - start);
    else made.set(patch.data.subarray(low - patch.at, high - patch.at), low - start);
  }
  return made;
}

/** The box at the beginning of `head`. @param {Uint8Array} head  @param {number} start  @param {number} end  of what it is in  @returns {Box} */
function boxOf(head, start, end) {
  const reader = new Reader(head);
  let length = reader.number(4);
  const kind = kindAt(reader.bytes(4), 0);
  if (length === 1) length = reader.number(8);
  else if (length === 0) length = end - start;
  insist(length >= reader.at && length <= end - start);
  return { kind, start, body: start + reader.at, end: start + length };
}

class Found {
  /** @type {Patch[]} */
  patches = [];
  tracks = 0;
  #boxes = 0;

  count() {
    this.#boxes += 1;
    if (this.#boxes > MANY) notCleaned("size");
  }

  /** @param {number} at  @param {Uint8Array} data */
  write(at, data) {
    this.patches.push({ at, length: data.length, data });
  }

  /** @param {number} start  @param {number} end */
  zero(start, end) {
    if (start < end) this.patches.push({ at: start, length: end - start, data: null });
  }

  /** The place stays, and nothing in it. @param {Box} box */
  free({ kind, start, body, end }) {
    if (!FREE.includes(kind)) this.write(start + 4, latin("free"));
    this.zero(body, end);
  }
}

/** A box that was read, and where it lies in the film. */
class Whole {
  #data;
  #start;
  #found;

  /** @param {Uint8Array} data  @param {number} start  @param {Found} found */
  constructor(data, start, found) {
    this.#data = data;
    this.#start = start;
    this.#found = found;
  }

  /** @param {string} parent  @param {number} start  counted, as `end`, from the beginning of what was read  @param {number} end */
  walk(parent, start, end) {
    const kinds = INSIDE.get(parent) ?? [];
    let handler = null;
    for (const box of this.#boxes(start, end)) {
      const { kind, body } = box;
      if (!kinds.includes(kind)) {
        const at = this.#start;
        this.#found.free({ kind, start: at + box.start, body: at + body, end: at + box.end });
      } else if (INSIDE.has(kind)) {
        if (kind === "trak") this.#found.tracks += 1;
        this.walk(kind, body, box.end);
      } else if (TIMES.has(kind)) this.#times(box);
      else if (kind === "hdlr") {
        handler = this.#handler(box);
        if (parent === "mdia" && !KINDS.includes(handler)) notCleaned("track");
      } else if (kind === "dref") this.#references(box);
      else if (kind === "stsd") this.#entries(box);
    }
    if (parent === "mdia" && handler === null) notCleaned("track");
  }

  /** @param {number} start  @param {number} end */
  *#boxes(start, end) {
    for (let at = start; at < end;) {
      this.#found.count();
      const box = boxOf(this.#data.subarray(at, Math.min(at + 16, end)), at, end);
      yield box;
      at = box.end;
    }
  }

  /** @param {Box} box */
  #times({ kind, body, end }) {
    const least = body < end ? TIMES.get(kind)?.[this.#data[body]] : undefined;
    insist(least !== undefined && end - body >= least);
    const at = this.#start + body + 4;
    this.#found.zero(at, at + (this.#data[body] === 1 ? 16 : 8));
  }

  /** What kind of track it is; its name and who made it go. @param {Box} box */
  #handler({ body, end }) {
    insist(end - body >= 24);
    this.#found.zero(this.#start + body + 12, this.#start + end);
    return kindAt(this.#data, body + 8);
  }

  /** Where the samples lie: in this file. Paths on somebody's disk may stand there. @param {Box} box */
  #references({ body, end }) {
    const reader = new Reader(this.#data, body, end);
    reader.bytes(4);
    for (let left = reader.number(4); left > 0; left -= 1) {
      this.#found.count();
      const { at } = reader;
      const length = reader.number(4);
      reader.bytes(4);
      insist(reader.number(4) % 2 === 1 && length >= 12);
      reader.bytes(length - 12);
      this.#found.zero(this.#start + at + 12, this.#start + at + length);
    }
    this.#found.zero(this.#start + reader.at, this.#start + end);
  }

  /** How samples are coded. @param {Box} box */
  #entries({ body, end }) {
    const reader = new Reader(this.#data, body, end);
    const version = reader.number(1);
    reader.bytes(3);
    for (let left = reader.number(4); left > 0; left -= 1) {
      this.#found.count();
      const { at } = reader;
      const length = reader.number(4);
      insist(length >= 16);
      reader.bytes(length - 4);
      const entry = this.#data.subarray(at, at + length);
      const cleaned = cleanedEntry(entry, version);
      if (cleaned.some((byte, place) => byte !== entry[place])) this.#found.write(this.#start + at, cleaned);
    }
    this.#found.zero(this.#start + reader.at, this.#start + end);
  }
}
