/**
 * The text of a message as elements. Nothing of it is markup: what is drawn differently are web
 * addresses, code between backticks, and a few emoji. Joined, the text nodes are the text itself.
 */

import { el } from "./el.js";
import { firstGraphemes } from "./graphemes.js";
import { say } from "./i18n.js";

/** Beyond these a text goes on as plain text: a page must not choke on a message. */
const MOST_LINKS = 100;
const MOST_CODES = 200;
const MOST_TURNS = 100;
const LONGEST_LINK = 2048;
const MOST_EMOJI = 3;
const LONGEST_EMOJI = 32;

// What can stand in an address as a person writes it. Backslashes are left out, because browsers
// read them as slashes and people don't, and so are characters that can't be seen.
const ADDRESS = /https?:\/\/[^\s\p{C}\\<>"`]+/giu;
// Text before an @ can look like the name of another host; such an address is no link.
const HOST = /^https?:\/\/([^/?#:@[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?![^/?#])/i;
const AFTER = /[.,;:!?'*_~’”»›…،؛؟。、，．！？；：」』】）]$/u;
const PAIRS = new Map([[")", "("], ["]", "["], ["}", "{"]]);
const WORD = /[\p{L}\p{N}_]$/u;

// What stands behind the opening is not shown, but it is copied: so it is a language's name, or no fence.
const FENCE = /^ {0,3}```[ \t]*[\w+#.-]{0,20}\s*$/;
const FENCE_END = /^ {0,3}```\s*$/;
const CODE = /(```|`)([^`\n]+)\1/g;

// What turns the direction of text around: in code it can make other code appear than is there.
const TURNS = /([\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+)/;

const EMOJI = /^(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}{2})/u;

/** @typedef {{links: number, codes: number, turns: number}} Left  of what may still be drawn differently */

/** So that no browser sends it away to be translated. */
const UNTRANSLATED = "notranslate";

/**
 * The text of a message as one element of class `message-text`. Inside are only `p`, `a`, `span`,
 * `pre` and `code`; a `pre` is a block of code, of class `code-block`.
 * @param {string} text
 * @returns {HTMLElement}
 */
export function messageText(text) {
  const left = { links: MOST_LINKS, codes: MOST_CODES, turns: MOST_TURNS };
  const node = el("div", { class: `message-text ${UNTRANSLATED}${isFewEmoji(text) ? " emoji" : ""}`, translate: "no" });
  for (const block of blocks(text, left)) {
    if (block.code) {
      const { before, words, after } = block;
      node.append(el("pre", { class: "code-block", dir: "ltr", tabindex: "0", role: "group", "aria-label": say("message.code") },
        unseen(before), el("code", {}, turnsShown(words)), unseen(after)));
    } else {
      node.append(el("p", { class: "prose" }, inline(block.words, left)));
    }
  }
  return node;
}

/**
 * Code with the names of what turns text around, closed in by the style so that it turns nothing.
 * @param {string} words
 */
function turnsShown(words) {
  return words.split(TURNS).map((piece, index) => (index % 2 === 0 ? piece
    : el("span", { class: "turn", data: { name: [...piece].map(nameOf).join(" ") } }, piece)));
}

/** @param {string} character */
const nameOf = (character) => `U+${Number(character.codePointAt(0)).toString(16).toUpperCase().padStart(4, "0")}`;

/**
 * Whether code may still be drawn as code: each has its share of what is left.
 * @param {string} words  @param {Left} left
 */
function mayDraw(words, left) {
  const turns = (words.split(TURNS).length - 1) / 2;
  if (left.codes === 0 || left.turns < turns) return false;
  left.codes -= 1;
  left.turns -= turns;
  return true;
}

/** What of the text is not shown, and yet there for whoever takes the text from the page. @param {string} text */
const unseen = (text) => (text === "" ? null : el("span", { hidden: true }, text));

/**
 * Fenced code and what is between, in order; each has the line breaks that belong to it.
 * @param {string} text  @param {Left} left
 */
function blocks(text, left) {
  if (!text.includes("```")) return [{ code: /** @type {const} */ (false), words: text }];
  const lines = text.split("\n");
  // From the end, so that finding the end of each fence doesn't walk the text again.
  const ends = new Array(lines.length + 1).fill(-1);
  for (let at = lines.length - 1; at >= 0; at -= 1) ends[at] = FENCE_END.test(lines[at]) ? at : ends[at + 1];
  /** @type {({code: false, words: string}|{code: true, words: string, before: string, after: string})[]} */
  const result = [];
  let plain = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const end = ends[at + 1];
    if (end < 0 || left.codes === 0 || !FENCE.test(lines[at])) continue;
    const words = lines.slice(at + 1, end).join("\n");
    if (!mayDraw(words, left)) continue;
    if (at > plain) result.push({ code: false, words: `${lines.slice(plain, at).join("\n")}\n` });
    const fence = `${end > at + 1 ? "\n" : ""}${lines[end]}`;
    result.push({ code: true, before: `${lines[at]}\n`, words, after: end + 1 < lines.length ? `${fence}\n` : fence });
    plain = end + 1;
    at = end;
  }
  if (plain < lines.length) result.push({ code: false, words: lines.slice(plain).join("\n") });
  return result;
}

/**
 * Code between backticks, and between those the addresses.
 * @param {string} text  @param {Left} left
 */
function inline(text, left) {
  /** @type {(Node|string|null)[]} */
  const nodes = [];
  let done = 0;
  for (const found of text.matchAll(CODE)) {
    if (left.codes === 0) break;
    if (!mayDraw(found[2], left)) continue;
    nodes.push(...addresses(text.slice(done, found.index), left));
    nodes.push(unseen(found[1]), el("code", { dir: "ltr" }, turnsShown(found[2])), unseen(found[1]));
    done = found.index + found[0].length;
  }
  nodes.push(...addresses(text.slice(done), left));
  return nodes;
}

/** @param {string} text  @param {Left} left */
function addresses(text, left) {
  /** @type {(Node|string)[]} */
  const nodes = [];
  let done = 0;
  for (const found of text.matchAll(ADDRESS)) {
    if (left.links === 0) break;
    if (found[0].length > LONGEST_LINK || WORD.test(text.slice(Math.max(0, found.index - 2), found.index))) continue;
    const address = withoutEnd(found[0]);
    const node = link(address);
    if (node === null) continue;
    left.links -= 1;
    nodes.push(text.slice(done, found.index), node);
    done = found.index + address.length;
  }
  nodes.push(text.slice(done));
  return nodes.filter((node) => node !== "");
}

/** An address without the punctuation of the sentence in which it stands. @param {string} written */
function withoutEnd(written) {
  const unopened = new Map();
  for (const [closing, opening] of PAIRS) unopened.set(closing, count(written, closing) - count(written, opening));
  let end = written.length;
  for (; end > 0; end -= 1) {
    const last = written[end - 1];
    if (unopened.get(last) > 0) unopened.set(last, unopened.get(last) - 1);
    else if (!AFTER.test(last)) break;
  }
  return written.slice(0, end);
}

/** @param {string} text  @param {string} character */
const count = (text, character) => text.split(character).length - 1;

/** A link that shows the whole address and where it truly leads, or null if it can't. @param {string} address */
function link(address) {
  const host = HOST.exec(address)?.[1];
  if (host === undefined) return null;
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const start = address.indexOf("//") + 2;
  // Where the browser goes to another name than the one that is read, that name is shown as well.
  const other = url.hostname === host.toLowerCase() ? undefined : { host: url.hostname };
  return el("a", {
    class: "link", href: url.href, dir: "ltr", target: "_blank", rel: "noopener noreferrer nofollow",
    referrerpolicy: "no-referrer", data: other,
  }, address.slice(0, start), el("span", { class: "link-host" }, host), address.slice(start + host.length));
}

/** @param {string} text */
function isFewEmoji(text) {
  if (text.length > 2 * MOST_EMOJI * LONGEST_EMOJI) return false;
  const characters = firstGraphemes(text.replace(/\s/g, ""), MOST_EMOJI + 1);
  return characters.length > 0 && characters.length <= MOST_EMOJI
    && characters.every((character) => EMOJI.test(character) && character.length <= LONGEST_EMOJI);
}
