/**
 * Hashes and keys, each under a label of its own (docs/accounts.md, section 1). No label is one of the rooms', so
 * that nothing made for a room is of use here, or the other way.
 */

import { ARGON2ID } from "../config.js";
import { concat, utf8 } from "../encoding.js";
import { hkdf, sha256 } from "../keys.js";
import { SECRET_BYTES } from "../limits.js";

/**
 * Web Crypto has no Argon2, so that is passed in.
 * @typedef {(options: import("../keys.js").Argon2Options) => Promise<Uint8Array>} Argon2id
 */

const NO_SALT = new Uint8Array(0);
const ZERO = new Uint8Array(1);

/**
 * What is hashed, signed, or bound to a seal: `"ephemeral/v1/" || label || 00 || parts`.
 * @param {string} label
 * @param {...Uint8Array} parts
 */
export const labelled = (label, ...parts) => concat(utf8(`ephemeral/v1/${label}`), ZERO, ...parts);

/**
 * SHA-256 of `labelled`.
 * @param {string} label
 * @param {...Uint8Array} parts
 */
export const labelledHash = (label, ...parts) => sha256(labelled(label, ...parts));

/**
 * `HKDF(secret, "", "ephemeral/v1/account/" || word)`, 32 bytes.
 * @param {Uint8Array} secret
 * @param {string} word
 */
export const derived = (secret, word) =>
  hkdf(secret, NO_SALT, `ephemeral/v1/account/${word}`, SECRET_BYTES);

/**
 * Argon2id as suite 1 has it: accounts know no other, so that a change of the rooms' suite locks nobody out.
 * @param {Uint8Array} password
 * @param {Uint8Array} salt
 * @param {Argon2id} argon2id
 * @returns {Promise<Uint8Array>} 32 bytes
 */
export const stretched = (password, salt, argon2id) => argon2id({
  password,
  salt,
  memorySize: ARGON2ID.memory_kib,
  iterations: ARGON2ID.passes,
  parallelism: ARGON2ID.lanes,
  hashLength: ARGON2ID.length,
});

/**
 * Whether two texts of bytes are the same. Not for secrets: it stops at the first difference.
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export const isSame = (one, other) =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);
