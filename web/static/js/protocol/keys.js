/**
 * The key schedule (docs/protocol.md, section 4). Keys leave these functions as non-extractable
 * `CryptoKey`s; only the locator, which is a credential, comes as bytes.
 */

import { ARGON2ID, PBKDF2 } from "./config.js";
import { concat, utf8 } from "./encoding.js";
import { refuse } from "./errors.js";
import { NONCE_BYTES, SECRET_BYTES } from "./limits.js";

/**
 * @typedef {object} Argon2Options
 * @property {Uint8Array} password
 * @property {Uint8Array} salt
 * @property {number} memorySize  KiB
 * @property {number} iterations
 * @property {number} parallelism
 * @property {number} hashLength  bytes
 */

/** The labels of version 1. */
export const LABELS = Object.freeze({
  locator: "ephemeral/v1/locator",
  charterKey: "ephemeral/v1/charter",
  roomSecret: "ephemeral/v1/room-secret",
  messageKey: "ephemeral/v1/message",
  profileKey: "ephemeral/v1/profile",
  member: "ephemeral/v1/member",
  seatToken: "ephemeral/v1/seat-token",
  seatMessages: "ephemeral/v1/seat-messages",
  resume: "ephemeral/v1/resume",
});

/** HMAC's zero padding makes an empty salt the same as the 32 zero bytes of RFC 5869. */
const NO_SALT = new Uint8Array(0);

/**
 * @param {string} label
 * @param {...Uint8Array} rest
 * @returns {Uint8Array} associated data
 */
export const labelled = (label, ...rest) => concat(utf8(label), ...rest);

/**
 * The root (3.1). Web Crypto has no Argon2, so that is passed in.
 * @param {string} code  canonical
 * @param {{suite: number, salt: Uint8Array}} config
 * @param {(options: Argon2Options) => Promise<Uint8Array>} argon2id
 * @returns {Promise<Uint8Array>} 32 bytes
 * @throws {Refusal} `config_kdf`, `config_salt`
 */
export async function deriveRoot(code, { suite, salt }, argon2id) {
  refuse(suite !== ARGON2ID.suite && suite !== PBKDF2.suite, "config_kdf");
  refuse(salt.length !== SECRET_BYTES, "config_salt");
  if (suite === PBKDF2.suite) return pbkdf2(utf8(code), salt, PBKDF2.rounds);
  return argon2id({
    password: utf8(code),
    salt,
    memorySize: ARGON2ID.memory_kib,
    iterations: ARGON2ID.passes,
    parallelism: ARGON2ID.lanes,
    hashLength: ARGON2ID.length,
  });
}

/**
 * @param {Uint8Array} secret
 * @param {Uint8Array} salt
 * @param {number} rounds
 */
async function pbkdf2(secret, salt, rounds) {
  const password = /** @type {BufferSource} */ (secret);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const by = {
    name: "PBKDF2",
    hash: "SHA-256",
    salt: /** @type {BufferSource} */ (salt),
    iterations: rounds,
  };
  return new Uint8Array(await crypto.subtle.deriveBits(by, key, 8 * SECRET_BYTES));
}

/**
 * @param {Uint8Array} root
 * @returns {Promise<{locator: Uint8Array, charterKey: CryptoKey, roomSecret: CryptoKey}>}
 */
export async function roomKeys(root) {
  const base = await importHkdf(root);
  const bits = async (/** @type {string} */ label) =>
    new Uint8Array(await crypto.subtle.deriveBits(hkdfBy(NO_SALT, label), base, 256));
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const secret = await bits(LABELS.roomSecret);
  try {
    return {
      locator: await bits(LABELS.locator),
      charterKey: await crypto.subtle.deriveKey(
        hkdfBy(NO_SALT, LABELS.charterKey), base, hmac, false, ["sign", "verify"],
      ),
      roomSecret: await importHkdf(secret),
    };
  } finally {
    secret.fill(0);
  }
}

/**
 * @param {CryptoKey} roomSecret
 * @param {Uint8Array} roomNonce  from the charter: a room made again has other keys
 * @returns {Promise<{messageKey: CryptoKey, profileKey: CryptoKey}>}
 */
export async function contentKeys(roomSecret, roomNonce) {
  const key = (/** @type {string} */ label) =>
    crypto.subtle.deriveKey(
      hkdfBy(roomNonce, label), roomSecret, { name: "AES-GCM", length: 256 }, false,
      ["encrypt", "decrypt"],
    );
  return { messageKey: await key(LABELS.messageKey), profileKey: await key(LABELS.profileKey) };
}

/**
 * HKDF-SHA-256 (RFC 5869).
 * @param {Uint8Array} secret
 * @param {Uint8Array} salt
 * @param {string} label
 * @param {number} size  bytes
 */
export async function hkdf(secret, salt, label, size) {
  const base = await importHkdf(secret);
  return new Uint8Array(await crypto.subtle.deriveBits(hkdfBy(salt, label), base, 8 * size));
}

/** @param {Uint8Array} bytes */
export function importAead(bytes) {
  const raw = /** @type {BufferSource} */ (bytes);
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} nonce
 * @param {Uint8Array} plaintext
 * @param {Uint8Array} ad
 */
export async function aeadSeal(key, nonce, plaintext, ad) {
  const by = aeadBy(nonce, ad);
  const data = /** @type {BufferSource} */ (plaintext);
  return new Uint8Array(await crypto.subtle.encrypt(by, key, data));
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} nonce
 * @param {Uint8Array} sealed
 * @param {Uint8Array} ad
 * @returns {Promise<Uint8Array|null>} null when the tag is wrong
 */
export async function aeadOpen(key, nonce, sealed, ad) {
  const by = aeadBy(nonce, ad);
  try {
    const data = /** @type {BufferSource} */ (sealed);
    return new Uint8Array(await crypto.subtle.decrypt(by, key, data));
  } catch {
    return null;
  }
}

/** @param {Uint8Array} data */
export async function sha256(data) {
  const bytes = /** @type {BufferSource} */ (data);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** @param {Uint8Array} bytes */
function importHkdf(bytes) {
  const raw = /** @type {BufferSource} */ (bytes);
  return crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveBits", "deriveKey"]);
}

/**
 * HKDF-SHA-256 (RFC 5869).
 * @param {Uint8Array} salt
 * @param {string} info
 */
function hkdfBy(salt, info) {
  return {
    name: "HKDF",
    hash: "SHA-256",
    salt: /** @type {BufferSource} */ (salt),
    info: /** @type {BufferSource} */ (utf8(info)),
  };
}

/**
 * @param {Uint8Array} nonce
 * @param {Uint8Array} ad
 */
function aeadBy(nonce, ad) {
  // Web Crypto takes any length; with others, nonces are hashed and may meet.
  if (nonce.length !== NONCE_BYTES) throw new TypeError("a nonce has 12 bytes");
  return {
    name: "AES-GCM",
    iv: /** @type {BufferSource} */ (nonce),
    additionalData: /** @type {BufferSource} */ (ad),
    tagLength: 128,
  };
}
