// What stands in the place of messages where there are none: the invitation while one is alone, then what to expect.

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

  return {
    node,
    /** `nothing`: there are no messages. An invitation stays until somebody has come. */
    update({ room }, nothing) {
      if (room === null) return;
      const lonely = people.here().every((person) => person.me);
      const kind = lonely && (nothing || room.joins <= 1) ? "alone" : nothing ? "together" : "none";
      if (kind === node.dataset.kind) return;
      const focused = node.contains(document.activeElement);
      node.dataset.kind = kind;
      node.hidden = kind === "none";
      fill(node, kind === "alone" ? alone(room) : kind === "together" ? together() : null);
      if (focused) write();
      shown(kind === "alone");
    },
  };
}
