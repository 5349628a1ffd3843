/** One line for what somebody has written whom one doesn't want to see; it is shown one by one. */

import { el, fill } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { who } from "./people.js";

/**
 * The view of what is hidden. `room` gives `people`, `memory` and `redraw()`.
 * @param {import("./log-entries.js").HiddenEntry} first
 * @param {import("./view-context.js").ViewContext} room
 */
export function hiddenView(first, room) {
  let current = first;
  const words = el("span", {});
  const node = el("p", { class: "trace hidden-messages" }, words, " ",
    el("button", { type: "button", class: "button small quiet", on: { click: show } }, say("hidden.show")));

  function show() {
    room.memory.revealed.add(current.ids[0]);
    room.redraw();
  }

  return {
    node,
    /** @param {import("./log-entries.js").HiddenEntry} entry */
    update(entry) {
      current = entry;
      fill(words, parts("hidden.messages", { count: entry.ids.length, name: who(room.people.get(entry.author)) }));
    },
  };
}
