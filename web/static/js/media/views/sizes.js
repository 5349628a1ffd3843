/** Numbers of bytes in the words of the page's language. */

import { language } from "../../ui/i18n.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const STEP = 1000;
/** From here on no fraction is of interest. */
const WHOLE = 10;

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {number} bytes  "3.4 MB" */
export function sizeWords(bytes) {
  let [value, unit] = [bytes, 0];
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit === 0 || value >= WHOLE ? 0 : 1;
  return formatOf({ style: "unit", unit: UNITS[unit], unitDisplay: unit === 0 ? "long" : "short", maximumFractionDigits: digits }).format(value);
}

/** @param {number} share  0 to 1; "42 %"; not whole before it is */
export const shareWords = (share) => formatOf({ style: "percent" }).format(Math.floor(100 * share) / 100);

/** @param {Intl.NumberFormatOptions} options */
function formatOf(options) {
  const key = `${language()} ${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.NumberFormat(language(), options);
  formats.set(key, known);
  return known;
}
