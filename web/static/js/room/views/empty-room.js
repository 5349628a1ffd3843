// What stands in the place of messages where there are none: the invitation while one is alone, then what to expect;
// and above the first that wait, what opening does, until one has opened one.

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration, moment } from "../../ui/times.js";
import { shareNode } from "./room-menu.js";

/**
 * The place of an empty log. `share` is the code's, or null; `write()` puts the focus where one writes; `shown(invites)`
 * is told when something else stands there.
 */
export function emptyRoom({ people, share, localTime, write, shown }) {
  const node = el("div", { class: "empty" });

  const together = () => [
    el("p", { class: "empty-title" }, say("room.together")), el("p", {}, say("room.together_hint")),
  ];

  const alone = (room) => [
    share === null ? null : shareNode(share),
    el("p", { class: "empty-title" }, say("room.alone")),
    el("p", {}, share === null ? say("menu.code_forgotten") : say("room.alone_hint", {
      until: moment(localTime(room.expiresAt)), time: duration(room.messageTtl),
    })),
  ];

  const told = () => [el("p", {}, say("room.waiting"))];

  /** Whether something waits for somebody who has opened nothing yet. */
  const isNew = ({ cards }) => cards.some(({ state }) => state === "closed" || state === "returned")
    && !cards.some(({ state }) => state === "open" || state === "shown_gone");

  const contents = { alone, together, waiting: told, none: () => null };

  return {
    node,
    /** `nothing`: there are no messages. An invitation stays until somebody has come. */
    update(state, nothing) {
      const { room } = state;
      if (room === null) return;
      const lonely = people.here().every((person) => person.me);
      const kind = lonely && (nothing || room.joins <= 1) ? "alone"
        : nothing ? "together" : isNew(state) ? "waiting" : "none";
      if (kind === node.dataset.kind) return;
      const focused = node.contains(document.activeElement);
      const before = node.dataset.kind;
      node.dataset.kind = kind;
      node.hidden = kind === "none";
      fill(node, contents[kind](room));
      if (focused) write();
      // Whoever has opened the first one reads it.
      if (before !== "waiting") shown(kind === "alone");
    },
  };
}
