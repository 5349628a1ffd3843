/** Draws what is more than text in a message (message-text.js), and ways to copy the code in it. */

import { copyButton } from "./copy-button.js";
import { el } from "./el.js";
import { say } from "./i18n.js";
import { messageText } from "./message-text.js";

/** @param {HTMLElement} text  whose text nodes are that of the message */
export function drawMessage(text) {
  const drawn = messageText(text.textContent ?? "");
  for (const block of drawn.querySelectorAll(".code-block")) withCopy(block);
  for (const name of drawn.classList) text.classList.add(name);
  text.replaceChildren(...drawn.childNodes);
}

/** @param {Element} block */
function withCopy(block) {
  const code = block.querySelector("code")?.textContent ?? "";
  const frame = el("div", { class: "code-frame", dir: "ltr" });
  block.replaceWith(frame);
  frame.append(block, copyButton({ label: say("message.copy_code"), name: "copy", text: () => code, kind: "small quiet code-copy" }));
}
