/**
 * Attachments: what a message says of one, and its chunks (docs/protocol.md, section 14). The key is drawn for one
 * attachment and stands in its message alone. What is sent again are the bytes that were sealed, never others under the
 * same key: nonces are counted.
 */

import { concat, fromBase64url, isBase64url, isInteger, isWellFormed, toBase64url, u32, u64, utf8 } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { aeadOpen, aeadSeal } from "./keys.js";
import { padme } from "./lengths.js";
import { ID_BYTES, SECRET_BYTES, TAG_BYTES, VIEW_LIMIT_SECONDS, VIEW_SECONDS } from "./limits.js";

/**
 * What a message says of one. All but id and key is the author's claim; `view` and `viewLimit` as in a text, null where absent.
 * @typedef {object} Attachment
 * @property {string} name
 * @property {string} mime
 * @property {number} size
 * @property {Uint8Array} id
 * @property {Uint8Array} key
 * @property {number|null} view
 * @property {number|null} viewLimit
 *
 * @typedef {import("./envelope.js").Place} Place  of the message; its chunks are bound to it too
 * @typedef {import("./envelope.js").Content} Content
 */

/** The type of the content that says what an attachment is. */
export const FILE = "file";
export const ATTACHMENT_BYTES = 10_485_760;
/** Bytes of plaintext in a chunk, all but the last; what the smallest are filled up to; of a name. */
export const CHUNK_BYTES = 262_144;
export const PADDED_LEAST = 65_536;
export const NAME_BYTES = 255;

const LABEL = utf8("ephemeral/v1/attachment");
const NONCE_HEAD = u32(0);
const MIME = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/;

/**
 * What an attachment of so many bytes is filled up to.
 * @param {number} size
 * @throws {Refusal} `attachment_size`
 */
export function paddedLength(size) {
  refuse(!isInteger(size, 1, ATTACHMENT_BYTES), "attachment_size");
  return padme(Math.max(size, PADDED_LEAST));
}

/**
 * How many chunks there are.
 * @param {number} padded
 * @throws {Refusal} `attachment_size` for a length that no attachment has
 */
export function chunksOf(padded) {
  refuse(!isInteger(padded, PADDED_LEAST, ATTACHMENT_BYTES) || padme(padded) !== padded, "attachment_size");
  return Math.ceil(padded / CHUNK_BYTES);
}

/**
 * Bytes of a sealed chunk.
 * @param {number} padded
 * @param {number} at
 * @throws {Refusal} `attachment_length` for a chunk that isn't there
 */
export function sealedLength(padded, at) {
  refuse(!isInteger(at, 0, chunksOf(padded) - 1), "attachment_length");
  return Math.min(CHUNK_BYTES, padded - at * CHUNK_BYTES) + TAG_BYTES;
}

/**
 * @param {Attachment} file
 * @returns {Content}
 * @throws {Refusal} `content_field` for what no reader takes
 */
export function fileContent({ name, mime, size, id, key, view, viewLimit }) {
  const content = {
    type: FILE, name, mime, size, attachment: toBase64url(id), key: toBase64url(key),
    ...(view !== null && { view }), ...(viewLimit !== null && { view_limit: viewLimit }),
  };
  readFile(content);
  return content;
}

/** @param {boolean} isRight */
function insist(isRight) {
  if (!isRight) throw new Refusal("content_field");
}

/**
 * What a content of that type says, as `readContent` gave it. Other keys are ignored, as in any content.
 * @param {Content} content
 * @returns {Attachment}
 * @throws {Refusal} `content_field`
 */
export function readFile({ name, mime, size, attachment, key, view, view_limit: limit }) {
  insist(typeof name === "string" && name !== "" && isWellFormed(name) && utf8(name).length <= NAME_BYTES);
  insist(typeof mime === "string" && MIME.test(mime));
  insist(isInteger(size, 1, ATTACHMENT_BYTES));
  insist(isBase64url(attachment, ID_BYTES) && isBase64url(key, SECRET_BYTES));
  insist(view === undefined || view === 0 || isInteger(view, ...VIEW_SECONDS));
  insist(limit === undefined || isInteger(limit, ...VIEW_LIMIT_SECONDS));
  return /** @type {Attachment} */ ({
    name, mime, size, id: fromBase64url(attachment), key: fromBase64url(key), view: view ?? null, viewLimit: limit ?? null,
  });
}

/** The chunks of one attachment, all of one length but the last. */
class Chunks {
  #file;
  #key;
  #bound;

  /**
   * @param {Attachment} file
   * @param {Place} place
   */
  constructor(file, { roomNonce, author, id }) {
    // Of another length, ids could be read as others under one tag.
    refuse(roomNonce.length !== SECRET_BYTES, "malformed");
    for (const one of [author, id, file.id]) refuse(one.length !== ID_BYTES, "malformed");
    /** @readonly */
    this.padded = paddedLength(file.size);
    /** @readonly */
    this.count = chunksOf(this.padded);
    this.#file = file;
    this.#key = derived(file.key, roomNonce);
    this.#bound = concat(LABEL, roomNonce, author, id, file.id);
  }

  /** @protected @returns {Promise<CryptoKey>} */
  get key() {
    return this.#key;
  }

  /** @protected @param {number} at */
  ad(at) {
    return concat(this.#bound, u32(at), Uint8Array.of(at === this.count - 1 ? 1 : 0));
  }

  /** How much of a chunk is content. @protected @param {number} at */
  contentLength(at) {
    return Math.min(Math.max(this.#file.size - at * CHUNK_BYTES, 0), CHUNK_BYTES);
  }
}

/** Seals what is sent once. The place's id is that of the message that will say it. */
export class Sealer extends Chunks {
  /**
   * @param {number} at
   * @param {Uint8Array} content  what there is of it from `at * CHUNK_BYTES` on, to the chunk's end or its own
   * @returns {Promise<Uint8Array>}
   * @throws {Refusal} `attachment_length`
   */
  async chunk(at, content) {
    const plaintext = new Uint8Array(sealedLength(this.padded, at) - TAG_BYTES);
    refuse(content.length !== this.contentLength(at), "attachment_length");
    plaintext.set(content);
    return aeadSeal(await this.key, nonce(at), plaintext, this.ad(at));
  }
}

/** Opens what a message says. */
export class Opener extends Chunks {
  /**
   * @param {Attachment} file
   * @param {Place} place
   * @param {number} padded  what the message's notice says of its length
   * @throws {Refusal} `attachment_size` for a size that isn't filled up to that
   */
  constructor(file, place, padded) {
    super(file, place);
    refuse(this.padded !== padded, "attachment_size");
  }

  /**
   * The content of a chunk, without padding.
   * @param {number} at
   * @param {Uint8Array} sealed
   * @returns {Promise<Uint8Array>}
   * @throws {Refusal} `attachment_length`, `attachment_open`, `attachment_padding`
   */
  async open(at, sealed) {
    refuse(sealed.length !== sealedLength(this.padded, at), "attachment_length");
    const plaintext = await aeadOpen(await this.key, nonce(at), sealed, this.ad(at));
    if (plaintext === null) throw new Refusal("attachment_open");
    const end = this.contentLength(at);
    refuse(plaintext.subarray(end).some((byte) => byte !== 0), "attachment_padding");
    return plaintext.subarray(0, end);
  }
}

/** @param {number} at */
const nonce = (at) => concat(NONCE_HEAD, u64(at));

/**
 * @param {Uint8Array} secret
 * @param {Uint8Array} salt
 */
async function derived(secret, salt) {
  const raw = /** @type {BufferSource} */ (secret);
  const base = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const by = { name: "HKDF", hash: "SHA-256", salt: /** @type {BufferSource} */ (salt), info: LABEL };
  return crypto.subtle.deriveKey(by, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
