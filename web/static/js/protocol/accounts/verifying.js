/**
 * Whether bytes are a key, and a signature is right (docs/accounts.md, section 2).
 *
 * Keys are canonical points of prime order, and S is below the order of the group, so that one signature has one
 * verdict wherever it is checked: both are looked at here, before the browser is asked.
 */

import { hex } from "../encoding.js";
import { labelled } from "./derivation.js";
import { isPrimeOrderPoint } from "./points.js";
import { ALGORITHM, SIGNATURE_BYTES, importPublic } from "./signing.js";

/** @typedef {import("./signing.js").Label} Label */

/** The order of the group, least byte first. */
const ORDER = Uint8Array.from([
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
]);

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
  return crypto.subtle.verify(ALGORITHM, await importPublic(publicKey), signed, labelled(label, data));
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
