/** Several closed cards of one author, one upon the other, and the way to open the next. */

import { el, fill, setText } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { usualTime } from "./card-view.js";
import { called, hue, mark, who } from "./people.js";

/**
 * The view of a stack. `room` gives `client`, `people` and `localTime`.
 * @param {import("./log-stacks.js").StackEntry} first
 * @param {import("./view-context.js").ViewContext} room
 */
export function stackView(first, room) {
  let current = first;
  const author = () => room.people.get(current.author);
  const when = el("span", { class: "card-when" });
  const count = el("span", {});
  const taken = el("span", {});
  const clock = el("span", { class: "stack-clock" });
  const action = el("span", { class: "card-action" });
  const button = el("button", { type: "button", class: "seal", on: { click: openNext } },
    el("span", { class: "envelope", "aria-hidden": "true" }, mark(author())),
    el("span", { class: "card-text" },
      el("span", { class: "card-from" }, who(author()), " ", when),
      el("span", { class: "card-line" }, count, taken, clock)),
    action);
  const node = el("article", { class: "card received stack" }, button);

  function openNext() {
    if (current.next !== null) room.open({ id: current.next, attachment: null });
  }

  return {
    node,
    /** @param {import("./log-stacks.js").StackEntry} entry */
    update(entry) {
      current = entry;
      const waits = entry.count + entry.taken;
      node.className = `card received stack ${hue(author())}`;
      node.setAttribute("aria-label", say("stack.label", { count: waits, name: called(author()) }));
      button.setAttribute("aria-disabled", String(entry.next === null));
      setText(when, moment(room.localTime(entry.latest)));
      setText(count, entry.count === 0 ? "" : say("stack.waits", { count: entry.count }));
      fill(taken, entry.taken === 0 ? null : [entry.count === 0 ? null : " · ", entry.holder === null
        ? say("stack.taken", { count: entry.taken })
        : parts("stack.taken_by", { count: entry.taken, name: who(room.people.get(entry.holder)) })]);
      setText(clock, entry.next === null ? "" : say("card.clock", { time: usualTime(entry.size) }));
      setText(action, entry.next === null ? "" : say("stack.open"));
    },
  };
}
