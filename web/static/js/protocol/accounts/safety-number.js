/** The number that two people compare (docs/accounts.md, section 12). */

import { concat, hex } from "../encoding.js";
import { labelled } from "./derivation.js";

const ROUNDS = 5200;
const GROUPS = 12;

/**
 * The digits of a number as somebody else shows or sends it, whatever stands between them.
 * @param {string} text
 * @returns {string|null} null: it is no such number
 */
export function readSafetyNumber(text) {
  const digits = text.replace(/\s/g, "");
  return /^\d{60}$/.test(digits) ? digits : null;
}

/**
 * 60 digits in 12 groups of five, the same for both: of the two chains' ids, not of devices.
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 * @returns {Promise<string>}
 */
export async function safetyNumber(one, other) {
  const named = labelled("safety", ...[one, other].sort((a, b) => (hex(a) < hex(b) ? -1 : 1)));
  let digest = new Uint8Array(0);
  for (let round = 0; round < ROUNDS; round += 1) {
    digest = new Uint8Array(await crypto.subtle.digest("SHA-512", concat(digest, named)));
  }
  return Array.from({ length: GROUPS }, (_, at) => {
    const number = digest.subarray(5 * at, 5 * at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 100_000).padStart(5, "0");
  }).join(" ");
}
