/** What became of messages of one's own whose texts a reload took: told until one has seen it. */

import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { who } from "./people.js";
import { receiptParts } from "./receipt.js";

/** So many of the latest are seen at once. */
const LATEST = 5;

/**
 * The view of such fates. `room` gives what a receipt needs, and `fade`.
 * @param {import("./log-entries.js").FatesEntry} _first
 * @param {import("./view-context.js").ViewContext} room
 */
export function fatesView(_first, room) {
  const latest = el("ul", { class: "fates-list" });
  const earlier = el("ul", { class: "fates-list" });
  const count = el("summary", {});
  const folded = el("details", {}, count, earlier);
  /** @type {import("../room-state.js").SentView[]} */
  let items = [];
  const remove = el("button", { type: "button", class: "button small quiet",
    on: { click: () => room.fade(...items.map(({ id }) => id)) } }, say("sent.remove"));
  const node = el("section", { class: "fates", "aria-label": say("fates.title") },
    el("p", { class: "fates-title" }, say("fates.title")),
    folded,
    latest,
    remove);

  /** @param {import("../room-state.js").SentView} message */
  const line = (message) => el("li", {},
    el("span", { class: "card-when" }, moment(room.localTime(message.postedAt))), " ",
    receiptParts(message, room, who).words);

  return {
    node,
    /** @param {import("./log-entries.js").FatesEntry} entry */
    update(entry) {
      items = entry.items;
      if (items.length <= LATEST && folded.contains(document.activeElement)) remove.focus({ preventScroll: true });
      folded.hidden = items.length <= LATEST;
      setText(count, say("fates.earlier", { count: items.length - LATEST }));
      fill(earlier, items.slice(0, -LATEST).map(line));
      fill(latest, items.slice(-LATEST).map(line));
    },
  };
}
