// Destroying a room without a question: the chord that asks for it, and what stands there meanwhile.

import { announce } from "../../ui/announce.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";

// As long as the fill takes in css/writing.css. Nobody rests on three keys by mistake for that long, and
// whoever means it loses no more by it.
const HELD_MS = 500;

/**
 * Listens for Ctrl (or Cmd) + Shift + Backspace, and calls `destroy()` when it was held for half a second. What
 * fills meanwhile stands in `node`, above everything that is open, and can't be seen where `node` can't.
 * @param {{node: HTMLElement, destroy: () => void}} given
 * @returns {() => void} ends it
 */
export function onChord({ node, destroy }) {
  const going = new AbortController();
  const { signal } = going;
  /** @type {HTMLElement|null} */
  let fill = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  function release() {
    clearTimeout(timer);
    fill?.remove();
    fill = null;
  }

  /** @param {KeyboardEvent} event */
  function down(event) {
    const { key, altKey, ctrlKey, metaKey, shiftKey, repeat } = event;
    if (key !== "Backspace" || !shiftKey || altKey || !(ctrlKey || metaKey)) {
      release();
      return;
    }
    // Or it would also delete a line of what is being written.
    event.preventDefault();
    if (repeat || fill !== null) return;
    fill = el("p", { class: "hold", popover: "manual" }, say("destroy.hold"));
    node.append(fill);
    // Browsers before 2024 have none, and show it below a panel that is open.
    fill.showPopover?.();
    timer = setTimeout(() => {
      release();
      destroy();
    }, HELD_MS);
  }

  // On a Mac nothing tells that another key was released while Cmd is down: it ends with Cmd or Shift there.
  function up() {
    if (fill === null) return;
    release();
    announce(say("destroy.released"));
  }

  document.addEventListener("keydown", down, { signal });
  document.addEventListener("keyup", up, { signal });
  // What is released in another window isn't told to this one.
  window.addEventListener("blur", release, { signal });
  signal.addEventListener("abort", release);
  return () => going.abort();
}

/** What the page says from then on until the server has confirmed it; has to be given the focus. */
export const destroying = () =>
  el("div", { class: "destroying", role: "alert", tabindex: "-1" },
    icon("waiting"), el("p", {}, say("destroy.running")), el("p", { class: "hint" }, say("destroy.running_text")));
