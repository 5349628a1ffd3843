/**
 * What lengths of content are filled up to, so that few of them tell it apart. Lengths go beyond 32 bits: no operator of
 * bits is used.
 */

/**
 * The least length from `length`, 2 or more, on that has few digits (docs/files.md, 3.1): of its binary ones so many may
 * differ from zero as its exponent has.
 * @param {number} length
 */
export function padme(length) {
  const exponent = exponentOf(length);
  const step = 2 ** (exponent - exponentOf(exponent) - 1);
  return Math.ceil(length / step) * step;
}

/** One less than the binary digits of a number from 1 on. @param {number} number */
function exponentOf(number) {
  let exponent = 0;
  for (let rest = number; rest >= 2; rest /= 2) exponent += 1;
  return exponent;
}
