/**
 * Whether 32 bytes are a public key that may stand in a chain: the one form of a point of Ed25519's group of prime
 * order, not its identity (RFC 8032, 5.1.3; docs/accounts.md, section 2). Web Crypto doesn't say, and engines differ in
 * what they take for a key.
 */

import { ed25519 } from "../../../vendor/@noble/curves/ed25519.js";

/** @param {Uint8Array} bytes */
export function isPrimeOrderPoint(bytes) {
  try {
    // By the letter of RFC 8032: another reading (ZIP 215) takes more than one form for a point.
    const point = ed25519.Point.fromBytes(bytes, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}
