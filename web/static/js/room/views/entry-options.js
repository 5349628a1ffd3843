/** What may be chosen before entering a room, folded away: until somebody unfolds it nothing of it is loaded. */

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { withLater } from "../../ui/later.js";

/**
 * The folded options (option-fields.js). Without `server` there are none that hold for a room that is made.
 * @param {import("./choices.js").Choices} choices
 * @param {{server?: (() => Promise<import("./choices.js").Settings>)|null, unfolded?: boolean}} options
 */
export function entryOptions(choices, { server = null, unfolded = false }) {
  const failed = el("p", { class: "hint", role: "status" });
  const body = el("div", { class: "options-body" }, failed);
  const node = el("details", { class: "options", open: unfolded },
    el("summary", {}, say("options.title")), body);
  let filled = false;

  function open() {
    if (!node.open || filled) return;
    withLater(({ optionFields }) => {
      if (filled) return;
      filled = true;
      failed.replaceWith(...optionFields(choices, server));
    }, () => { failed.textContent = say("notice.not_loaded"); });
  }

  node.addEventListener("toggle", open);
  open();
  return node;
}
