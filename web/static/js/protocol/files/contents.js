/**
 * What signed messages say of files (docs/files.md, 9). Whoever can read the message that names a file has the key with
 * it: the server has none of it.
 */

import { fromBase64url, isInteger, isObject, toBase64url } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { ID_BYTES, SECRET_BYTES } from "../limits.js";
import { PADDED_LEAST, SIZE_MOST } from "./layout.js";

/** The kinds of these contents. */
export const FILE = "file";
export const DIGEST = "digest";
/** Files that one message names. */
export const FILES_MOST = 20;
const HASH_BYTES = 32;

/**
 * A file, how long it is in the store, and SHA-256 of its sealed info.
 * @typedef {{file: import("./keys.js").FileKey, padded: number, info: Uint8Array}} Reference
 *
 * What own devices know of a file: where it was named, and until when it may be there.
 * @typedef {Reference & {conversation: string, device: string, message: string, digest: Uint8Array|null, until: number}} Registered
 *
 * All of a file is there. Device and id of the message that names it, its id, its digest.
 * @typedef {{device: Uint8Array, message: Uint8Array, file: Uint8Array, digest: Uint8Array}} Confirmation
 */

/**
 * The body of a content of kind `file`.
 * @param {readonly Reference[]} references
 * @throws {Refusal} `content_form` for what no reader takes
 */
export function filesBody(references) {
  const body = {
    files: references.map(({ file: { id, key }, padded, info }) =>
      ({ file: toBase64url(id), key: toBase64url(key), padded, info: toBase64url(info) })),
  };
  readFiles(body);
  return body;
}

/**
 * 1 to 20 files, none twice.
 * @param {unknown} body
 * @returns {Reference[]}
 * @throws {Refusal} `content_form`
 */
export function readFiles(body) {
  const { files } = fields(body, "files");
  if (!Array.isArray(files) || files.length < 1 || files.length > FILES_MOST) throw new Refusal("content_form");
  const found = files.map(readReference);
  refuse(new Set(files.map(({ file }) => file)).size !== found.length, "content_form");
  return found;
}

/** The body of a content of kind `digest`. @param {Confirmation} confirmation */
export const confirmationBody = ({ device, message, file, digest }) => ({
  of: { device: toBase64url(device), id: toBase64url(message) }, file: toBase64url(file), digest: toBase64url(digest),
});

/**
 * What `confirmationBody` gave.
 * @param {unknown} body
 * @returns {Confirmation}
 * @throws {Refusal} `content_form`
 */
export function readConfirmation(body) {
  const { of, file, digest } = fields(body, "digest", "file", "of");
  const { device, id } = fields(of, "device", "id");
  return {
    device: bytes(device, ID_BYTES), message: bytes(id, ID_BYTES), file: bytes(file, ID_BYTES), digest: bytes(digest, HASH_BYTES),
  };
}

/**
 * The value of register `files` under a file's id (docs/conversations.md, 9.2).
 * @param {Registered} registered
 */
export const registeredValue = ({ file: { key }, padded, info, conversation, device, message, digest, until }) => ({
  conversation, device, id: message, key: toBase64url(key), padded, info: toBase64url(info),
  digest: digest === null ? null : toBase64url(digest), until,
});

/**
 * What `registeredValue` gave.
 * @param {string} id  of the file, which is its key in the register
 * @param {unknown} value
 * @returns {Registered}
 * @throws {Refusal} `content_form`: it is passed over
 */
export function readRegistered(id, value) {
  const { conversation, device, id: message, digest, until, ...one } =
    fields(value, "conversation", "device", "digest", "id", "info", "key", "padded", "until");
  for (const named of [conversation, device, message]) bytes(named, ID_BYTES);
  if (!isInteger(until)) throw new Refusal("content_form");
  return {
    ...readReference({ ...one, file: id }), conversation: String(conversation), device: String(device), message: String(message),
    digest: digest === null ? null : bytes(digest, HASH_BYTES), until,
  };
}

/** @param {unknown} value  @returns {Reference} */
function readReference(value) {
  const { file, key, padded, info } = fields(value, "file", "info", "key", "padded");
  // Whether this is a length that files have is asked when it is opened: one that isn't makes no other file of the same
  // message unreadable.
  if (!isInteger(padded, PADDED_LEAST, SIZE_MOST)) throw new Refusal("content_form");
  return { file: { id: bytes(file, ID_BYTES), key: bytes(key, SECRET_BYTES) }, padded, info: bytes(info, HASH_BYTES) };
}

/**
 * @param {unknown} value
 * @param {string[]} names  in order
 * @returns {Record<string, unknown>}
 */
function fields(value, ...names) {
  if (!isObject(value) || Object.keys(value).sort().join() !== names.join()) throw new Refusal("content_form");
  return value;
}

/** @param {unknown} text  @param {number} length */
function bytes(text, length) {
  try {
    return fromBase64url(text, length);
  } catch {
    throw new Refusal("content_form");
  }
}
