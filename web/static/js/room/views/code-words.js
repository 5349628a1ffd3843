// The words of a code, to be shown. What is typed is read by protocol/cleaning.js.

// Four words of the list have a hyphen themselves; no first half of them is a word of its own.
const WORD = /drop-down|felt-tip|t-shirt|yo-yo|[^- ]+/g;

/** The words of a code. @param {string} code */
export const codeWords = (code) => code.match(WORD) ?? [];
