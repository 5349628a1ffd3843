/** Links: a code with what it takes to know that it is this server's (docs/protocol.md, 2.4 and 4.3). */

import { clean, inUnits, isSeparator, pieces } from "./cleaning.js";
import { readWords } from "./codes.js";
import { hex, utf8 } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { sha256 } from "./keys.js";
import { LINK_TEXT_BYTES } from "./limits.js";

const LINK = /#([1-9][0-9]{0,2})\.([0-9a-f]{8})\.([a-z-]*)/g;
/** A seat's secret behind the code: the link leads back. */
const SEAT = /^\.([0-9a-f]{32})/;
/** A further field, as a later version may have one. */
const FIELD = /^\.[0-9a-z]/;

/** @param {Uint8Array} salt */
export async function saltTag(salt) {
  return hex((await sha256(salt)).subarray(0, 4));
}

/**
 * @param {string} page  address without a fragment
 * @param {{suite: number, salt: Uint8Array}} config
 * @param {string} code  canonical
 */
export async function makeLink(page, config, code) {
  return `${page}#${config.suite}.${await saltTag(config.salt)}.${code}`;
}

/**
 * The link that leads back to a seat.
 * @param {string} page
 * @param {{suite: number, salt: Uint8Array}} config
 * @param {string} code
 * @param {Uint8Array} secret  of the seat, 16 bytes
 */
export async function makeReturnLink(page, config, code, secret) {
  return `${await makeLink(page, config, code)}.${hex(secret)}`;
}

/** Whether `readLink` is to read what was typed or pasted, and not `readCode`. @param {string} text */
export const isLink = (text) => signsOf(text).some(({ sign }) => sign === "#");

/**
 * Reads the link in a text, or a fragment alone with the `#`. Several links in one text must be the
 * same.
 * @param {string} text
 * @param {{suite: number, salt: Uint8Array}} config
 * @returns {Promise<string>} the canonical code
 * @throws {Refusal} `link_form`, `link_suite`, `link_salt`, or the refusals of a code
 */
export async function readLink(text, config) {
  return readWords(text, (await read(text, config, false)).words);
}

/**
 * As `readLink`, of the link that leads back to a seat.
 * @param {string} text
 * @param {{suite: number, salt: Uint8Array}} config
 * @returns {Promise<{code: string, secret: Uint8Array}>} of the seat, 16 bytes
 */
export async function readReturnLink(text, config) {
  const { words, seat } = await read(text, config, true);
  const code = readWords(text, words);
  return { code, secret: Uint8Array.from(seat.match(/../g) ?? [], (two) => Number.parseInt(two, 16)) };
}

/** Whether `readReturnLink` is to read a text, and not `readLink`. @param {string} text */
export const leadsBack = (text) => linksIn(signsOf(text), true).some(({ ends }) => ends);

/**
 * @param {string} text
 * @param {{suite: number, salt: Uint8Array}} config
 * @param {boolean} back  whether it leads back to a seat
 */
async function read(text, config, back) {
  const found = linksIn(signsOf(text), back);
  const [first] = found;
  if (first === undefined || !found.every((link) => isSame(link, first))) throw new Refusal("link_form");
  refuse(first.suite !== String(config.suite), "link_suite");
  refuse(first.tag !== (await saltTag(config.salt)), "link_salt");
  return first;
}

/** Nothing of a text that is too long to be looked into. @param {string} text */
const signsOf = (text) => (utf8(text).length > LINK_TEXT_BYTES ? [] : clean(text));

/**
 * @typedef {{suite: string, tag: string, words: import("./cleaning.js").Piece[], seat: string,
 *   ends: boolean}} Link  `seat`: its secret in hexadecimal, or nothing
 *
 * @param {import("./cleaning.js").Sign[]} signs
 * @param {boolean} back
 * @returns {Link[]}
 */
function linksIn(signs, back) {
  const text = inUnits(signs);
  return Array.from(text.matchAll(LINK), (match) => {
    const code = match.index + match[0].length;
    const seat = back ? SEAT.exec(text.slice(code))?.[1] : "";
    const end = code + (seat ? seat.length + 1 : 0);
    const after = signs[end]?.sign;
    return {
      suite: match[1],
      tag: match[2],
      words: pieces(signs.slice(code - match[3].length, code)),
      seat: seat ?? "",
      ends: seat !== undefined && (after === undefined || (isSeparator(after) && !FIELD.test(text.slice(end)))),
    };
  });
}

/**
 * Whether a link is complete and says what the first does.
 * @param {Link} link
 * @param {Link} first
 */
function isSame(link, first) {
  /** @param {Link} one */
  const said = ({ suite, tag, words, seat }) => [suite, tag, seat, ...words.map(({ word }) => word)].join();
  return link.ends && link.words.length > 0 && said(link) === said(first);
}
