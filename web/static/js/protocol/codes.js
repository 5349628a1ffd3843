/** Codes: seven words that open a room (docs/protocol.md, section 2). */

import { utf8 } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { CODE_WORDS, TYPED_BYTES } from "./limits.js";
import { WORDS } from "./words.js";

const KNOWN = new Set(WORDS);

/**
 * Draws a code.
 * @param {(below: number) => number} randomBelow  an unbiased secure integer, 0 <= n < below
 */
export function makeCode(randomBelow) {
  return Array.from({ length: CODE_WORDS }, () => WORDS[randomBelow(WORDS.length)]).join("-");
}

/** Bits of uncertainty in a code. */
export const CODE_BITS = CODE_WORDS * Math.log2(WORDS.length);

/**
 * Reads what a person typed (2.3).
 * @param {string} typed
 * @returns {string} the canonical code
 * @throws {Refusal} `code_word` with position (from 1), word (as typed) and nearest; or `code_length`
 */
export function readCode(typed) {
  refuse(utf8(typed).length > TYPED_BYTES, "code_length");
  const shown = typed.split(/[ \t\n\r-]+/).filter((piece) => piece !== "");
  const pieces = shown.map((piece) => piece.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  const words = [];
  for (let i = 0; i < pieces.length; i += 1) {
    const pair = `${pieces[i]}-${pieces[i + 1]}`;
    if (KNOWN.has(pieces[i])) {
      words.push(pieces[i]);
    } else if (i + 1 < pieces.length && KNOWN.has(pair)) {
      words.push(pair);
      i += 1;
    } else {
      const [position, word, nearest] = [words.length + 1, shown[i], nearestWord(pieces[i])];
      throw new Refusal("code_word", { position, word, nearest });
    }
  }
  refuse(words.length !== CODE_WORDS, "code_length");
  return words.join("-");
}

/** @param {string} typed */
function nearestWord(typed) {
  const letters = Array.from(typed);
  let best = WORDS[0];
  let least = Infinity;
  for (const word of WORDS) {
    // A distance is never smaller than the difference in length.
    if (Math.abs(word.length - letters.length) >= least) continue;
    const distance = levenshtein(letters, word);
    if (distance < least) {
      least = distance;
      best = word;
    }
  }
  return best;
}

/**
 * @param {string[]} from
 * @param {string} to
 */
function levenshtein(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const changed = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
