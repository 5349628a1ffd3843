/** Colour profiles: those of screens have serial numbers and dates in them. */

import { viewOf } from "../protocol/encoding.js";
import { begins, kindAt } from "./reading.js";

/** Bytes of a profile that is looked at. */
export const PROFILE_MOST = 4 * 2 ** 20;

const HEADER = 128;
const ENTRY = 12;
const TAGS_MOST = 100;
/** What colours are computed from. */
const TAGS = new Set([
  "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC", "kTRC", "wtpt", "bkpt", "chad",
  "A2B0", "A2B1", "A2B2", "B2A0", "B2A1", "B2A2", "gamt", "lumi", "cicp",
]);
const TYPES = new Set(["XYZ ", "curv", "para", "sf32", "mft1", "mft2", "mAB ", "mBA ", "cicp"]);
/** Of the header: whose program is preferred, date, platform, manufacturer and model, who made it, its hash, and what is reserved. */
const UNTOLD = [[4, 8], [24, 36], [40, 44], [48, 56], [80, 128]];

/**
 * As long as it was, with nothing but what colours need.
 * @param {Uint8Array} profile
 * @returns {Uint8Array|null} null for what is no profile
 */
export function cleanedProfile(profile) {
  if (profile.length < HEADER + 4) return null;
  const view = viewOf(profile);
  const size = view.getUint32(0);
  if (size < HEADER + 4 || size > Math.min(profile.length, PROFILE_MOST) || !begins(profile, 36, "acsp")) return null;
  const count = view.getUint32(HEADER);
  const behind = HEADER + 4 + ENTRY * count;
  if (count > TAGS_MOST || behind > size) return null;
  const made = new Uint8Array(profile.length);
  made.set(profile.subarray(0, HEADER));
  for (const [start, end] of UNTOLD) made.fill(0, start, end);
  let kept = 0;
  for (let entry = 0; entry < count; entry += 1) {
    const at = HEADER + 4 + ENTRY * entry;
    const start = view.getUint32(at + 4);
    const length = view.getUint32(at + 8);
    const isThere = start >= behind && length >= 8 && start + length <= size;
    if (TAGS.has(kindAt(profile, at)) && isThere && TYPES.has(kindAt(profile, start))) {
      made.set(profile.subarray(at, at + ENTRY), HEADER + 4 + ENTRY * kept);
      made.set(profile.subarray(start, start + length), start);
      kept += 1;
    }
  }
  viewOf(made).setUint32(HEADER, kept);
  return kept === 0 ? null : made;
}
