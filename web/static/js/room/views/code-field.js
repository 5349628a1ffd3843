// Entering a code: forgiving about capitals and spaces, exact about words.

import { piecesOf } from "../../protocol/cleaning.js";
import { announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";

/** Words of a code, for the count under the field. */
const WORDS = 7;

/**
 * The form in which a code, or a link that holds one, is entered. `enter(text)` reads it and goes on,
 * or throws the Refusal that says what is wrong.
 */
export function codeField({ text, enter }) {
  const input = el("input", { id: "code", type: "text", dir: "ltr", value: text, autocomplete: "off",
    autocapitalize: "none", autocorrect: "off", spellcheck: "false", enterkeyhint: "go",
    "aria-describedby": "code-hint code-error", on: { input: typed } });
  const hint = el("p", { class: "hint", id: "code-hint" }, say("code.hint"));
  const error = el("p", { class: "field-error", id: "code-error", hidden: true });
  const node = el("form", { class: "code-form", autocomplete: "off",
    on: { submit: (event) => { event.preventDefault(); submit(); } } },
    el("label", { for: "code" }, say("code.label")),
    el("div", { class: "joined" }, input,
      el("button", { type: "submit", class: "button secondary" }, say("code.join"))),
    error, hint);

  function typed() {
    error.hidden = true;
    input.removeAttribute("aria-invalid");
    const count = piecesOf(input.value).length;
    setText(hint, count === 0 || input.value.includes("#")
      ? say("code.hint") : say("code.count", { count, of: WORDS }));
  }

  async function submit() {
    try {
      await enter(input.value);
    } catch (refusal) {
      refuse(refusal);
    }
  }

  function refuse(refusal) {
    if (refusal?.code === "code_word") {
      const { suggestions, unknown: [{ position, word, start, end }] } = refusal;
      const typed = el("span", { class: "typed" }, word);
      const sentence = suggestions.length === 0 ? parts("code.unknown", { position, word: typed })
        : parts("code.word", { position, word: typed, nearest: el("strong", {}, suggestions[0]) });
      fill(error, el("span", {}, sentence), suggestions.flatMap((meant) => [" ",
        el("button", { type: "button", class: "button small", on: { click: () => mend(start, end, meant) } },
          say("code.use", { word: meant }))]));
    } else if (refusal?.code === "code_length") {
      fill(error, say("code.length", { count: piecesOf(input.value).length, of: WORDS }));
    } else {
      fill(error, say(linkSentence(refusal?.code)));
    }
    error.hidden = false;
    input.setAttribute("aria-invalid", "true");
    announceAssertive(error.textContent);
    input.focus();
  }

  function mend(start, end, word) {
    input.value = input.value.slice(0, start) + word + input.value.slice(end);
    typed();
    input.focus();
  }

  return { node, input };
}

const linkSentence = (code) =>
  ["link_form", "link_suite", "link_salt"].includes(code) ? `refusal.${code}` : "refusal.other";
