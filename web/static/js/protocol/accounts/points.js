/**
 * Whether 32 bytes are a public key that may stand in a chain: the one form of a point of Ed25519's group of prime
 * order, not its identity (RFC 8032, 5.1.3; docs/accounts.md, section 2). Web Crypto doesn't say, and engines differ in
 * what they take for a key.
 */

import { edwards } from "../../../vendor/@noble/curves/edwards.js";

/** Edwards25519 (RFC 8032, 5.1), of which the library needs to be told no more than this. */
function edwards25519() {
  const p = 2n ** 255n - 19n;
  return edwards({
    p,
    n: 2n ** 252n + 27742317777372353535851937790883648493n,
    h: 8n,
    a: p - 1n,
    d: 37095705934669439343138083508754565189542113879843219016388785533085940283555n,
    Gx: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
    Gy: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
  });
}

/** Made when it is first asked for: that takes a while. @type {ReturnType<typeof edwards>|null} */
let Point = null;

/** @param {Uint8Array} bytes */
export function isPrimeOrderPoint(bytes) {
  Point ??= edwards25519();
  try {
    // By the letter of RFC 8032: another reading (ZIP 215) takes more than one form for a point.
    const point = Point.fromBytes(bytes, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}
