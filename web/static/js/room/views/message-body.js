// A message as it is read: its text, folded while it is long, and ways to copy the code in it.

import { copyButton } from "../../ui/copy-button.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { messageText } from "./message-text.js";

/** A text that is hardly longer than its fold is not worth folding. */
const SLACK_PX = 24;

/**
 * The body of a message. `hold()` is called before it grows by the reader's wish. Gives `{node, text,
 * close}`; `text` is the element with the words.
 */
export function messageBody(words, hold) {
  const text = messageText(words);
  const more = el("button", { type: "button", class: "button small quiet more", hidden: true,
    "aria-expanded": "false", on: { click: () => { hold(); fold(!folded); } } }, say("message.show_all"));
  const node = el("div", { class: "message-body folded" }, text, more);
  let folded = true;

  for (const block of text.querySelectorAll(".code-block")) withCopy(block);

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
  text.addEventListener("focusin", (event) => {
    if (!folded || text.scrollTop === 0) return;
    hold();
    fold(false);
    event.target.scrollIntoView({ block: "nearest" });
  });

  return { node, text, close: () => observer.disconnect() };
}

function withCopy(block) {
  const code = block.querySelector("code").textContent;
  const frame = el("div", { class: "code-frame", dir: "ltr" });
  block.replaceWith(frame);
  frame.append(block, copyButton({ label: say("message.copy_code"), name: "copy", text: () => code, kind: "small quiet code-copy" }));
}
