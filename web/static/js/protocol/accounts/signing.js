/**
 * Ed25519 with a label for each use (docs/accounts.md, section 2), by Web Crypto. Private keys can't be exported.
 *
 * Keys are canonical points of prime order, and S is below the order of the group, so that one signature has one
 * verdict wherever it is checked: both are looked at here, before the browser is asked.
 */

import { concat, fromBase64url, hex } from "../encoding.js";
import { labelled } from "./derivation.js";
import { isPrimeOrderPoint } from "./points.js";

export const PUBLIC_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const SEED_BYTES = 32;

/**
 * All that device and recovery keys ever sign.
 * @typedef {"call-signal"|"chain"|"consent"|"content"|"epoch"|"leave"|"pins"|"proof"|"sealing"} Label
 */

/**
 * A pair of keys, and the bytes of the public one.
 * @typedef {CryptoKeyPair & {publicBytes: Uint8Array}} SigningKey
 */

const ALGORITHM = "Ed25519";
/** What PKCS #8 puts before the seed of such a key (RFC 8410). */
const PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);
/** The order of the group, least byte first. */
const ORDER = Uint8Array.from([
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
]);

/** A new key. @returns {Promise<SigningKey>} */
export async function generateKey() {
  const usages = /** @type {KeyUsage[]} */ (["sign", "verify"]);
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(ALGORITHM, false, usages));
  return { privateKey: pair.privateKey, publicKey: pair.publicKey, publicBytes: await publicBytes(pair) };
}

/**
 * The key of RFC 8032 that has these 32 bytes for its private key.
 * @param {Uint8Array} seed
 * @returns {Promise<SigningKey>}
 */
export async function keyFromSeed(seed) {
  if (seed.length !== SEED_BYTES) throw new TypeError("a seed has 32 bytes");
  const packed = concat(PKCS8, seed);
  try {
    // Only a key that can be exported tells the public one that belongs to it; it lives no longer than this.
    const open = await crypto.subtle.importKey("pkcs8", packed, ALGORITHM, true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", open);
    const raw = fromBase64url(x, PUBLIC_BYTES);
    const privateKey = await crypto.subtle.importKey("pkcs8", packed, ALGORITHM, false, ["sign"]);
    return { privateKey, publicKey: await imported(raw), publicBytes: raw };
  } finally {
    packed.fill(0);
  }
}

/** @param {CryptoKeyPair} pair */
export const publicBytes = async ({ publicKey }) =>
  new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));

/**
 * `Sign(key, label, data)`: 64 bytes.
 * @param {CryptoKeyPair} key
 * @param {Label} label
 * @param {Uint8Array} data
 */
export const signWith = async ({ privateKey }, label, data) =>
  new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, labelled(label, data)));

/**
 * Whether `signature` is `Sign(key, label, data)` by the key that `publicKey` belongs to; not by what is no valid
 * key, whatever the signature.
 * @param {Uint8Array} publicKey
 * @param {Label} label
 * @param {Uint8Array} data
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 */
export async function verify(publicKey, label, data, signature) {
  if (signature.length !== SIGNATURE_BYTES || !isBelowOrder(signature.subarray(32))) return false;
  if (isIdentity(signature.subarray(0, 32)) || !isValidKey(publicKey)) return false;
  const signed = /** @type {BufferSource} */ (signature);
  return crypto.subtle.verify(ALGORITHM, await imported(publicKey), signed, labelled(label, data));
}

/** What has been found out; a public key is no secret, and the same few are asked about all the time. */
const known = new Map();
const KNOWN_MOST = 4096;

/** Whether these bytes may be a key. @param {Uint8Array} publicKey @returns {boolean} */
export function isValidKey(publicKey) {
  const name = hex(publicKey);
  if (!known.has(name)) {
    if (known.size >= KNOWN_MOST) known.clear();
    known.set(name, isPrimeOrderPoint(publicKey));
  }
  return known.get(name);
}

/** @param {Uint8Array} raw */
function imported(raw) {
  const bytes = /** @type {BufferSource} */ (raw);
  return crypto.subtle.importKey("raw", bytes, ALGORITHM, true, ["verify"]);
}

/**
 * Whether this is the one point of small order that R could be for a key in force: Web Crypto wants it refused, and not
 * every engine does. Nobody draws its nonce.
 * @param {Uint8Array} point
 */
const isIdentity = (point) => point.every((byte, at) => byte === (at === 0 ? 1 : 0));

/** @param {Uint8Array} number  least byte first */
function isBelowOrder(number) {
  for (let at = ORDER.length - 1; at >= 0; at -= 1) {
    if (number[at] !== ORDER[at]) return number[at] < ORDER[at];
  }
  return false;
}
