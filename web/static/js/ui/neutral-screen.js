// A screen for when somebody looks over one's shoulder: Esc twice, and there is nothing to see; Esc
// twice again, and all is as it was. The room goes on meanwhile.

import { closePanels } from "./dialog.js";
import { el } from "./el.js";
import { say } from "./i18n.js";

/** The events of the document when the page has been covered, and when it can be seen again. */
export const COVERED = "covered";
export const UNCOVERED = "uncovered";

const TWICE_MS = 600;
const CLASS = "neutral-page";
// What a tab and a window frame show of a page besides its title.
const MARKS = "link[rel='icon'], link[rel='apple-touch-icon'], meta[name='theme-color']";

/** Whether the page is covered at this moment. */
export const isCovered = () => document.documentElement.classList.contains(CLASS);

/**
 * Covers `nodes` when asked, by `cover()` or by Esc twice. `changed()` is called whenever the page has
 * been covered or uncovered.
 * @param {{nodes: HTMLElement[], changed: () => void}} given
 */
export function neutralScreen({ nodes, changed }) {
  /** @type {HTMLElement|null} */
  let sheet = null;
  /** @type {Element[]} */
  let marks = [];
  /** @type {WeakRef<Element>|null} */
  let focused = null;
  let last = -Infinity;

  function cover() {
    if (sheet !== null) return;
    // What is open above the page counts as answered with no.
    closePanels();
    // Held weakly: with the element of a room that ends meanwhile, its texts would be held.
    focused = new WeakRef(document.activeElement ?? document.body);
    const line = el("h1", { tabindex: "-1" }, say("neutral.text"));
    sheet = el("main", { class: "neutral" }, line,
      el("button", { type: "button", on: { click: uncover } }, say("neutral.back")));
    for (const node of nodes) Object.assign(node, { hidden: true, inert: true });
    marks = [...document.querySelectorAll(MARKS)];
    for (const mark of marks) mark.remove();
    document.head.append(el("link", { rel: "icon", href: "data:,", "data-neutral": true }));
    document.documentElement.classList.add(CLASS);
    document.body.append(sheet);
    line.focus();
    document.dispatchEvent(new Event(COVERED));
    changed();
  }

  function uncover() {
    if (sheet === null) return;
    sheet.remove();
    sheet = null;
    document.querySelector("link[data-neutral]")?.remove();
    document.head.append(...marks);
    document.documentElement.classList.remove(CLASS);
    for (const node of nodes) Object.assign(node, { hidden: false, inert: false });
    const before = /** @type {HTMLElement|undefined} */ (focused?.deref());
    if (before?.isConnected) before.focus();
    else nodes[0]?.querySelector("h1")?.focus();
    document.dispatchEvent(new Event(UNCOVERED));
    changed();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      last = -Infinity;
      return;
    }
    if (event.repeat) return;
    // This one ends the composition of a character.
    if (event.isComposing || event.keyCode === 229) {
      last = -Infinity;
      return;
    }
    // One that closes a panel or a list means no more than that: whoever presses it twice to be sure that it is
    // closed must not find the page gone.
    const closes = document.querySelector("dialog[open], [role='listbox']:not([hidden])") !== null;
    const second = !closes && event.timeStamp - last < TWICE_MS;
    last = second || closes ? -Infinity : event.timeStamp;
    if (!second) return;
    event.preventDefault();
    if (sheet === null) cover();
    else uncover();
  }, { capture: true });

  return { cover };
}
