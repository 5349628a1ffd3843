/** Names of members: what one may be made of (docs/protocol.md, 7.5). */

import { INVISIBLE, SPACE } from "./cleaning.js";
import { utf8 } from "./encoding.js";
import { NAME_BYTES } from "./limits.js";
import { TABLE } from "./name-characters.js";

/** Marks that may follow each other on one character. */
const MOST_MARKS = 4;
const JOINER = /[\u200C\u200D]/;
/** The middle dot and what looks like it or has it. */
const DOT =
  /[\u00B7\u013F\u0140\u0387\u1427\u16EB\u2022\u2027\u2218\u2219\u22C5\u25E6\u2981\u2E31\u2E33\u30FB\u318D\uA78F\uFF65\u{10101}]/u;
/** Below are Latin letters and the signs of all scripts; nothing there has a use for a joiner. */
const JOINED_FROM = 0x300;

const RUNS = Array.from(TABLE.matchAll(/([.+^])([0-9a-z]+)/g), ([, kind, length]) =>
  ({ kind, length: Number.parseInt(length, 36) }));

/**
 * `.` not in a name, `+` in a name, `^` in a name and a mark.
 * @param {string} character
 */
export function characterClass(character) {
  let left = character.codePointAt(0) ?? 0;
  for (const { kind, length } of RUNS) {
    if (left < length) return kind;
    left -= length;
  }
  return ".";
}

/**
 * The code points of a text, each between its neighbours; the ends count as spaces.
 * @param {string} text
 */
function between(text) {
  const points = Array.from(text);
  return points.map((character, at) =>
    ({ before: points[at - 1] ?? " ", character, after: points[at + 1] ?? " " }));
}

/**
 * Whether a space or a joiner may stand here.
 * @param {{before: string, character: string, after: string}} here
 */
function parts({ before, character, after }) {
  if (character === " ") return before !== " " && after !== " ";
  return [before, after].every((one) => (one.codePointAt(0) ?? 0) >= JOINED_FROM && !JOINER.test(one));
}

/**
 * Whether a name may be sealed, and shown when it comes from somebody else.
 * @param {string} name
 */
export function isName(name) {
  const bytes = utf8(name).length;
  if (bytes < 1 || bytes > NAME_BYTES) return false;
  let marks = MOST_MARKS;
  for (const here of between(name)) {
    const { before, character, after } = here;
    if (character === " " || JOINER.test(character)) {
      if (!parts(here)) return false;
      if (character === " ") marks = MOST_MARKS;
      continue;
    }
    const kind = characterClass(character);
    marks = kind === "^" ? marks + 1 : 0;
    if (kind === "." || marks > MOST_MARKS) return false;
    if (DOT.test(character) && (/[ 0-9]/.test(before) || /[ 0-9]/.test(after))) return false;
  }
  return true;
}

/**
 * What was typed, composed and without what nobody sees of it; it may still be no name.
 * @param {string} typed
 */
export function tidyName(typed) {
  const kept = Array.from(typed, (character) => {
    if (SPACE.test(character)) return " ";
    return JOINER.test(character) || !INVISIBLE.test(character) ? character : "";
  }).join("");
  const name = kept.replace(/ +/g, " ").replace(/^ | $/g, "").normalize("NFC");
  return between(name).filter((here) => !JOINER.test(here.character) || parts(here))
    .map(({ character }) => character).join("");
}
