/** Which kind a file is of by its first bytes, and what is left of it: what showing it needs. */

import { filmPatches, overlay } from "./film.js";
import { cleanedGif } from "./gif.js";
import { cleanedJpeg } from "./jpeg.js";
import { cleanedPng } from "./png.js";
import { begins, kindAt, notCleaned } from "./reading.js";
import { cleanedWebp } from "./webp.js";

export { filmPatches, overlay };

/** What `made_by` of a file says that went through here. */
export const CLEANER = "clean-1";

/** Pictures in the form of films. */
const STILL = [
  "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "mif2", "avif", "avis", "avio", "crx ",
  "jp2 ", "jpx ", "jxl ", "miaf",
];

/**
 * @param {Uint8Array} head  16 first bytes
 * @returns {"jpeg"|"png"|"webp"|"gif"|"film"|null} null: there is no list of what may stay
 */
export function kindOf(head) {
  if (begins(head, 0, "\xff\xd8\xff")) return "jpeg";
  if (begins(head, 0, "\x89PNG\r\n\x1a\n")) return "png";
  if (begins(head, 0, "RIFF") && begins(head, 8, "WEBP")) return "webp";
  if (begins(head, 0, "GIF87a") || begins(head, 0, "GIF89a")) return "gif";
  const kind = kindAt(head, 4);
  return ["moov", "wide"].includes(kind) || (kind === "ftyp" && !STILL.includes(kindAt(head, 8))) ? "film" : null;
}

/**
 * The file with nothing in it but what showing it needs.
 * @param {Uint8Array} data
 * @returns {Promise<Uint8Array>}
 * @throws {import("../protocol/errors.js").Refusal} `not_cleaned`
 */
export async function cleaned(data) {
  switch (kindOf(data.subarray(0, 16))) {
    case "jpeg": return cleanedJpeg(data);
    case "png": return cleanedPng(data);
    case "webp": return cleanedWebp(data);
    case "gif": return cleanedGif(data);
    case "film": return overlay(data, 0, await filmPatches(data.length, (start, end) => data.subarray(start, end)));
    default: return notCleaned("kind");
  }
}
