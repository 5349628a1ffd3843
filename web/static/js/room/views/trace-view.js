/** One line in the place of messages that were lost, others' and one's own. */

import { el, fill } from "../../ui/el.js";
import { parts } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { who } from "./people.js";

/**
 * The view of a trace.
 * @param {import("./log-entries.js").TraceEntry} first
 * @param {Pick<import("./view-context.js").ViewContext, "people">} room
 */
export function traceView(first, room) {
  const own = first.author === null;
  const node = el("p", { class: `trace ${own ? "own" : ""}` });
  let written = "";
  return {
    node,
    /** @param {import("./log-entries.js").TraceEntry} entry */
    update({ what, author, count, gap }) {
      const signature = `${what} ${count}`;
      if (signature === written) return;
      written = signature;
      const name = () => (author === null ? null : who(room.people.get(author)));
      const missing = gap > 0
        ? el("span", { class: "gap" }, icon("warning"), parts("card.gap", { count: gap, name: name() }))
        : null;
      fill(node, missing, el("span", {}, parts(`trace.${what}`, { count, name: name() })));
    },
  };
}
