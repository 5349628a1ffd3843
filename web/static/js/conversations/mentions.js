/** Where people are named in what somebody writes: `@` and what they call themselves (docs/conversations.md, 6.2). */

/** What ends a name, and mustn't stand before an `@`: else the domain of an address would be somebody. */
const INSIDE = /[\p{L}\p{M}\p{N}_]/u;
/** As long as any name is, with what stands around it. */
const LONGEST = 80;

/**
 * @typedef {{chain: string, name: string}} Named
 * @typedef {{chain: string, start: number, end: number}} Mention  with its `@`, in UTF-16
 */

/**
 * People who are named in a text, in its order. Of two who are called alike it is the first.
 * @param {string} text
 * @param {readonly Named[]} people
 * @returns {Mention[]}
 */
export function mentionsIn(text, people) {
  const longestFirst = people.filter(({ name }) => name !== "").sort((one, other) => other.name.length - one.name.length);
  /** @type {Mention[]} */
  const found = [];
  for (let start = text.indexOf("@"); start !== -1; start = text.indexOf("@", start + 1)) {
    if (start > 0 && INSIDE.test(characterBefore(text, start))) continue;
    const named = longestFirst.find(({ name }) => {
      const end = start + 1 + name.length;
      return folded(text.slice(start + 1, end)) === folded(name) && !INSIDE.test(characterAt(text, end));
    });
    if (named !== undefined) found.push({ chain: named.chain, start, end: start + 1 + named.name.length });
  }
  return found;
}

/**
 * What is being typed of a name in front of the caret.
 * @param {string} text
 * @param {number} caret
 * @returns {{start: number, typed: string}|null} where its `@` stands
 */
export function nameBefore(text, caret) {
  const start = text.lastIndexOf("@", caret - 1);
  if (start === -1 || caret - start > LONGEST || (start > 0 && INSIDE.test(characterBefore(text, start)))) return null;
  const typed = text.slice(start + 1, caret);
  return /[\n@]|^\s|\s\s/u.test(typed) ? null : { start, typed };
}

/**
 * Who may be meant by the beginning of a name, or of a word of it: those whose name begins so come first.
 * @template {{name: string, label: string}} T
 * @param {string} typed
 * @param {readonly T[]} people  `label`: what they are called here
 * @returns {T[]}
 */
export function meantBy(typed, people) {
  const wanted = folded(typed);
  /** @param {T} one */
  const rank = ({ name, label }) => {
    if ([name, label].some((each) => folded(each).startsWith(wanted))) return 0;
    return [name, label].some((each) => folded(each).split(/\s+/u).some((word) => word.startsWith(wanted))) ? 1 : 2;
  };
  return people.map((one) => ({ one, at: rank(one) })).filter(({ at }) => at < 2)
    .sort((one, other) => one.at - other.at).map(({ one }) => one);
}

/** @param {string} text */
const folded = (text) => text.normalize("NFC").toLowerCase();

/** @param {string} text  @param {number} at */
const characterAt = (text, at) => (at < text.length ? String.fromCodePoint(/** @type {number} */ (text.codePointAt(at))) : "");

/** @param {string} text  @param {number} at */
const characterBefore = (text, at) => [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
