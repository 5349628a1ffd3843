// Internationalization: every sentence that a person can read comes from a catalogue; no module holds
// a sentence of its own. The server has put one into the page, and names the others, so that a person
// can choose.

/** @typedef {string|Partial<Record<Intl.LDMLPluralRule, string>> & {other: string}} Entry  of a catalogue */

/** @param {string} id  of a template that holds JSON */
function read(id) {
  const found = /** @type {HTMLTemplateElement|null} */ (document.getElementById(id));
  return JSON.parse(found?.content.textContent ?? "{}");
}

/** The languages there are; `catalogue` is an address. @type {Record<string, {name: string, catalogue: string}>} */
const languages = read("languages");
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Record<string, Entry>} */
let catalogue = read("catalogue");
/** Whether these are all: what only later parts of the program say, the page doesn't hold. */
let isWhole = false;
/** @type {Promise<void>|null} */
let coming = null;
/** Whether something was to be said that is not here yet. */
let missed = false;
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

/**
 * Calls `listener()` whenever the page speaks another language; gives a way to end that.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Makes the page speak the language with this code. Only the address remembers it. Rejects, with
 * nothing changed, when the catalogue can't be had.
 * @param {string} code
 */
export async function setLanguage(code) {
  wanted = code;
  const found = await catalogueOf(code);
  // Somebody who has chosen again meanwhile wants the last one.
  if (wanted !== code) return;
  catalogue = found;
  isWhole = true;
  current = code;
  plurals = new Intl.PluralRules(code);
  numbers = new Intl.NumberFormat(code);
  document.documentElement.lang = code;
  document.documentElement.dir = String(found["language.direction"]);
  remember();
  rememberBelow();
  for (const listener of listeners) listener();
}

/** Other entries of the history may have been made before, in another language. */
const rememberBelow = () => window.addEventListener("popstate", remember);

// Chosen before a reload: what lies below this entry may not know of it.
if (new URLSearchParams(globalThis.location?.search).has("lang")) rememberBelow();

/** Writes the language into the address, for a reload. */
function remember() {
  const address = new URL(location.href);
  address.searchParams.set("lang", current);
  history.replaceState(history.state, "", address);
}

/** Promises that every sentence is here, also those that the page didn't bring. */
export function haveAll() {
  coming ??= bringAll().finally(() => { coming = null; });
  return coming;
}

async function bringAll() {
  const code = current;
  if (isWhole || !Object.hasOwn(languages, code)) return;
  const found = await catalogueOf(code);
  if (current !== code) return;
  catalogue = found;
  isWhole = true;
  // What was said without the words for it is said anew.
  if (!missed) return;
  missed = false;
  for (const listener of listeners) listener();
}

/** @param {string} code  @returns {Promise<Record<string, Entry>>} */
async function catalogueOf(code) {
  const answer = await fetch(languages[code].catalogue, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Error("no catalogue");
  return answer.json();
}

/** Whether the catalogue has the sentence. @param {string} key */
export const has = (key) => Object.hasOwn(catalogue, key);

/** @param {string} key  @param {Values} values */
function sentence(key, values) {
  const entry = catalogue[key] ?? absent(key);
  if (typeof entry === "string") return entry;
  return entry[plurals.select(Number(values.count ?? 0))] ?? entry.other;
}

/**
 * What stands for a sentence that isn't here: until it has come, dots, and for a refusal what holds of all of them. So
 * does one of a kind that nobody knows.
 * @param {string} key
 */
function absent(key) {
  if (!isWhole) {
    missed = true;
    haveAll().catch(() => {});
  }
  return key.startsWith("refusal.") ? catalogue["refusal.other"] : isWhole ? key : "…";
}

/** @param {unknown} value */
const shown = (value) => (typeof value === "number" ? numbers.format(value) : value);

/** @typedef {Record<string, unknown>} Values  what stands in the places of a sentence, by their names */

/**
 * The sentence as a string, its `{places}` filled with `values`. A sentence with plural forms
 * chooses among them by `values.count`.
 * @param {string} key
 * @param {Values} [values]
 */
export function say(key, values = {}) {
  return parts(key, values).join("");
}

/**
 * The sentence as a list of strings and of whatever nodes are among `values`.
 * @param {string} key
 * @param {Values} [values]
 * @returns {any[]}
 */
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
 * @param {string} name
 */
export const isolated = (name) => `\u2068${name}\u2069`;
