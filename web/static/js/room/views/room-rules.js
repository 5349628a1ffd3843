/** What holds in a room, in sentences: for the menu, and beside the talk where there is space. */

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration, moment } from "../../ui/times.js";

/** A list of the room's rules. @param {(serverTime: number) => number} localTime */
export function roomRules(localTime) {
  const node = el("ul", { class: "facts" });
  return {
    node,
    /** @param {import("../room-state.js").RoomView} room */
    update(room) {
      const lines = [
        say(room.policy === 2 ? "policy.everyone_long" : "policy.first_view_long"),
        say("menu.message_ttl", { time: duration(room.messageTtl) }),
        say("menu.room_ttl", { time: duration(room.roomTtl), until: moment(localTime(room.expiresAt)) }),
        say("menu.seats", { count: room.seats, taken: room.seatsTaken }),
        say("menu.joins", { count: room.joins }),
      ];
      if (node.textContent !== lines.join("")) node.replaceChildren(...lines.map((line) => el("li", {}, line)));
    },
  };
}
