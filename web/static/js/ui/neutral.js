// A screen for when somebody looks over one's shoulder: Esc twice, and there is nothing to see; Esc
// twice again, and all is as it was. The room goes on meanwhile.

import { closePanels } from "./dialog.js";
import { el } from "./el.js";
import { say } from "./say.js";

const TWICE_MS = 600;
// What a tab and a window frame show of a page besides its title.
const MARKS = "link[rel='icon'], link[rel='apple-touch-icon'], meta[name='theme-color']";

/**
 * Covers `nodes` when asked. `changed()` is called whenever the page is covered or uncovered. Gives
 * `{covered(), cover()}`.
 */
export function neutralScreen({ nodes, changed }) {
  let sheet = null;
  let marks = [];
  let focused = null;
  let last = 0;

  function cover() {
    if (sheet !== null) return;
    // What is open above the page counts as answered with no.
    closePanels();
    focused = document.activeElement;
    const line = el("p", { tabindex: "-1" }, say("neutral.text"));
    sheet = el("div", { class: "neutral" }, line,
      el("button", { type: "button", on: { click: uncover } }, say("neutral.back")));
    for (const node of nodes) Object.assign(node, { hidden: true, inert: true });
    marks = [...document.querySelectorAll(MARKS)];
    for (const mark of marks) mark.remove();
    document.head.append(el("link", { rel: "icon", href: "data:,", "data-neutral": true }));
    document.documentElement.classList.add("neutral-page");
    document.body.append(sheet);
    line.focus();
    changed();
  }

  function uncover() {
    if (sheet === null) return;
    sheet.remove();
    sheet = null;
    document.querySelector("link[data-neutral]")?.remove();
    document.head.append(...marks);
    document.documentElement.classList.remove("neutral-page");
    for (const node of nodes) Object.assign(node, { hidden: false, inert: false });
    focused?.focus();
    focused = null;
    changed();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      last = 0;
      return;
    }
    if (event.repeat) return;
    // This one ends the composition of a character.
    if (event.isComposing || event.keyCode === 229) {
      last = 0;
      return;
    }
    // While a panel is open, Esc closes it; the next one may then be the second.
    const closes = document.querySelector("dialog[open]") !== null;
    const second = !closes && event.timeStamp - last < TWICE_MS;
    last = second ? 0 : event.timeStamp;
    if (!second) return;
    event.preventDefault();
    if (sheet === null) cover();
    else uncover();
  }, { capture: true });

  return { covered: () => sheet !== null, cover };
}
