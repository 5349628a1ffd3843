/** How the samples of a film are coded: names of programs and of profiles go, sizes stay. */

import { viewOf } from "../protocol/encoding.js";
import { cleanedProfile } from "./icc.js";
import { insist, kindAt, latin } from "./reading.js";

/** Where the boxes inside begin. Of sound that depends on its version. */
const PICTURE_HEAD = 86;
const SOUND_HEADS = [36, 52, 72];
const PICTURES = new Set([
  "avc1", "avc2", "avc3", "avc4", "hvc1", "hev1", "dvh1", "dvhe", "av01", "vp08", "vp09", "mp4v", "s263", "h263", "jpeg",
  "mjpa", "mjpb", "apch", "apcn", "apcs", "apco", "ap4h", "ap4x",
]);
const SOUNDS = new Set([
  "mp4a", "alac", "Opus", "ac-3", "ec-3", "ac-4", "samr", "sawb", "sowt", "twos", "lpcm", "in24", "in32", "fl32", "fl64",
  "ipcm", "fpcm", "ulaw", "alaw", ".mp3", "raw ",
]);
const KEPT = new Set([
  "avcC", "hvcC", "lhvC", "av1C", "vpcC", "dvcC", "dvvC", "dvwC", "esds", "d263", "damr", "pasp", "clap", "gama", "fiel",
  "btrt", "mdcv", "clli", "chan", "chnl", "srat", "alac", "dOps", "dac3", "dec3", "dac4", "pcmC", "frma", "enda", "mp4a",
  "\0\0\0\0",
]);

/**
 * One of a sample description of that version, as long as it was. A kind of coding that isn't known here may have
 * anything in it.
 * @param {Uint8Array} entry
 * @param {number} version
 * @throws {import("../protocol/errors.js").Refusal} `not_cleaned`
 */
export function cleanedEntry(entry, version) {
  const made = entry.slice();
  const kind = kindAt(entry, 4);
  const isPicture = PICTURES.has(kind);
  insist(isPicture || SOUNDS.has(kind));
  let head = PICTURE_HEAD;
  if (isPicture) made.fill(0, 50, 82);
  else {
    // What version 1 of a sample description calls version 1 is not QuickTime's.
    insist(entry.length >= 18);
    head = version === 1 ? SOUND_HEADS[0] : SOUND_HEADS[viewOf(entry).getUint16(16)];
  }
  insist(head !== undefined && entry.length >= head);
  made.fill(0, 20, 24);
  cleanInside(made, head, made.length, "wave");
  return made;
}

/**
 * What lies behind the head.
 * @param {Uint8Array} made
 * @param {number} from
 * @param {number} end
 * @param {string|null} holder  the kind of box that holds others like these
 */
function cleanInside(made, from, end, holder) {
  let start = from;
  while (end - start >= 8) {
    const length = viewOf(made).getUint32(start);
    if (length === 0 && made.subarray(start, end).every((byte) => byte === 0)) return;
    insist(length >= 8 && length <= end - start);
    const kind = kindAt(made, start + 4);
    const until = start + length;
    if (kind === holder) cleanInside(made, start + 8, until, null);
    else if (kind === "colr") cleanColour(made, start, until);
    else if (!KEPT.has(kind)) free(made, start, until);
    start = until;
  }
  made.fill(0, start, end);
}

/** @param {Uint8Array} made  @param {number} start  @param {number} until */
function cleanColour(made, start, until) {
  const kind = until - start < 12 ? "" : kindAt(made, start + 8);
  if (kind === "nclx" || kind === "nclc") return;
  const profile = kind === "prof" || kind === "rICC" ? cleanedProfile(made.slice(start + 12, until)) : null;
  if (profile === null) free(made, start, until);
  else made.set(profile, start + 12);
}

/** @param {Uint8Array} made  @param {number} start  @param {number} until */
function free(made, start, until) {
  made.set(latin("free"), start + 4);
  made.fill(0, start + 8, until);
}
