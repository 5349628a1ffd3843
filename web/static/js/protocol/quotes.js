/**
 * Quotes: words that a message repeats (docs/protocol.md, 8.2). A quote is what the sender of a
 * message claims that somebody said; nothing proves it.
 */

import { isBase64url, isObject } from "./encoding.js";
import { ID_BYTES, QUOTE_POINTS } from "./limits.js";

/**
 * @typedef {{text: string, author: string|null}} Quote  `author`: the member id of whoever is said
 *   to have said it; null: it isn't known
 */

/**
 * @param {unknown} value  parsed JSON
 * @returns {value is Quote}
 */
export function isQuote(value) {
  if (!isObject(value) || Object.keys(value).length !== 2) return false;
  const { text, author } = value;
  if (typeof text !== "string" || text === "" || Array.from(text).length > QUOTE_POINTS) return false;
  return author === null || isBase64url(author, ID_BYTES);
}
