/**
 * JSON with one form for each value: RFC 8785, with integers only (docs/accounts.md, 1.5). What is signed, hashed or
 * sealed here is written so, and readers refuse what another form has: two readers of the same bytes then have the
 * same value.
 */

import { isInteger, isObject, isWellFormed, readJson, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { JSON_DEPTH } from "../limits.js";
import { isSame } from "./derivation.js";

/**
 * The one form of a value made of objects, arrays, strings, integers, booleans and null.
 * @param {unknown} value
 * @returns {Uint8Array}
 * @throws {Refusal} `json_form` for anything else in it, for integers beyond 2^53 - 1 either way, lone surrogates, and
 *   more than 16 levels
 */
export const encode = (value) => utf8(written(value, JSON_DEPTH));

/**
 * The value that these bytes are the one form of.
 * @param {Uint8Array} data
 * @returns {unknown}
 * @throws {Refusal} `json_form`
 */
export function decode(data) {
  let value;
  try {
    value = readJson(data);
  } catch {
    throw new Refusal("json_form");
  }
  refuse(!isSame(encode(value), data), "json_form");
  return value;
}

/** @param {unknown} value  @param {number} levels  that may still come  @returns {string} */
function written(value, levels) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    refuse(!isWellFormed(value), "json_form");
    // As the language escapes, RFC 8785 escapes.
    return JSON.stringify(value);
  }
  if (isInteger(value, Number.MIN_SAFE_INTEGER)) return String(value);
  refuse(levels === 0, "json_form");
  if (Array.isArray(value)) return `[${value.map((item) => written(item, levels - 1)).join()}]`;
  if (!isObject(value)) throw new Refusal("json_form");
  // In the order of UTF-16 code units, as the language sorts.
  const pairs = Object.keys(value).sort().map((key) =>
    `${written(key, 0)}:${written(value[key], levels - 1)}`);
  return `{${pairs.join()}}`;
}
