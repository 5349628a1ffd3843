/**
 * What stands before the messages: the invitation while there is a seat to be taken; while there are none, what to
 * expect; and what opening does, until one has opened the first.
 */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration, moment } from "../../ui/times.js";
import { shareNode } from "./share-node.js";

/** Where messages need the space that an invitation takes. */
const little = window.matchMedia("(max-width: 40rem), (max-height: 30rem)");

/**
 * @param {import("../room-state.js").RoomView} room
 * @param {boolean} waitsForTheOther  whether nobody has come yet
 */
const hasSeats = ({ seats, seatsTaken, locked }, waitsForTheOther) =>
  waitsForTheOther || (seats > 2 && seatsTaken < seats && !locked);

/**
 * `share` is the code's, or null; `write()` puts the focus where one writes; `shown(top)` is told when something else
 * stands there, and whether it is to be seen from its top.
 * @param {Pick<import("./view-context.js").ViewContext, "people"|"localTime"> &
 *   {share: import("./view-context.js").Share|null, write: () => void, shown: (top: boolean) => void}} around
 */
export function emptyRoom({ people, share, localTime, write, shown }) {
  const fold = el("summary", { hidden: true }, say("share.title"));
  const invitation = el("details", { class: "invitation", open: true, hidden: true }, fold);
  const words = el("div", { class: "empty-words" });
  const node = el("div", { class: "empty" }, invitation, words);
  let begun = false;

  const together = () => [
    el("p", { class: "empty-title" }, say("room.together")), el("p", {}, say("room.together_hint")),
  ];

  /** @param {import("../room-state.js").RoomView} room */
  const alone = (room) => [
    el("p", { class: "empty-title" }, say("room.alone")),
    el("p", {}, share === null ? say("menu.code_forgotten") : say("room.alone_hint", {
      until: moment(localTime(room.expiresAt)), time: duration(room.messageTtl),
    })),
  ];

  /** @param {import("../room-state.js").RoomState} state  whether something waits for who has opened nothing yet */
  const isNew = ({ cards }) => cards.some(({ state }) => state === "closed" || state === "returned")
    && !cards.some(({ state }) => state === "open" || state === "shown_gone");

  /** Folds the invitation once, when the first message needs its space. @param {boolean} nothing */
  function foldFor(nothing) {
    if (!nothing && !begun) {
      begun = true;
      if (little.matches) invitation.open = false;
    }
    const focused = document.activeElement === fold;
    fold.hidden = nothing && invitation.open;
    if (focused && fold.hidden) write();
  }

  return {
    node,
    /**
     * `nothing`: there are no messages.
     * @param {import("../room-state.js").RoomState} state
     * @param {boolean} nothing
     */
    update(state, nothing) {
      const { room } = state;
      if (room === null) return;
      const lonely = people.here().every((person) => person.me);
      const waits = lonely && (nothing || room.joins <= 1);
      const invites = share !== null && hasSeats(room, waits);
      const kind = waits ? "alone" : nothing ? "together" : isNew(state) ? "waiting" : "none";
      foldFor(nothing);
      if (kind === node.dataset.kind && invites !== invitation.hidden) return;
      const focused = node.contains(document.activeElement);
      const before = node.dataset.kind;
      node.dataset.kind = kind;
      node.hidden = kind === "none" && !invites;
      if (invites === invitation.hidden) {
        invitation.hidden = !invites;
        fill(invitation, fold, invites && share !== null ? shareNode(share) : null);
      }
      fill(words, kind === "alone" ? alone(room) : kind === "together" ? together()
        : kind === "waiting" ? el("p", {}, say("room.waiting")) : null,
        // Somebody was here before, who may have come back by the words.
        nothing && share !== null && room.joins > room.seatsTaken ? el("p", { class: "hint" }, say("room.before")) : null);
      if (focused && !node.contains(document.activeElement)) write();
      // Whoever has opened the first one reads it.
      if (before !== "waiting") shown(invites && nothing);
    },
    /** Chromium's document keeps what can be unfolded, and with it all that it hangs on: here it is cut off. */
    close() {
      fill(invitation);
      invitation.remove();
    },
  };
}
