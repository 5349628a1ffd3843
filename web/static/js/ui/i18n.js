// Internationalization: every sentence that a person can read comes from a catalogue; no module holds
// a sentence of its own. The server has put one into the page, and names the others, so that a person
// can choose.

const read = (id) => JSON.parse(document.getElementById(id)?.content.textContent ?? "{}");

/** The languages there are: `{code: {name, catalogue}}`, the last an address. */
const languages = read("languages");
const listeners = new Set();
let catalogue = read("catalogue");
let current = document.documentElement.lang || "en";
let wanted = current;
let plurals = new Intl.PluralRules(current);
let numbers = new Intl.NumberFormat(current);

/** The language of the page, for numbers and dates. */
export const language = () => current;

/** The languages that can be chosen, each by its own name and in the order of these: `[{code, name}]`. */
export const languageChoices = () =>
  Object.entries(languages)
    .map(([code, { name }]) => ({ code, name }))
    .sort((one, other) => one.name.localeCompare(other.name, "en"));

/** Calls `listener()` whenever the page speaks another language; gives a way to end that. */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Makes the page speak the language with this code. Only the address remembers it. Rejects, with
 * nothing changed, when the catalogue can't be had.
 */
export async function setLanguage(code) {
  wanted = code;
  const answer = await fetch(languages[code].catalogue, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Error("no catalogue");
  const found = await answer.json();
  // Somebody who has chosen again meanwhile wants the last one.
  if (wanted !== code) return;
  catalogue = found;
  current = code;
  plurals = new Intl.PluralRules(code);
  numbers = new Intl.NumberFormat(code);
  document.documentElement.lang = code;
  document.documentElement.dir = found["language.direction"];
  remember();
  // Another entry of the history may have been made before.
  window.addEventListener("popstate", remember);
  for (const listener of listeners) listener();
}

/** Writes the language into the address, for a reload. */
function remember() {
  const address = new URL(location.href);
  address.searchParams.set("lang", current);
  history.replaceState(history.state, "", address);
}

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

/** Things in a row, as the language joins them: "a, b and c". @param {string[]} things */
export const listed = (things) => new Intl.ListFormat(current, { type: "conjunction" }).format(things);

/**
 * A name that a peer chose, for places that take no elements: isolated, so that directional
 * characters in it can't rearrange the sentence around it.
 */
export const isolated = (name) => `\u2068${name}\u2069`;
