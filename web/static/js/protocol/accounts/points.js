/**
 * Whether 32 bytes are a public key that may stand in a chain: the one form of a point of Ed25519's group of prime
 * order, not its identity (RFC 8032, 5.1.3; docs/accounts.md, section 2).
 *
 * Web Crypto doesn't say, and engines differ in what they take for a key. What is computed here is public, so it
 * need not take the same time for everything; nothing is ever signed with it.
 */

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** @param {bigint} a */
const mod = (a) => ((a % P) + P) % P;

/** @param {bigint} base  @param {bigint} exponent */
function power(base, exponent) {
  let [result, square] = [1n, base];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

/**
 * In extended coordinates (RFC 8032, 5.1.4): x = X/Z, y = Y/Z, xy = T/Z.
 * @typedef {readonly [X: bigint, Y: bigint, Z: bigint, T: bigint]} Point
 */

/** @param {Point} one  @param {Point} other  @returns {Point} */
function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  return [mod((b - a) * (d - c)), mod((d + c) * (b + a)), mod((d - c) * (d + c)), mod((b - a) * (b + a))];
}

/** @param {Uint8Array} bytes  @returns {Point|null} null for what is not the one form of a point */
function decoded(bytes) {
  let y = 0n;
  for (const byte of Array.from(bytes).reverse()) y = (y << 8n) | BigInt(byte);
  const sign = y >> 255n;
  y &= 2n ** 255n - 1n;
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const v3 = mod(v * v * v);
  let x = mod(u * v3 * power(mod(u * v3 * v3 * v), (P - 5n) / 8n));
  const square = mod(v * x * x);
  if (square === mod(-u)) x = mod(x * ROOT_OF_MINUS_ONE);
  else if (square !== u) return null;
  // Of zero there is no other sign.
  if (x === 0n && sign === 1n) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

/** @param {Uint8Array} bytes */
export function isPrimeOrderPoint(bytes) {
  if (bytes.length !== 32) return false;
  const point = decoded(bytes);
  if (point === null || (point[0] === 0n && point[1] === 1n)) return false;
  /** @type {Point} */
  let multiple = [0n, 1n, 1n, 0n];
  for (const bit of ORDER.toString(2)) {
    multiple = sum(multiple, multiple);
    if (bit === "1") multiple = sum(multiple, point);
  }
  // The identity, and so the order of the point divides a prime.
  return multiple[0] === 0n && multiple[1] === multiple[2];
}
