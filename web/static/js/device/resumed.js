/** What a reload finds of what the tab kept before (resume.js). */

import { fromBase64url, isObject, readJson } from "../protocol/encoding.js";
import { aeadOpen, importAead } from "../protocol/keys.js";
import { NONCE_BYTES } from "../protocol/limits.js";
import { ENTRY } from "./kept-until.js";
import { Resume, labelFor } from "./resume.js";

const LIMIT = 1_048_576;

/** @typedef {import("./tab-storage.js").TabStorage} TabStorage */

/**
 * @param {TabStorage} storage
 * @returns {string|null} the token, if this tab holds one
 */
export const keptToken = (storage) => read(storage)?.token ?? null;

/**
 * @param {TabStorage} storage
 * @param {Uint8Array} key  the server's half
 * @returns {Promise<{resume: Resume, seat: import("./resume.js").SeatRecord, progress: import("./resume.js").Progress}|null>} null if the two
 *   halves don't belong together
 */
export async function openKept(storage, key) {
  const kept = read(storage);
  if (kept === null) return null;
  const aead = await importAead(key);
  const seat = await unseal(aead, "/seat", kept.seat);
  const progress = await unseal(aead, "/progress", kept.progress);
  if (seat === null || progress === null) return null;
  const resume = new Resume(storage, aead, kept.token, kept.seat, kept.lasts);
  return {
    resume,
    seat: /** @type {import("./resume.js").SeatRecord} */ (seat),
    progress: /** @type {import("./resume.js").Progress} */ (progress),
  };
}

/**
 * @param {TabStorage} storage
 * @returns {{token: string, seat: string, progress: string, lasts: number|null}|null}
 */
function read(storage) {
  try {
    const kept = readJson(storage.getItem(ENTRY) ?? "null", LIMIT);
    if (!isObject(kept)) return null;
    const { token, seat, progress, lasts } = kept;
    if ([token, seat, progress].some((part) => typeof part !== "string")) return null;
    return {
      token: String(token), seat: String(seat), progress: String(progress),
      lasts: typeof lasts === "number" ? lasts : null,
    };
  } catch {
    return null;
  }
}

/**
 * @param {CryptoKey} key
 * @param {string} part
 * @param {string} sealed
 * @returns {Promise<unknown>} null if it was not sealed so
 */
async function unseal(key, part, sealed) {
  try {
    const bytes = fromBase64url(sealed);
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const plaintext = await aeadOpen(key, nonce, bytes.subarray(NONCE_BYTES), labelFor(part));
    return plaintext === null ? null : readJson(plaintext, LIMIT);
  } catch {
    return null;
  }
}
