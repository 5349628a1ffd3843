/** The keys of a file, all from the one that its sender's message holds (docs/files.md, 2). None of them can be exported. */

import { concat, u32, utf8 } from "../encoding.js";

export const INFO_LABEL = utf8("ephemeral/v1/file/info");
const SEGMENT_LABEL = utf8("ephemeral/v1/file/segment");

/**
 * A file's id, and what everything in it is sealed under. The server has the id alone.
 * @typedef {{readonly id: Uint8Array, readonly key: Uint8Array}} FileKey
 */

/** What a file's name and the like are sealed under. @param {FileKey} file */
export const infoKey = ({ id, key }) => derived(key, id, INFO_LABEL);

/**
 * What one attempt at a segment is sealed under; each attempt draws its own salt.
 * @param {FileKey} file
 * @param {number} number
 * @param {Uint8Array} salt
 */
export const segmentKey = ({ id, key }, number, salt) => derived(key, salt, concat(SEGMENT_LABEL, id, u32(number)));

/**
 * @param {Uint8Array} secret
 * @param {Uint8Array} salt
 * @param {Uint8Array} info
 */
async function derived(secret, salt, info) {
  const raw = /** @type {BufferSource} */ (secret);
  const base = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const by = { name: "HKDF", hash: "SHA-256", salt: /** @type {BufferSource} */ (salt), info: /** @type {BufferSource} */ (info) };
  return crypto.subtle.deriveKey(by, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
