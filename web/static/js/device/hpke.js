/**
 * Sealing to the key of a device, or of recovery (docs/accounts.md): HPKE in base mode (RFC 9180) with X-Wing,
 * HKDF-SHA-256 and AES-256-GCM. A bundle of its own: only who seals or opens loads it.
 *
 * Browsers have no X-Wing, so a private key here is bytes: its 32-byte seed. Whoever keeps one keeps it sealed.
 */

import { concat } from "../protocol/encoding.js";
import { Refusal, refuse } from "../protocol/errors.js";
import { Aes256Gcm, CipherSuite, HkdfSha256, XWing } from "../../vendor/@hpke/core/hpke.js";

export const SEED_BYTES = 32;
export const PUBLIC_BYTES = 1216;
/** What X-Wing puts before the ciphertext. */
const ENCAPSULATED_BYTES = 1120;
const TAG_BYTES = 16;
/** What a sealed text is longer than the text. */
export const OVERHEAD_BYTES = ENCAPSULATED_BYTES + TAG_BYTES;

const kem = new XWing();
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** @typedef {import("../protocol/accounts/sealing-keys.js").HpkeKey} HpkeKey */

/**
 * A new key.
 * @param {(size: number) => Uint8Array} randomBytes
 * @returns {Promise<HpkeKey>}
 */
export const generate = (randomBytes) => fromSeed(randomBytes(SEED_BYTES));

/**
 * The key that has this private key.
 * @param {Uint8Array} seed
 * @returns {Promise<HpkeKey>}
 */
export async function fromSeed(seed) {
  if (seed.length !== SEED_BYTES) throw new TypeError("a seed has 32 bytes");
  // The library keeps what it is given.
  const { publicKey } = await kem.generateKeyPairDerand(seed.slice());
  return { key: seed, publicBytes: new Uint8Array(await kem.serializePublicKey(publicKey)) };
}

/**
 * @param {Uint8Array} publicKey
 * @param {Uint8Array} info
 * @param {Uint8Array} plaintext
 * @returns {Promise<Uint8Array>} the encapsulated key, then the ciphertext with its tag
 * @throws {Refusal} `box_key` for what nobody can seal to
 */
export async function seal(publicKey, info, plaintext) {
  refuse(publicKey.length !== PUBLIC_BYTES, "box_key");
  try {
    const key = await kem.deserializePublicKey(publicKey.slice());
    const { ct, enc } = await suite.seal({ recipientPublicKey: key, info }, plaintext);
    return concat(new Uint8Array(enc), new Uint8Array(ct));
  } catch {
    throw new Refusal("box_key");
  }
}

/**
 * @param {Uint8Array} privateKey
 * @param {Uint8Array} info
 * @param {Uint8Array} sealed
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `box_broken`
 */
export async function open(privateKey, info, sealed) {
  refuse(sealed.length < OVERHEAD_BYTES, "box_broken");
  const key = await kem.deserializePrivateKey(privateKey.slice());
  const enc = sealed.slice(0, ENCAPSULATED_BYTES);
  const ciphertext = sealed.slice(ENCAPSULATED_BYTES);
  try {
    return new Uint8Array(await suite.open({ recipientKey: key, enc, info }, ciphertext));
  } catch {
    throw new Refusal("box_broken");
  }
}
