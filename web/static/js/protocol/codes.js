/** Codes: seven words that open a room (docs/protocol.md, section 2). */

import { clean, pieces, written } from "./cleaning.js";
import { utf8 } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { CODE_WORDS, TYPED_BYTES } from "./limits.js";
import { isNear, suggestions } from "./suggestions.js";
import { WORDS } from "./words.js";

/** @typedef {import("./cleaning.js").Piece} Piece */

const KNOWN = new Set(WORDS);

/**
 * Draws a code.
 * @param {(below: number) => number} randomBelow  an unbiased secure integer, 0 <= n < below
 */
export const makeCode = (randomBelow) => makeWords(CODE_WORDS, randomBelow);

/**
 * So many words, drawn and written as those of a code are.
 * @param {number} count
 * @param {(below: number) => number} randomBelow
 */
export const makeWords = (count, randomBelow) =>
  Array.from({ length: count }, () => WORDS[randomBelow(WORDS.length)]).join("-");

/** Bits of uncertainty in a code. */
export const CODE_BITS = CODE_WORDS * Math.log2(WORDS.length);

/** Whether it is a word of the list. @param {string} word  cleaned */
export const isWord = (word) => KNOWN.has(word);

/**
 * What there is in a text that a person types or pastes (2.3). Nothing is refused, so that it can be asked at
 * every key.
 * @param {string} typed
 * @returns {{found: Piece[], code: boolean, link: boolean}}  `found`: the seven words if it is a `code`,
 *   else all pieces; `link`: it is one, or has an address in it and no code
 */
export function codeIn(typed) {
  if (utf8(typed).length > TYPED_BYTES) return { found: [], code: false, link: false };
  const signs = clean(typed);
  const text = written(signs);
  if (text.includes("#")) return { found: [], code: false, link: true };
  const all = pieces(signs);
  const found = inASentence(all) ?? all;
  const code = found.length === CODE_WORDS && found.every(({ word }) => KNOWN.has(word));
  return { found, code, link: !code && text.includes("://") };
}

/**
 * Reads what a person typed or pasted (2.3).
 * @param {string} typed
 * @returns {string} the canonical code
 * @throws {Refusal} `code_word` with `unknown`: every piece that is no word, with position (from 1),
 *   word (as typed) and place (start, end; UTF-16 units); position and word of the first, and
 *   `suggestions` for it; or `code_length`; or `link_form`, where it is a link, or has an address in it
 *   and no code
 */
export function readCode(typed) {
  const { found, link } = codeIn(typed);
  refuse(link, "link_form");
  return readWords(typed, found);
}

/**
 * So many words in what a person typed or pasted, found as those of a code are.
 * @param {string} typed
 * @param {number} count
 * @returns {string}
 * @throws {Refusal} `code_word`, `code_length`
 */
export function readTyped(typed, count) {
  refuse(utf8(typed).length > TYPED_BYTES, "code_length");
  const all = pieces(clean(typed));
  return readWords(typed, inASentence(all, count) ?? all, count);
}

/**
 * The canonical form of pieces which must be so many words.
 * @param {string} typed  the text that they are of
 * @param {Piece[]} found
 * @param {number} [count]
 * @returns {string}
 * @throws {Refusal} `code_word`, `code_length`
 */
export function readWords(typed, found, count = CODE_WORDS) {
  const unknown = found.flatMap(({ word, start, end }, at) =>
    (KNOWN.has(word) ? [] : [{ position: at + 1, word: typed.slice(start, end), start, end }]));
  if (unknown.length > 0) {
    const [{ position, word }] = unknown;
    throw new Refusal("code_word",
      { position, word, unknown, suggestions: suggestions(found[position - 1].word) });
  }
  refuse(found.length !== count, "code_length");
  return found.map(({ word }) => word).join("-");
}

/**
 * So many words among pieces of which others are no words; null if they can't be told. They stand in
 * one place only with the same signs between each two. A neighbour with the same signs before or after
 * it must not be near to a word: it may be the first of the code, misspelt, and what seems to be the
 * last a word of the sentence.
 * @param {Piece[]} found
 * @param {number} [count]
 */
function inASentence(found, count = CODE_WORDS) {
  const known = found.map(({ word }) => KNOWN.has(word));
  const signs = found.map(({ gap }) => gap.replace(/[0-9 ]/g, ""));
  const places = [...found.keys()].filter((at) => at + count <= found.length &&
    known.slice(at, at + count).every(Boolean) &&
    new Set(signs.slice(at + 1, at + count)).size === 1);
  if (known.every(Boolean) || places.length !== 1) return null;
  const [start] = places;
  const end = start + count;
  const unclear = [[start - 1, start], [end, end]].some(([beside, gap]) => beside >= 0 &&
    beside < found.length && signs[gap] === signs[start + 1] && isNear(found[beside].word));
  return unclear ? null : found.slice(start, end);
}
