// Fields of the account's forms. Each knows which refusals are its own, and then says so itself.

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/**
 * @typedef {object} Field
 * @property {HTMLElement} node
 * @property {HTMLInputElement|HTMLTextAreaElement} input
 * @property {string[]} wrong  codes of refusals that are about this field
 * @property {(sentence: string|null) => void} complain
 *
 * @typedef {object} About
 * @property {string} id
 * @property {string} label
 * @property {string|null} [hint]
 * @property {string} [value]
 * @property {string[]} [wrong]
 * @property {Record<string, unknown>} [more]  attributes
 */

/** What is no prose: nothing corrects it, translates it or keeps it. */
const PLAIN = { autocapitalize: "none", autocorrect: "off", spellcheck: "false", translate: "no" };

/** A password is long enough from here on, and may be no longer; both are the server's bounds too. */
export const PASSWORD_LEAST = 10;
const PASSWORD_MOST = 256;

/** @param {About} about @returns {Field} */
export function textField({ id, label, hint = null, value = "", wrong = [], more = {} }) {
  const input = el("input", { id, type: "text", value, ...described(id, hint), ...PLAIN, ...more });
  return field({ id, label, hint, wrong, input });
}

/** For words: they wrap where they stand in a row. @param {About} about @returns {Field} */
export function wordsField({ id, label, hint = null, value = "", wrong = ["code_word", "code_length"], more = {} }) {
  const input = el("textarea", { id, rows: 3, dir: "ltr", autocomplete: "off", ...described(id, hint), ...PLAIN, ...more });
  input.value = value;
  return field({ id, label, hint, wrong, input });
}

/**
 * A password that can be looked at. `isNew`: one that is being chosen; else the one in force.
 * @param {About & {isNew?: boolean}} about
 * @returns {Field}
 */
export function passwordField({ id, label, hint = null, wrong = ["password_wrong", "password_length", "login_wrong"], isNew = false }) {
  const input = el("input", { id, type: "password", maxlength: PASSWORD_MOST, required: true,
    ...(isNew ? { minlength: PASSWORD_LEAST, passwordrules: `minlength: ${PASSWORD_LEAST};` } : {}),
    autocomplete: isNew ? "new-password" : "current-password", ...described(id, hint), ...PLAIN });
  const show = el("button", { type: "button", class: "button quiet small", "aria-pressed": "false",
    on: { click: turn } }, say("account.password.show"));

  function turn() {
    const open = input.type === "password";
    input.type = open ? "text" : "password";
    show.setAttribute("aria-pressed", String(open));
  }

  return field({ id, label, hint, wrong, input, beside: el("div", { class: "password-line" }, input, show) });
}

/**
 * For password managers, which keep a password for the name that stands in the form.
 * @param {string|null} address
 */
export const nameForManagers = (address) => address === null ? null
  : el("input", { type: "text", name: "username", autocomplete: "username", value: address, hidden: true, readOnly: true });

/** @param {string} id  @param {string|null} hint */
const described = (id, hint) => ({ "aria-describedby": `${hint === null ? "" : `${id}-hint `}${id}-error` });

/**
 * @param {{id: string, label: string, hint: string|null, wrong: string[], input: HTMLInputElement|HTMLTextAreaElement,
 *   beside?: HTMLElement}} given
 * @returns {Field}
 */
function field({ id, label, hint, wrong, input, beside = input }) {
  const error = el("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const node = el("div", { class: "field" },
    el("label", { for: id }, label), beside,
    hint === null ? null : el("p", { class: "hint", id: `${id}-hint` }, hint),
    error);

  /** @param {string|null} sentence */
  function complain(sentence) {
    error.hidden = sentence === null;
    setText(error, sentence);
    if (sentence === null) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  }

  // What is being mended is no longer wrong.
  input.addEventListener("input", () => complain(null));
  return { node, input, wrong, complain };
}
