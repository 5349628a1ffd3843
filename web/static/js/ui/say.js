// Every sentence that a person can read comes from the catalogue that the server has put into the
// page; no module holds a sentence of its own.

const catalogue = JSON.parse(document.getElementById("catalogue").content.textContent);

/** The language of the page, for numbers and dates. */
export const LANGUAGE = document.documentElement.lang || "en";

const plurals = new Intl.PluralRules(LANGUAGE);
const numbers = new Intl.NumberFormat(LANGUAGE);

/** Whether the catalogue has the sentence. */
export const has = (key) => Object.hasOwn(catalogue, key);

function sentence(key, values) {
  if (!has(key)) return key;
  const entry = catalogue[key];
  if (typeof entry === "string") return entry;
  return entry[plurals.select(values.count ?? 0)] ?? entry.other;
}

const shown = (value) => (typeof value === "number" ? numbers.format(value) : value);

/**
 * The sentence as a string, its `{places}` filled with `values`. A sentence with plural forms
 * chooses among them by `values.count`.
 */
export function say(key, values = {}) {
  return parts(key, values).join("");
}

/** The sentence as a list of strings and of whatever nodes are among `values`. */
export function parts(key, values = {}) {
  return sentence(key, values)
    .split(/(\{\w+\})/)
    .filter((piece) => piece !== "")
    .map((piece) => {
      const name = /^\{(\w+)\}$/.exec(piece)?.[1];
      return name !== undefined && Object.hasOwn(values, name) ? shown(values[name]) : piece;
    });
}

/**
 * A name that a peer chose, for places that take no elements: isolated, so that directional
 * characters in it can't rearrange the sentence around it.
 */
export const isolated = (name) => `\u2068${name}\u2069`;
