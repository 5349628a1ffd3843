/** What became of messages of one's own whose texts a reload took: told until one has seen it. */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { who } from "./people.js";
import { receiptParts } from "./receipt.js";

/**
 * The view of such fates. `room` gives what a receipt needs, and `fade(id)`.
 * @param {import("./log-entries.js").FatesEntry} _first
 * @param {import("./view-context.js").ViewContext} room
 */
export function fatesView(_first, room) {
  const list = el("ul", { class: "fates-list" });
  /** @type {import("../room-state.js").SentView[]} */
  let items = [];
  const node = el("section", { class: "fates", "aria-label": say("fates.title") },
    el("p", { class: "fates-title" }, say("fates.title")),
    list,
    el("button", { type: "button", class: "button small quiet",
      on: { click: () => room.fade(...items.map(({ id }) => id)) } }, say("sent.remove")));
  return {
    node,
    /** @param {import("./log-entries.js").FatesEntry} entry */
    update(entry) {
      items = entry.items;
      fill(list, items.map((message) => el("li", {},
        el("span", { class: "card-when" }, moment(room.localTime(message.postedAt))), " ",
        receiptParts(message, room, who).words)));
    },
  };
}
