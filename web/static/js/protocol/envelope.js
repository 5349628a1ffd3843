/** Messages: content in plaintext in an envelope (docs/protocol.md, section 8). */

import {
  concat, isInteger, isObject, isWellFormed, readJson, u32, u64, utf8, viewOf,
} from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { LABELS, aeadOpen, aeadSeal, labelled } from "./keys.js";
import {
  ENVELOPE_SIZES, ID_BYTES, NONCE_BYTES, SECRET_BYTES, TAG_BYTES, VIEW_LIMIT_SECONDS, VIEW_SECONDS,
} from "./limits.js";
import { isQuote } from "./quotes.js";

const VERSION = 1;
/** Version byte and nonce before the ciphertext, tag after it. */
const ENVELOPE_OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES;
/** Version, viewing bytes, counter, and length before the content. */
const HEADER_BYTES = 1 + SECRET_BYTES + 8 + 4;
const COUNTER_MOST = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * @typedef {Record<string, unknown> & {type: string}} Content  of type "text" it is a `TextContent`;
 *   other types and other keys are as they came
 *
 * @typedef {object} TextContent  a text (8.2)
 * @property {"text"} type
 * @property {string} text
 * @property {number} [view]  seconds; 0: until closed
 * @property {number} [view_limit]  seconds, whatever its reader wishes
 * @property {import("./quotes.js").Quote} [quote]
 *
 * @typedef {object} Place  what the associated data binds a message to
 * @property {Uint8Array} roomNonce
 * @property {Uint8Array} author  member id
 * @property {Uint8Array} id  message id
 *
 * @typedef {object} Message
 * @property {Uint8Array} viewing  32 random bytes, new for every message
 * @property {number} counter
 * @property {Content} content
 */

/**
 * @param {CryptoKey} messageKey
 * @param {Place} place
 * @param {Message} message
 * @param {Uint8Array} nonce  12 random bytes, new for every envelope
 * @returns {Promise<Uint8Array>} the envelope
 * @throws {Refusal} what a reader would refuse: `plaintext_counter`, `content_json`,
 *   `content_size`, `content_field`
 */
export async function sealMessage(messageKey, place, { viewing, counter, content }, nonce) {
  const ad = associatedData(place);
  refuse(!isInteger(counter, 1), "plaintext_counter");
  const bytes = encodeContent(content);
  const plaintext = new Uint8Array(plaintextSize(bytes.length));
  plaintext.set(concat(Uint8Array.of(VERSION), viewing, u64(counter), u32(bytes.length), bytes));
  const sealed = await aeadSeal(messageKey, nonce, plaintext, ad);
  return concat(Uint8Array.of(VERSION), nonce, sealed);
}

/**
 * Refusals in the order of 8.4.
 * @param {CryptoKey} messageKey
 * @param {Place} place
 * @param {Uint8Array} envelope
 * @returns {Promise<Message>}
 * @throws {Refusal} `malformed` (ids), `envelope_size`, `envelope_version`, `envelope_open`, `plaintext_version`,
 *   `plaintext_counter`, `plaintext_length`, `plaintext_padding`, `content_json`, `content_field`
 */
export async function openMessage(messageKey, place, envelope) {
  const ad = associatedData(place);
  refuse(!ENVELOPE_SIZES.includes(envelope.length), "envelope_size");
  refuse(envelope[0] !== VERSION, "envelope_version");
  const nonce = envelope.subarray(1, 1 + NONCE_BYTES);
  const sealed = envelope.subarray(1 + NONCE_BYTES);
  const plaintext = await aeadOpen(messageKey, nonce, sealed, ad);
  if (plaintext === null) throw new Refusal("envelope_open");
  refuse(plaintext[0] !== VERSION, "plaintext_version");
  const view = viewOf(plaintext);
  const counter = view.getBigUint64(1 + SECRET_BYTES);
  refuse(counter < 1n || counter > COUNTER_MOST, "plaintext_counter");
  const length = view.getUint32(HEADER_BYTES - 4);
  const end = HEADER_BYTES + length;
  refuse(end > plaintext.length || plaintextSize(length) !== plaintext.length, "plaintext_length");
  refuse(plaintext.subarray(end).some((byte) => byte !== 0), "plaintext_padding");
  return {
    viewing: plaintext.slice(1, 1 + SECRET_BYTES),
    counter: Number(counter),
    content: readContent(plaintext.subarray(HEADER_BYTES, end)),
  };
}

/**
 * @param {Content} content
 * @returns {Uint8Array} JSON without white space
 * @throws {Refusal} `content_json`, `content_size`, `content_field`
 */
export function encodeContent(content) {
  // JSON.stringify would write a lone surrogate as an escape, which no reader accepts.
  const json = JSON.stringify(content, (_, value) => {
    refuse(typeof value === "string" && !isWellFormed(value), "content_json");
    return value;
  });
  const bytes = utf8(json);
  plaintextSize(bytes.length);
  readContent(bytes);
  return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Content}
 * @throws {Refusal} `content_json` or `content_field`
 */
export function readContent(bytes) {
  let content;
  try {
    content = readJson(bytes);
  } catch {
    throw new Refusal("content_json");
  }
  if (!isObject(content) || typeof content.type !== "string") throw new Refusal("content_json");
  if (content.type === "text") {
    const { text, view, view_limit: limit, quote } = content;
    refuse(typeof text !== "string" || text === "", "content_field");
    refuse(view !== undefined && view !== 0 && !isInteger(view, ...VIEW_SECONDS), "content_field");
    refuse(limit !== undefined && !isInteger(limit, ...VIEW_LIMIT_SECONDS), "content_field");
    refuse(quote !== undefined && !isQuote(quote), "content_field");
  }
  return /** @type {Content} */ (content);
}

/**
 * @param {number} contentBytes
 * @returns {number} bytes of the smallest plaintext that holds so much content
 * @throws {Refusal} `content_size`
 */
function plaintextSize(contentBytes) {
  const size = ENVELOPE_SIZES.find((s) => s - ENVELOPE_OVERHEAD - HEADER_BYTES >= contentBytes);
  if (size === undefined) throw new Refusal("content_size");
  return size - ENVELOPE_OVERHEAD;
}

/** @param {Place} place */
function associatedData({ roomNonce, author, id }) {
  // Of another length, two ids could be read as two others under one tag.
  refuse(author.length !== ID_BYTES || id.length !== ID_BYTES, "malformed");
  return labelled(LABELS.messageKey, roomNonce, author, id);
}
