// What a reader counts as one character: cutting inside of it would make another character.

/** Without a segmenter (older browsers) a code point stands for a character. */
const segmenter = typeof Intl.Segmenter === "function"
  ? new Intl.Segmenter(undefined, { granularity: "grapheme" })
  : null;

// Spaces, controls, and what is there to be ignored when it can't be drawn: joiners, fillers, marks of
// direction, a Braille cell without a dot.
const SEEN = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\uFFF9-\uFFFB]/u;

/** Whether nothing of `text` can be seen. @param {string} text */
export const isBlank = (text) => !SEEN.test(text);

/**
 * The first `most` characters of `text`, as strings; joined they are the beginning of `text`.
 * @param {string} text
 * @param {number} most
 */
export function firstGraphemes(text, most) {
  const found = [];
  for (const piece of segmenter === null ? text : segmenter.segment(text)) {
    if (found.length === most) break;
    found.push(typeof piece === "string" ? piece : piece.segment);
  }
  return found;
}

/**
 * The beginning of `text` that has at most `limit` code points, with an ellipsis for the rest. It
 * ends between two characters; only a first character longer than all of it is itself cut.
 * @param {string} text
 * @param {number} limit
 * @returns {string}
 */
export function excerpt(text, limit) {
  // No more than this is looked at, however long the text: a code point has two units at most.
  const points = [...text.slice(0, 2 * (limit + 1))];
  if (points.length <= limit) return text;
  const room = points.slice(0, limit - 1).join("");
  let cut = "";
  // Characters are found in what goes on behind the cut, or the last one would look complete.
  for (const character of firstGraphemes(points.join(""), limit)) {
    if (cut.length + character.length > room.length) break;
    cut += character;
  }
  return `${cut === "" ? room : cut.trimEnd()}…`;
}
