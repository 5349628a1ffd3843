// The choice of language: each by its own name, the present one marked.

import { announceAssertive } from "./announce.js";
import { el } from "./el.js";
import { language, languageChoices, say, setLanguage } from "./i18n.js";

/** A list of links; following one draws the page anew in that language. Null where there is one only. */
export function languageSwitch() {
  const choices = languageChoices();
  if (choices.length < 2) return null;
  return el("nav", { class: "languages", "aria-label": say("language.label") },
    el("ul", {}, choices.map(({ code, name }) => el("li", {},
      el("a", { href: `?lang=${code}`, lang: code, hreflang: code, data: { language: code },
        "aria-current": code === language() ? "true" : null,
        on: { click: (/** @type {MouseEvent} */ event) => choose(event, code) } }, name)))));
}

/** @param {MouseEvent} event  @param {string} code */
async function choose(event, code) {
  // With a modifier it is a link like any other, for another tab.
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (code === language()) return;
  try {
    await setLanguage(code);
  } catch {
    announceAssertive(say("language.failed"));
    return;
  }
  // The list was drawn anew with everything else; whoever chose by keyboard stays where they were.
  /** @type {HTMLElement|null} */
  const link = document.querySelector(`.languages [data-language="${CSS.escape(code)}"]`);
  link?.focus();
}
