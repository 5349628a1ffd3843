// The words that a room has left: each can be copied, and, where one may come back, sent then.

import { copyButton } from "../../ui/copy-button.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/**
 * A list of these words. What is chosen for them is written into them.
 * @param {import("./unsent-words.js").Words[]} words
 * @param {{back: boolean}} options  whether one may come back
 */
export const unsentList = (words, { back }) =>
  el("ul", { class: "unsent-list" }, words.map((one, at) => el("li", {},
    el("p", { class: "hint" }, say(`unsent.${one.kind}`)),
    el("p", { class: "unsent-text prose notranslate", translate: "no", tabindex: "0" }, one.text),
    el("div", { class: "unsent-tools" },
      copyButton({ label: say("card.copy"), name: "copy", text: () => one.text, copied: () => { one.copied = true; } }),
      back ? choice(one, at) : null))));

/** @param {import("./unsent-words.js").Words} one  @param {number} at */
function choice(one, at) {
  if (one.kind === "draft") return el("span", { class: "hint" }, say("unsent.draft_back"));
  const id = `unsent-${at}`;
  const box = el("input", { type: "checkbox", id, checked: one.send, "aria-describedby": one.kind === "doubtful" ? `${id}-hint` : null,
    on: { change: () => { one.send = box.checked; } } });
  return [
    el("label", { for: id }, box, say("unsent.send")),
    one.kind === "doubtful" ? el("p", { class: "hint", id: `${id}-hint` }, say("unsent.twice")) : null,
  ];
}
