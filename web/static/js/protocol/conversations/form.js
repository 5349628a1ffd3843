/** Objects that have exactly the keys and values that a document gives them: everything else is one refusal. */

import { fromBase64url, isInteger, isObject } from "../encoding.js";
import { Refusal } from "../errors.js";

/**
 * What reading gives; every no is that it isn't in the form.
 * @template T
 * @param {string} code
 * @param {() => T} read
 * @returns {T}
 */
export function inForm(code, read) {
  try {
    return read();
  } catch {
    throw new Refusal(code);
  }
}

/**
 * The fields of an object that has exactly these.
 * @param {unknown} value
 * @param {string[]} names
 * @returns {Record<string, unknown>}
 */
export function fields(value, ...names) {
  if (!isObject(value) || Object.keys(value).sort().join() !== names.sort().join()) throw new Refusal("malformed");
  return value;
}

/**
 * @param {unknown} value
 * @param {number} [least]
 * @param {number} [most]
 * @returns {number}
 */
export function integer(value, least, most) {
  if (!isInteger(value, least, most)) throw new Refusal("malformed");
  return value;
}

/**
 * What reading each item of an array gives.
 * @template T
 * @param {unknown} value
 * @param {number} least
 * @param {number} most  items
 * @param {(item: unknown) => T} read
 * @returns {readonly T[]}
 */
export function list(value, least, most, read) {
  if (!Array.isArray(value) || value.length < least || value.length > most) throw new Refusal("malformed");
  return Object.freeze(value.map((item) => read(item)));
}

/** Bytes, of one length if only one is right. @param {unknown} value  @param {number} [length] */
export const bytes = (value, length) => fromBase64url(value, length);
