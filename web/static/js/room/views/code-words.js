// The words of a code, to be shown and counted.

// Four words of the list have a hyphen themselves; no first half of them is a word of its own.
const WORD = /drop-down|felt-tip|t-shirt|yo-yo|[^-]+/g;

/** The words of a code, or of what has been typed of one. */
export const codeWords = (text) =>
  text.trim().toLowerCase().replace(/\s+/g, "-").match(WORD) ?? [];
