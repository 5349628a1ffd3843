/**
 * Messages: content that a device has signed, in an entry that only members open (docs/conversations.md, section 6).
 */

import { isSame } from "../accounts/derivation.js";
import { SIGNATURE_BYTES, signWith } from "../accounts/signing.js";
import { DEVICE_BYTES, HASH_BYTES } from "../accounts/statements.js";
import { verify } from "../accounts/verifying.js";
import { concat, u32, u64, viewOf } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal, sha256 } from "../keys.js";
import { ID_BYTES, NONCE_BYTES, TAG_BYTES } from "../limits.js";
import { CONTENT_BYTES, decode } from "./contents.js";
import { messageKey } from "./epochs.js";
import { SUITE } from "./records.js";

const VERSION = 1;
const LENGTH_BYTES = 4;
/** What is known of an entry without opening it. */
export const AD_BYTES = 2 + ID_BYTES + HASH_BYTES + DEVICE_BYTES + ID_BYTES + 8 + HASH_BYTES;
/** What padded content may weigh, smallest first. */
export const PADDED_SIZES = Object.freeze([256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 49_408]);
const OVERHEAD_BYTES = AD_BYTES + NONCE_BYTES + SIGNATURE_BYTES + TAG_BYTES;
/** What an entry may weigh. */
export const MESSAGE_BYTES = Object.freeze(PADDED_SIZES.map((size) => size + OVERHEAD_BYTES));

/**
 * What stands before the sealed part of an entry, and is bound to it. `seen` and `log` say up to where its sender had
 * read, and what.
 * @typedef {object} Ad
 * @property {Uint8Array} conversation  16 bytes
 * @property {Uint8Array} record  `R`, 32 bytes
 * @property {Uint8Array} device  the sender's, 16 bytes
 * @property {Uint8Array} id  16 bytes
 * @property {number} seen
 * @property {Uint8Array} log  32 bytes
 *
 * `raw` are the bytes of the content: what was signed, with `ad`.
 * @typedef {object} Opened
 * @property {import("./contents.js").Content} content
 * @property {Uint8Array} raw
 * @property {Uint8Array} signature
 * @property {Uint8Array} ad
 * @property {Ad} heading
 *
 * @typedef {object} Reading  what a reader knows who opens an entry
 * @property {Uint8Array} seed  of the epoch
 * @property {import("./records.js").SignedRecord} signed  the record in force at the entry's place
 * @property {number} recordPlace  the place of that record in the log
 * @property {import("./lines.js").Lines} lines
 * @property {number} place  of the entry
 * @property {Uint8Array} device  that the log names
 * @property {(place: number) => Uint8Array|null} logAt  the reader's own hash of the log; null where it has none
 */

/** @param {Ad} heading */
const adOf = ({ conversation, record, device, id, seen, log }) =>
  concat(Uint8Array.of(VERSION, SUITE), conversation, record, device, id, u64(seen), log);

/**
 * @param {CryptoKey} key  of `messageKey`
 * @param {Ad} heading
 * @param {Uint8Array} nonce  12 random bytes, new for every entry
 * @param {CryptoKeyPair} signing  the device's
 * @param {Uint8Array} content  of `contents.encode`
 * @returns {Promise<Uint8Array>} the entry
 * @throws {Refusal} `content_form` for what is too long
 */
export async function sealMessage(key, heading, nonce, signing, content) {
  refuse(content.length > CONTENT_BYTES, "content_form");
  const ad = adOf(heading);
  const signature = await signWith(signing, "content", await signed(ad, content));
  const padded = new Uint8Array(paddedSize(content.length));
  padded.set(concat(u32(content.length), content));
  return concat(ad, nonce, await aeadSeal(key, nonce, concat(signature, padded), ad));
}

/**
 * What an entry says without being opened.
 * @param {Uint8Array} entry
 * @returns {Ad}
 * @throws {Refusal} `message_length`, `message_version`
 */
export function readAd(entry) {
  refuse(!MESSAGE_BYTES.includes(entry.length), "message_length");
  refuse(entry[0] !== VERSION || entry[1] !== SUITE, "message_version");
  let at = 2;
  const next = (/** @type {number} */ size) => {
    at += size;
    return entry.slice(at - size, at);
  };
  const [conversation, record, device, id] = [ID_BYTES, HASH_BYTES, DEVICE_BYTES, ID_BYTES].map(next);
  const seen = Number(viewOf(next(8)).getBigUint64(0));
  return { conversation, record, device, id, seen, log: next(HASH_BYTES) };
}

/**
 * Refusals in the order of 6.1.
 * @param {Reading} reading
 * @param {Uint8Array} entry
 * @returns {Promise<Opened>}
 * @throws {Refusal} `message_length`, `message_version`, `message_conversation`, `message_record`, `message_device`,
 *   `message_seen`, `log_fork`, `message_broken`, `message_padding`, `message_signature`, `content_form`
 */
export async function openMessage({ seed, signed: { record, hash }, recordPlace, lines, place, device, logAt }, entry) {
  const heading = readAd(entry);
  refuse(!isSame(heading.conversation, record.conversation), "message_conversation");
  refuse(!isSame(heading.record, hash), "message_record");
  const person = isSame(heading.device, device) ? record.personOf(device, lines) : null;
  const publicKey = person && lines.get(person.chain)?.at(person.sequence)?.keyOf(device);
  if (!publicKey) throw new Refusal("message_device");
  refuse(heading.seen < recordPlace || heading.seen >= place, "message_seen");
  refuse(!isSame(logAt(heading.seen) ?? new Uint8Array(0), heading.log), "log_fork");
  const ad = entry.slice(0, AD_BYTES);
  const nonce = entry.subarray(AD_BYTES, AD_BYTES + NONCE_BYTES);
  const key = await messageKey(seed, hash, device);
  const plaintext = await aeadOpen(key, nonce, entry.subarray(AD_BYTES + NONCE_BYTES), ad);
  if (plaintext === null) throw new Refusal("message_broken");
  const signature = plaintext.slice(0, SIGNATURE_BYTES);
  const raw = unpadded(plaintext.subarray(SIGNATURE_BYTES));
  refuse(!(await verifyContent(publicKey, ad, raw, signature)), "message_signature");
  return Object.freeze({ content: decode(raw), raw, signature, ad, heading });
}

/**
 * Whether a device said this: what whoever is shown a message by somebody else can check.
 * @param {Uint8Array} publicKey
 * @param {Uint8Array} ad
 * @param {Uint8Array} raw  the content's bytes
 * @param {Uint8Array} signature
 */
export const verifyContent = async (publicKey, ad, raw, signature) =>
  verify(publicKey, "content", await signed(ad, raw), signature);

/** @param {Uint8Array} ad  @param {Uint8Array} content */
const signed = async (ad, content) => concat(ad, await sha256(content));

/** @param {number} length  of the content */
const paddedSize = (length) =>
  PADDED_SIZES.find((size) => size >= LENGTH_BYTES + length) ?? 0;

/** @param {Uint8Array} padded */
function unpadded(padded) {
  const length = viewOf(padded).getUint32(0);
  const end = LENGTH_BYTES + length;
  refuse(length > CONTENT_BYTES || paddedSize(length) !== padded.length, "message_padding");
  refuse(padded.subarray(end).some((byte) => byte !== 0), "message_padding");
  return padded.slice(LENGTH_BYTES, end);
}
