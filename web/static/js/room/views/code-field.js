// Entering a code: one field, for typing, pasting and screen readers. What helps there (code-help.js) comes when
// somebody is at the field; without it, too, a code can be entered.

import { announceAssertive } from "../../ui/announce.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { later } from "../../ui/later.js";

/**
 * @typedef {import("./code-help.js").Drafts} Drafts
 *
 * @typedef {object} Form
 * @property {HTMLInputElement} input
 * @property {HTMLButtonElement} join
 * @property {HTMLElement} joined  what both stand in
 * @property {HTMLElement} error
 * @property {HTMLElement} hint
 */

/**
 * The form in which a code, or a link that holds one, is entered. `enter(text)` reads it and goes on,
 * or throws the Refusal that says what is wrong. `drafts()` promises what knows the words. `doubted`: no room
 * answered to the text that stands there.
 * @param {{text: string, doubted?: boolean, enter: (text: string) => Promise<void>, drafts: () => Promise<Drafts>}} given
 */
export function codeField({ text, doubted = false, enter, drafts }) {
  /** @type {HTMLInputElement} */
  const input = el("input", { id: "code", type: "text", dir: "ltr", value: text, autocomplete: "off",
    autocapitalize: "none", autocorrect: "off", spellcheck: "false", translate: "no", enterkeyhint: "go",
    "aria-describedby": "code-hint code-error", on: { input: typed, paste: pasted, focus: help } });
  /** @type {HTMLElement} */
  const hint = el("p", { class: "hint", id: "code-hint" }, say("code.hint"));
  /** @type {HTMLElement} */
  const error = el("p", { class: "field-error", id: "code-error", hidden: true });
  /** @type {HTMLButtonElement} */
  const join = el("button", { type: "submit", class: "button secondary" }, say("code.join"));
  const joined = el("div", { class: "joined" }, input, join);
  /** @type {HTMLElement} */
  const node = el("form", { class: "code-form", autocomplete: "off",
    on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } } },
    el("label", { for: "code" }, say("code.label")), joined, error, hint);
  /** @type {Promise<ReturnType<typeof import("./code-help.js").codeHelp>|null>|null} */
  let helping = null;
  /** @type {InputEvent|null} */
  let last = null;

  if (text !== "") help();

  /** Promises the help; after a failure the next key asks again. */
  function help() {
    helping ??= later().then(({ codeHelp }) => codeHelp({ input, join, joined, error, hint, doubted, drafts, last }), () => {
      helping = null;
      return null;
    });
    return helping;
  }

  /** @param {InputEvent} event */
  function typed(event) {
    last = event;
    help();
  }

  /**
   * A field of one line has no line feeds: some browsers run the words together that were on two lines.
   * @param {ClipboardEvent} event
   */
  function pasted(event) {
    const lines = event.clipboardData?.getData("text/plain").split(/[\r\n]+/) ?? [];
    if (lines.length < 2) return;
    event.preventDefault();
    input.setRangeText(lines.join(" "), input.selectionStart ?? 0, input.selectionEnd ?? input.value.length, "end");
    // Tells all who listen, as if a person had done it.
    input.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
  }

  async function submit() {
    try {
      await enter(input.value);
    } catch (refusal) {
      const helper = await help();
      if (helper !== null) return void helper.refuse(/** @type {import("../../protocol/errors.js").Refusal} */ (refusal));
      setText(error, say("refusal.unreachable"));
      error.hidden = false;
      announceAssertive(error.textContent ?? "");
    }
  }

  return { node, input };
}
