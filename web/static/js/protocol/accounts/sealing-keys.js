/** Sealing keys: what others seal to, signed by the device it belongs to (docs/accounts.md, section 6). */

import { concat, isInteger, u32 } from "../encoding.js";
import { signWith } from "./signing.js";
import { verify } from "./verifying.js";

export const SEALING_BYTES = 1216;
export const U32_MOST = 2 ** 32 - 1;

/**
 * HPKE as device/hpke.js has it, which is loaded late, and passed in.
 * @typedef {{key: Uint8Array, publicBytes: Uint8Array}} HpkeKey  `key` is the private one, a seed
 *
 * @typedef {object} Hpke
 * @property {(seed: Uint8Array) => Promise<HpkeKey>} fromSeed
 * @property {(publicBytes: Uint8Array, info: Uint8Array, plaintext: Uint8Array) => Promise<Uint8Array>} seal
 * @property {(key: Uint8Array, info: Uint8Array, sealed: Uint8Array) => Promise<Uint8Array>} open
 */

/**
 * `number` rises with each key of a device, from 1; `day` is days since 1970; `key` is public.
 * @typedef {{number: number, day: number, key: Uint8Array}} SealingKey
 */

/** @param {Uint8Array} chain  @param {Uint8Array} device  @param {SealingKey} sealing */
const signed = (chain, device, { number, day, key }) => concat(chain, device, u32(number), u32(day), key);

/**
 * `Sign(device, "sealing", chain || device || u32 number || u32 day || key)`.
 * @param {CryptoKeyPair} keys
 * @param {Uint8Array} chain
 * @param {Uint8Array} device
 * @param {SealingKey} sealing
 */
export const signSealing = (keys, chain, device, sealing) =>
  signWith(keys, "sealing", signed(chain, device, sealing));

/**
 * Whether the device with this Ed25519 key says that the sealing key is its own.
 * @param {Uint8Array} publicKey
 * @param {Uint8Array} chain
 * @param {Uint8Array} device
 * @param {SealingKey} sealing
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 */
export async function verifySealing(publicKey, chain, device, sealing, signature) {
  const { number, day, key } = sealing;
  const fits = isInteger(number, 1, U32_MOST) && isInteger(day, 0, U32_MOST) && key.length === SEALING_BYTES;
  return fits && verify(publicKey, "sealing", signed(chain, device, sealing), signature);
}
