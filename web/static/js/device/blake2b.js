/**
 * BLAKE2b without a key (RFC 7693). Argon2 begins and ends with it: a few kilobytes in all, which BigInt
 * does in no time.
 */

const BLOCK_BYTES = 128;
const ROUNDS = 12;
const IV = BigUint64Array.of(
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
);
/** Which words of a block each round takes, as hexadecimal digits; after ten rounds from the beginning. */
const SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
];
/** The words that a round mixes: first the columns, then the diagonals. */
const MIXED = ["048c", "159d", "26ae", "37bf", "05af", "16bc", "278d", "349e"];

/** @param {string} digits */
const numbers = (digits) => [...digits].map((digit) => Number.parseInt(digit, 16));

/** @param {bigint} word  64 bits  @param {bigint} bits */
const rotated = (word, bits) => BigInt.asUintN(64, (word >> bits) | (word << (64n - bits)));

/**
 * @param {Uint8Array} data
 * @param {number} size  of the result, 1 to 64 bytes
 * @returns {Uint8Array}
 */
export function blake2b(data, size) {
  const state = IV.slice();
  state[0] ^= BigInt(0x01010000 | size);
  const last = Math.max(0, Math.ceil(data.length / BLOCK_BYTES) - 1);
  for (let at = 0; at <= last; at += 1) {
    const block = new DataView(new ArrayBuffer(BLOCK_BYTES));
    new Uint8Array(block.buffer).set(data.subarray(BLOCK_BYTES * at, BLOCK_BYTES * (at + 1)));
    const words = Array.from({ length: 16 }, (_, word) => block.getBigUint64(8 * word, true));
    compress(state, words, BigInt(at === last ? data.length : BLOCK_BYTES * (at + 1)), at === last);
  }
  const result = new DataView(new ArrayBuffer(64));
  state.forEach((word, at) => { result.setBigUint64(8 * at, word, true); });
  return new Uint8Array(result.buffer, 0, size);
}

/**
 * @param {BigUint64Array} state
 * @param {bigint[]} words  of the block
 * @param {bigint} length  of the data up to its end
 * @param {boolean} isLast
 */
function compress(state, words, length, isLast) {
  const v = BigUint64Array.of(...state, ...IV);
  v[12] ^= length;
  if (isLast) v[14] = ~v[14];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = numbers(SIGMA[round % SIGMA.length]);
    MIXED.forEach((places, at) => {
      const [a, b, c, d] = numbers(places);
      v[a] += v[b] + words[order[2 * at]];
      v[d] = rotated(v[d] ^ v[a], 32n);
      v[c] += v[d];
      v[b] = rotated(v[b] ^ v[c], 24n);
      v[a] += v[b] + words[order[2 * at + 1]];
      v[d] = rotated(v[d] ^ v[a], 16n);
      v[c] += v[d];
      v[b] = rotated(v[b] ^ v[c], 63n);
    });
  }
  state.forEach((word, at) => { state[at] = word ^ v[at] ^ v[at + 8]; });
}
