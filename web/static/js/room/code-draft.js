/**
 * How a code stands while it is being typed: its words in their places, what is wrong with them, and
 * how the one at the caret may go on. Nothing of it is kept.
 */

import { CODE_WORDS } from "../protocol/limits.js";

/** Letters of a word before it is completed. */
const COMPLETED_FROM = 3;
const COMPLETIONS = 5;
const OFFERED = 3;
/** Pieces that are looked up: who pastes a whole page hears of the first ones. */
const LOOKED_UP = 2 * CODE_WORDS;

/**
 * @typedef {object} Place  a piece of the text, where a word of the code is to be
 * @property {number} position  from 1
 * @property {string} typed
 * @property {string} word  cleaned
 * @property {number} start  in the text; the end is excluded
 * @property {number} end
 * @property {"word"|"typing"|"unknown"|"doubtful"} state  `doubtful`: a word that a slip may have made
 *   of another
 * @property {string[]} near  what may have been meant instead
 *
 * @typedef {Pick<typeof import("../protocol/cleaning.js"), "piecesOf">
 *   & Pick<typeof import("../protocol/codes.js"), "codeIn"|"isWord">
 *   & Pick<typeof import("../protocol/suggestions.js"), "neighbours"|"suggestions">
 *   & Pick<typeof import("../protocol/words.js"), "WORDS">} Known  what knows the words
 *
 * @typedef {object} Draft
 * @property {Place[]} places
 * @property {boolean} code  it is a code, and nothing is missing
 * @property {boolean} link  it is a link, whose words are read with the rest of it
 */

/**
 * Of codes, by what knows the words, which is loaded by itself.
 * @param {Known} known
 */
export function codeDrafts({ piecesOf, codeIn, isWord, neighbours, suggestions, WORDS }) {
  /**
   * @param {string} text
   * @param {{caret?: number|null, doubted?: boolean}} [how]  the word at the `caret` is still being typed and
   *   not judged; `doubted`: no room answers to these words
   * @returns {Draft}
   */
  function codeDraft(text, { caret = null, doubted = false } = {}) {
    const { found, code, link } = codeIn(text);
    const places = link ? [] : found.slice(0, LOOKED_UP).map(({ word, start, end }, at) => ({
      position: at + 1, typed: text.slice(start, end), word, start, end,
      ...judged(word, { doubted, typing: caret !== null && start <= caret && caret <= end }),
    }));
    return { places, code, link };
  }

  /**
   * @param {string} word
   * @param {{doubted: boolean, typing: boolean}} how
   * @returns {Pick<Place, "state"|"near">}
   */
  function judged(word, { doubted, typing }) {
    if (!isWord(word)) return typing ? { state: "typing", near: [] } : { state: "unknown", near: suggestions(word) };
    const near = doubted ? neighbours(word).slice(0, OFFERED) : [];
    return { state: near.length > 0 ? "doubtful" : "word", near };
  }

  /**
   * The places that a refusal of `code_word` tells of: in a link they can't be told from the text alone.
   * @param {import("../protocol/errors.js").Refusal} refusal
   * @returns {Place[]}
   */
  function wrongPlaces({ unknown }) {
    return (unknown ?? []).slice(0, LOOKED_UP).map(({ position, word: typed, start, end }) => {
      const word = piecesOf(typed)[0]?.word ?? typed;
      return { position, typed, word, start, end, state: "unknown", near: suggestions(word) };
    });
  }

  /**
   * How the word that ends at the caret may go on.
   * @param {string} text
   * @param {number} caret
   * @returns {{start: number, end: number, words: string[]}|null}  null: there is none, or nothing to add
   */
  function completions(text, caret) {
    const { found, link } = codeIn(text);
    const piece = link ? undefined : found.find(({ end }) => end === caret);
    if (piece === undefined || piece.word.length < COMPLETED_FROM) return null;
    const words = WORDS.filter((word) => word.startsWith(piece.word) && word !== piece.word);
    return words.length === 0 ? null : { start: piece.start, end: piece.end, words: words.slice(0, COMPLETIONS) };
  }

  return { codeDraft, completions, wrongPlaces };
}
