// The words that what is being typed may become (the combobox pattern of ARIA): arrows choose, Enter takes
// what was chosen, Escape closes. Tab goes on as ever, and nothing is taken that was not chosen.

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/**
 * @param {{input: HTMLInputElement, take: (start: number, end: number, word: string) => void}} given
 */
export function completionList({ input, take }) {
  /** @type {HTMLElement} */
  const node = el("ul", { class: "completions", id: "completions", role: "listbox", dir: "ltr", hidden: true,
    "aria-label": say("code.completions") });
  /** @type {{start: number, end: number, words: string[]}} */
  let found = { start: 0, end: 0, words: [] };
  let chosen = -1;

  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list",
    "aria-controls": "completions", "aria-expanded": "false" })) {
    input.setAttribute(name, value);
  }
  input.addEventListener("keydown", pressed);

  /** @param {{start: number, end: number, words: string[]}} completions */
  function open(completions) {
    found = completions;
    fill(node, found.words.map((word, at) => el("li", { id: `completion-${at}`, role: "option", lang: "en", translate: "no",
      class: "notranslate", "aria-selected": "false",
      on: {
        // The field keeps the focus, and on a phone the keyboard stays where it is.
        pointerdown: (/** @type {Event} */ event) => event.preventDefault(),
        mousedown: (/** @type {Event} */ event) => event.preventDefault(),
        click() {
          choose(at);
          takeChosen();
        },
      } }, word)));
    node.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(-1);
  }

  function close() {
    node.hidden = true;
    node.replaceChildren();
    found = { start: 0, end: 0, words: [] };
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  }

  /** @param {number} at  -1: none */
  function choose(at) {
    chosen = at;
    for (const [each, option] of [...node.children].entries()) {
      option.setAttribute("aria-selected", String(each === at));
    }
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `completion-${at}`);
  }

  function takeChosen() {
    const { start, end, words: { [chosen]: word } } = found;
    close();
    take(start, end, word);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (node.hidden || event.isComposing) return;
    const count = found.words.length;
    // Beyond either end none is chosen, and then the other end is next.
    if (event.key === "ArrowDown") choose(chosen + 1 < count ? chosen + 1 : -1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? count - 1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) takeChosen();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return { node, open, close };
}
