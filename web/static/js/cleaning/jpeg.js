/** JPEG: segments that may stay are those that decoding needs. */

import { PROFILE_MOST, cleanedProfile } from "./icc.js";
import { orientationOf, writtenOrientation } from "./orientation.js";
import { Reader, begins, insist, joined, latin } from "./reading.js";

const SOI = Uint8Array.of(0xff, 0xd8);
const EOI = Uint8Array.of(0xff, 0xd9);
const END = 0xd9;
const SCAN = 0xda;
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcb]);
/** What would change how the rest is decoded, and no browser knows; or has no place between segments. */
const UNKNOWN = new Set([
  0x00, 0x01, 0xc5, 0xc6, 0xc7, 0xc8, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xdc, 0xde, 0xdf,
]);
const [APP0, APP1, APP2, APP14] = [0xe0, 0xe1, 0xe2, 0xee];
const [JFIF, EXIF, ICC, ADOBE] = ["JFIF\0", "Exif\0\0", "ICC_PROFILE\0", "Adobe"];
/** Of a profile in one segment. */
const PIECE = 65_533 - ICC.length - 2;

/** Whether a payload is that of such a table, and nothing else. @type {Map<number, (payload: Uint8Array) => boolean>} */
const TABLES = new Map([
  [0xdb, (payload) => isFilled(payload, (at) => (payload[at] >> 4 === 0 ? 65 : 129))],
  [0xc4, (payload) => isFilled(payload, (at) => payload.subarray(at + 1, at + 17).reduce((sum, one) => sum + one, 17))],
  [0xcc, (payload) => payload.length % 2 === 0],
  [0xdd, (payload) => payload.length === 2],
]);

/** @param {Uint8Array} payload  @param {(at: number) => number} lengthAt */
function isFilled(payload, lengthAt) {
  let at = 0;
  while (at < payload.length) at += lengthAt(at);
  return at === payload.length;
}

/**
 * The picture alone, turned as it was; nothing of what follows its first end.
 * @param {Uint8Array} data
 */
export function cleanedJpeg(data) {
  const reader = new Reader(data);
  insist(begins(reader.bytes(2), 0, "\xff\xd8"));
  const told = new Told();
  /** @type {Uint8Array[]} */
  const body = [];
  let frames = 0;
  let scans = 0;
  for (let marker = nextMarker(reader); marker !== END; marker = nextMarker(reader)) {
    insist(!UNKNOWN.has(marker));
    const payload = reader.bytes(reader.number(2) - 2);
    const isTable = TABLES.get(marker);
    if (marker === SCAN) {
      insist(frames === 1 && payload.length > 0 && payload.length === 4 + 2 * payload[0]);
      scans += 1;
      body.push(segment(marker, payload), scan(reader));
    } else if (FRAMES.has(marker)) {
      insist(payload.length > 5 && payload.length === 6 + 3 * payload[5]);
      insist(payload[1] !== 0 || payload[2] !== 0);
      frames += 1;
      body.push(segment(marker, payload));
    } else if (isTable !== undefined) {
      insist(isTable(payload));
      body.push(segment(marker, payload));
    } else told.take(marker, payload);
  }
  insist(scans > 0);
  return joined([SOI, ...told.segments(), ...body, EOI]);
}

/** @param {Reader} reader */
function nextMarker(reader) {
  reader.part();
  insist(reader.number(1) === 0xff);
  let marker = 0xff;
  while (marker === 0xff) marker = reader.number(1);
  return marker;
}

/** @param {number} marker  @param {Uint8Array} payload */
function segment(marker, payload) {
  const length = payload.length + 2;
  return joined([Uint8Array.of(0xff, marker, length >> 8, length & 0xff), payload]);
}

/** What is coded, to the next marker that isn't a restart. @param {Reader} reader */
function scan(reader) {
  const { data, end } = reader;
  for (let at = data.indexOf(0xff, reader.at); ; at = data.indexOf(0xff, at + 2)) {
    insist(at >= 0 && at + 1 < end);
    const next = data[at + 1];
    if (next !== 0 && (next < 0xd0 || next > 0xd7)) return reader.bytes(at - reader.at);
  }
}

/** What stands beside the picture, as far as it is needed to show it. */
class Told {
  #jfif = /** @type {Uint8Array|null} */ (null);
  #adobe = /** @type {Uint8Array|null} */ (null);
  #orientation = 0;
  /** @type {Map<number, Uint8Array>} */
  #profile = new Map();
  #isWhole = true;
  #count = 0;

  /** @param {number} marker  @param {Uint8Array} payload */
  take(marker, payload) {
    if (marker === APP0 && begins(payload, 0, JFIF) && payload.length >= 14) {
      // Without the small picture that may follow.
      this.#jfif ??= joined([payload.subarray(0, 12), new Uint8Array(2)]);
    } else if (marker === APP1 && begins(payload, 0, EXIF)) {
      this.#orientation ||= orientationOf(payload.subarray(EXIF.length));
    } else if (marker === APP2 && begins(payload, 0, ICC) && payload.length > ICC.length + 2) {
      const [at, count] = payload.subarray(ICC.length);
      if (this.#profile.has(at) || (this.#profile.size > 0 && this.#count !== count)) this.#isWhole = false;
      this.#count = count;
      this.#profile.set(at, payload.subarray(ICC.length + 2));
    } else if (marker === APP14 && begins(payload, 0, ADOBE) && payload.length >= 12) {
      this.#adobe ??= payload.subarray(0, 12);
    }
  }

  segments() {
    const made = [];
    if (this.#jfif !== null) made.push(segment(APP0, this.#jfif));
    if (this.#orientation > 1) made.push(segment(APP1, joined([latin(EXIF), writtenOrientation(this.#orientation)])));
    const profile = this.#wholeProfile();
    const count = Math.ceil(profile.length / PIECE);
    for (let at = 0; at < count; at += 1) {
      const piece = profile.subarray(at * PIECE, (at + 1) * PIECE);
      made.push(segment(APP2, joined([latin(ICC), Uint8Array.of(at + 1, count), piece])));
    }
    if (this.#adobe !== null) made.push(segment(APP14, this.#adobe));
    return made;
  }

  /** Nothing unless each of its pieces is there once. */
  #wholeProfile() {
    const nothing = new Uint8Array(0);
    const { size } = this.#profile;
    if (!this.#isWhole || size === 0 || size !== this.#count) return nothing;
    const pieces = [];
    for (let at = 1; at <= size; at += 1) pieces.push(this.#profile.get(at) ?? null);
    const whole = pieces.filter((piece) => piece !== null);
    if (whole.length !== size) return nothing;
    const profile = joined(whole);
    return (profile.length <= PROFILE_MOST ? cleanedProfile(profile) : null) ?? nothing;
  }
}
