/** What was open when the page was reloaded, and is gone. */

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/** The view of such messages. */
export function interruptedView() {
  const node = el("p", { class: "trace interrupted" });
  return {
    node,
    /** @param {import("./log-entries.js").InterruptedEntry} entry */
    update({ items }) {
      setText(node, say("interrupted.gone", { count: items.length }));
    },
  };
}
