/**
 * What other software does to a text on its way, undone before a code or a link is read in it
 * (docs/protocol.md, 2.3). Nothing here knows the word list: who only counts words needs no more than
 * `pieces`.
 */

/** Seen by nobody: marks of direction, joiners, fillers, selectors; and the key around a digit. */
export const INVISIBLE =
  /\u034F|\u20E3|[\uFE00-\uFE0F]|[\u180B-\u180F\u00AD\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E0FFF}]/u;
const DASH =
  /[\u02D7\u058A\u05BE\u1400\u1806\u2010-\u2015\u2043\u2212\u2E17\u2E1A\u2E3A\u2E3B\u2E40\u2E5D\u301C\u3030\u30A0\uFE31\uFE32\uFE58\uFE63]/;
/** White space, but for the space itself. */
export const SPACE = /[\t-\r\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/;
const FULL_WIDTH = /[\uFF01-\uFF5E]/;
/** What is neither letter nor digit: of ASCII, Latin 1, Arabic; and whole blocks of signs. */
const SEPARATOR =
  /[ -/:-@[-`{-~\u0080-\u00BF\u00D7\u00F7\u060C\u061B\u061F\u06D4\u2000-\u206F\u2190-\u2BFF\u2E00-\u2E7F\u3000-\u303F\u30FB\uFE10-\uFE1F\uFE30-\uFE6F\uFF5F-\uFF65\u{1F000}-\u{1FBFF}]/u;
const ESCAPED = /^%([2-6][0-9A-Fa-f]|7[0-9A-Ea-e])$/;

const ADDRESS = /[a-z]+:\/\/[^ ]*/g;
const NUMBER = /^[0-9]{1,2}$/;
const HYPHENATED = new Set(["drop-down", "felt-tip", "t-shirt", "yo-yo"]);

/**
 * @typedef {object} Sign  a character of a cleaned text
 * @property {string} sign
 * @property {number} start  where it comes from in the original, in UTF-16 units
 * @property {number} end  the end is excluded
 *
 * @typedef {object} Piece  what may be a word, cleaned, and its place
 * @property {string} word
 * @property {number} start
 * @property {number} end
 * @property {string} gap  what the cleaned text has between the piece before and this one
 */

/** @param {string} character */
function changed(character) {
  if (INVISIBLE.test(character)) return "";
  if (DASH.test(character)) return "-";
  if (SPACE.test(character)) return " ";
  return FULL_WIDTH.test(character)
    ? String.fromCharCode(character.charCodeAt(0) - 0xfee0) : character;
}

/** @param {string} text */
const lower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * The text without what is invisible, its signs as ASCII has them, its letters small.
 * @param {string} text
 * @returns {Sign[]}
 */
export function clean(text) {
  /** @type {Sign[]} */
  const signs = [];
  let start = 0;
  for (const character of text) {
    const sign = changed(character);
    const end = start + character.length;
    if (sign !== "") signs.push({ sign, start, end });
    start = end;
  }
  /** @type {Sign[]} */
  const kept = [];
  for (let at = 0; at < signs.length; at += 1) {
    const three = signs.slice(at, at + 3);
    const [, digits] = ESCAPED.exec(three.map(({ sign }) => sign).join("")) ?? [];
    if (digits === undefined) {
      kept.push({ ...signs[at], sign: lower(signs[at].sign) });
    } else {
      const sign = lower(String.fromCharCode(Number.parseInt(digits, 16)));
      kept.push({ sign: sign === " " ? "-" : sign, start: three[0].start, end: three[2].end });
      at += 2;
    }
  }
  return kept;
}

/** @param {Sign[]} signs */
export const written = (signs) => signs.map(({ sign }) => sign).join("");

/**
 * The same with one unit for each sign, so that places in it are places among the signs: what is
 * longer is no part of a word, a link or an address.
 * @param {Sign[]} signs
 */
export const inUnits = (signs) => signs.map(({ sign }) => (sign.length === 1 ? sign : "\uFFFD")).join("");

/** Whether a character of a cleaned text parts words. @param {string} character */
export const isSeparator = (character) => SEPARATOR.test(character);

/**
 * The pieces of a cleaned text: addresses and numbering left out, the words that have a hyphen made one.
 * @param {Sign[]} signs
 * @returns {Piece[]}
 */
export function pieces(signs) {
  /** @type {Piece[]} */
  const found = [];
  const parted = partedOf(signs);
  let [gap, since, numbered] = ["", 0, 0];
  for (let at = 0; at < signs.length;) {
    if (parted[at]) {
      gap += signs[at].sign;
      at += 1;
      continue;
    }
    let after = at;
    while (after < signs.length && !parted[after]) after += 1;
    const word = written(signs.slice(at, after));
    const piece = { word, start: signs[at].start, end: signs[after - 1].end, gap };
    at = after;
    const number = NUMBER.test(word) ? Number(word) : 0;
    if (number === 1 || (number > 1 && since === 1 && number === numbered + 1)) {
      [numbered, since, gap] = [number, 0, gap + word];
      continue;
    }
    const before = found.at(-1);
    if (since > 0 && before !== undefined && HYPHENATED.has(`${before.word}-${word}`)) {
      found[found.length - 1] = { ...before, word: `${before.word}-${word}`, end: piece.end };
    } else {
      found.push(piece);
      since += 1;
    }
    gap = "";
  }
  return found;
}

/** Which signs are no part of a piece. @param {Sign[]} signs */
function partedOf(signs) {
  const parted = signs.map(({ sign }) => isSeparator(sign));
  for (const { index, 0: address } of inUnits(signs).matchAll(ADDRESS)) {
    parted.fill(true, index, index + address.length);
  }
  return parted;
}

/** The pieces of what was typed or pasted. @param {string} text */
export const piecesOf = (text) => pieces(clean(text));
