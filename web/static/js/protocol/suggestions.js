/** Words of the list that are near to what was typed (docs/protocol.md, 2.5). */

import { WORDS } from "./words.js";

const MOST_CHANGES = 2;
const OFFERED = 3;
/** Kinds of a single change, the likeliest slip first. */
const [TRANSPOSED, DROPPED, DOUBLED, SUBSTITUTED, OTHER] = [0, 1, 2, 3, 4];

/** The set of letters as bits; all that is not in the list's alphabet is one. @param {string} text */
function lettersOf(text) {
  let bits = 0;
  for (const letter of text) {
    const number = letter.charCodeAt(0) - 97;
    bits |= 1 << (number >= 0 && number < 26 ? number : 26);
  }
  return bits;
}

const LETTERS = WORDS.map(lettersOf);

/**
 * Up to three words within two changes of what was typed, the likeliest first. Where every letter
 * would have to change there is nothing to go by.
 * @param {string} typed  cleaned
 * @returns {string[]}
 */
export function suggestions(typed) {
  const letters = Array.from(typed);
  return near(letters, Math.min(MOST_CHANGES, letters.length - 1)).slice(0, OFFERED).map(toWord);
}

/**
 * The words one change away from a word of the list: what a slip may turn it into.
 * @param {string} word
 * @returns {string[]}
 */
export const neighbours = (word) =>
  near(Array.from(word), 1).filter(({ distance }) => distance > 0).map(toWord);

/** Whether some word is one change away. @param {string} typed  cleaned */
export const isNear = (typed) => near(Array.from(typed), 1).length > 0;

/** @param {{at: number}} found */
const toWord = ({ at }) => WORDS[at];

/**
 * The words at most so many changes away, in the order in which they are offered.
 * @param {string[]} typed  code points
 * @param {number} most
 */
function near(typed, most) {
  const letters = lettersOf(typed.join(""));
  const found = [];
  for (const [at, word] of WORDS.entries()) {
    // A change moves the length by one at most, and adds and takes away one letter of the set.
    if (Math.abs(word.length - typed.length) > most) continue;
    if (bitCount(LETTERS[at] ^ letters) > 2 * most) continue;
    const distance = distanceOf(typed, word);
    if (distance > most) continue;
    found.push({ at, distance, kind: distance === 1 ? kindOf(typed, word) : OTHER });
  }
  return found.sort((a, b) => a.distance - b.distance || a.kind - b.kind || a.at - b.at);
}

/** @param {number} bits */
function bitCount(bits) {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

/**
 * Optimal string alignment distance, by rows.
 * @param {string[]} typed
 * @param {string} word
 */
function distanceOf(typed, word) {
  /** @type {number[]} */
  let before = [];
  let row = Array.from({ length: word.length + 1 }, (_, j) => j);
  for (let i = 1; i <= typed.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= word.length; j += 1) {
      const replaced = row[j - 1] + (typed[i - 1] === word[j - 1] ? 0 : 1);
      let least = Math.min(replaced, row[j] + 1, next[j - 1] + 1);
      if (i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1]) {
        least = Math.min(least, before[j - 2] + 1);
      }
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[word.length];
}

/**
 * What a single change was that made `word` into what was typed.
 * @param {string[]} typed
 * @param {string} word
 */
function kindOf(typed, word) {
  const longer = typed.length - word.length;
  if (longer < 0) return DROPPED;
  const differing = typed.flatMap((letter, at) => (letter === word[at] ? [] : [at]));
  if (longer === 0) return differing.length === 1 ? SUBSTITUTED : TRANSPOSED;
  // The last letter of what is longer differs from nothing, so there is one.
  const [extra] = differing;
  return extra > 0 && typed[extra] === typed[extra - 1] ? DOUBLED : OTHER;
}
