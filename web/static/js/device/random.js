/** Randomness: the browser's secure generator, and nothing else. */

/** @param {number} size */
export const randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));

/**
 * @param {number} below  1 to 2^32
 * @returns {number} 0 <= n < below, each equally likely
 */
export function randomBelow(below) {
  // The highest numbers, of which there is no whole multiple, would favour the lowest results.
  const unbiased = 2 ** 32 - (2 ** 32 % below);
  for (;;) {
    const [number] = crypto.getRandomValues(new Uint32Array(1));
    if (number < unbiased) return number % below;
  }
}
