/** Where people are named in what somebody writes: `@` and what they call themselves (docs/conversations.md, 6.2). */

/** What ends a name, and mustn't stand before an `@`: else the domain of an address would be somebody. */
const INSIDE = /[\p{L}\p{M}\p{N}_]/u;
/** As long as any name is, with what stands around it. */
const LONGEST = 80;
/** Places at which somebody's first character stands that are looked at. */
const TRIES = 500;

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
export const mentionsIn = (text, people) => finderOf(people)(text);

/**
 * Finds these people in texts that belong together, and no more of them in all than `most`: whoever writes decides how
 * many `@` there are.
 * @param {readonly Named[]} people
 * @param {number} [most]
 * @returns {(text: string) => Mention[]}
 */
export function finderOf(people, most = Number.POSITIVE_INFINITY) {
  const longestFirst = people.filter(({ name }) => name !== "").sort((one, other) => other.name.length - one.name.length)
    .map(({ chain, name }) => ({ chain, size: name.length, wanted: folded(name), first: firstOf(characterAt(name, 0)) }));
  const firsts = new Set(longestFirst.map(({ first }) => first));
  let left = most;
  let tries = TRIES;
  return (text) => {
    /** @type {Mention[]} */
    const found = [];
    let end = 0;
    for (let start = text.indexOf("@"); start !== -1 && left > 0 && tries > 0; start = text.indexOf("@", Math.max(end, start + 1))) {
      if (start > 0 && INSIDE.test(characterBefore(text, start))) continue;
      const first = firstOf(characterAt(text, start + 1));
      if (!firsts.has(first)) continue;
      tries -= 1;
      const named = longestFirst.find((one) => {
        const behind = start + 1 + one.size;
        return one.first === first && folded(text.slice(start + 1, behind)) === one.wanted && !INSIDE.test(characterAt(text, behind));
      });
      if (named === undefined) continue;
      end = start + 1 + named.size;
      found.push({ chain: named.chain, start, end });
      left -= 1;
    }
    return found;
  };
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

/** By what a name begins, however its character is spelled. @param {string} character */
const firstOf = (character) => characterAt(character.toLowerCase().normalize("NFD"), 0);

/** @param {string} text  @param {number} at */
const characterAt = (text, at) => (at < text.length ? String.fromCodePoint(/** @type {number} */ (text.codePointAt(at))) : "");

/** @param {string} text  @param {number} at */
const characterBefore = (text, at) => [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
