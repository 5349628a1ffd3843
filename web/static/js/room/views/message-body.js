/** A message as it is read. What is more than text in it is drawn as soon as that can be (message-drawing.js). */

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { onceHere } from "../../ui/later.js";

/** A text that is hardly longer than its fold is not worth folding. */
const SLACK_PX = 24;

/**
 * The body of a message: `text` is the element with the words.
 * @param {string} words
 */
export function messageBody(words) {
  // So that no browser sends it away to be translated.
  const text = el("div", { class: "message-text notranslate", translate: "no" }, el("p", { class: "prose" }, words));
  // What waits for the drawing must not keep a text that is gone.
  const drawn = new WeakRef(text);
  onceHere(({ drawMessage }) => {
    const node = drawn.deref();
    if (node !== undefined) drawMessage(node);
  });
  const node = el("div", { class: "message-body" }, text);
  return { node, text };
}

/**
 * The same, folded while it is long. `hold()` is called before it grows by the reader's wish.
 * @param {string} words
 * @param {() => void} hold
 */
export function foldedBody(words, hold) {
  const { node, text } = messageBody(words);
  const more = el("button", { type: "button", class: "button small quiet more", hidden: true,
    "aria-expanded": "false", on: { click: () => { hold(); fold(!folded); } } }, say("message.show_all"));
  node.classList.add("folded");
  node.append(more);
  let folded = true;

  /** @param {boolean} on */
  function fold(on) {
    folded = on;
    node.classList.toggle("folded", on);
    more.setAttribute("aria-expanded", String(!on));
    setText(more, say(on ? "message.show_all" : "message.show_less"));
  }

  const observer = new ResizeObserver(() => {
    if (!folded) return;
    const long = text.scrollHeight > text.clientHeight + SLACK_PX;
    more.hidden = !long;
    node.classList.toggle("long", long);
  });
  observer.observe(text);
  // What the keyboard reaches below the fold has to be seen; the browser has scrolled to it already.
  text.addEventListener("focusin", (/** @type {FocusEvent} */ { target }) => {
    if (!folded || text.scrollTop === 0) return;
    hold();
    fold(false);
    /** @type {Element} */ (target).scrollIntoView({ block: "nearest" });
  });

  return { node, text, close: () => observer.disconnect() };
}
