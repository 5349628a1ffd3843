/** A message as it is read: its text, and ways to copy the code in it. */

import { copyButton } from "../../ui/copy-button.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { messageText } from "./message-text.js";

/** A text that is hardly longer than its fold is not worth folding. */
const SLACK_PX = 24;

/**
 * The body of a message: `text` is the element with the words.
 * @param {string} words
 */
export function messageBody(words) {
  const text = messageText(words);
  for (const block of text.querySelectorAll(".code-block")) withCopy(block);
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

/** @param {Element} block */
function withCopy(block) {
  const code = block.querySelector("code")?.textContent ?? "";
  const frame = el("div", { class: "code-frame", dir: "ltr" });
  block.replaceWith(frame);
  frame.append(block, copyButton({ label: say("message.copy_code"), name: "copy", text: () => code, kind: "small quiet code-copy" }));
}
