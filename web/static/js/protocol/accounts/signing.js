/**
 * Ed25519 with a label for each use (docs/accounts.md, section 2), by Web Crypto: making keys, and signing with them.
 * Private keys can't be exported. Whether a signature is right is verifying.js's, which carries more.
 */

import { concat, fromBase64url } from "../encoding.js";
import { labelled } from "./derivation.js";

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

export const ALGORITHM = "Ed25519";
/** What PKCS #8 puts before the seed of such a key (RFC 8410). */
const PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);

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
    return { privateKey, publicKey: await importPublic(raw), publicBytes: raw };
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

/** The key of these bytes, whatever the browser takes for one. @param {Uint8Array} raw */
export function importPublic(raw) {
  const bytes = /** @type {BufferSource} */ (raw);
  return crypto.subtle.importKey("raw", bytes, ALGORITHM, true, ["verify"]);
}
