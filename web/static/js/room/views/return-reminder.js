// Who closes the page of a room while something waits unread is asked once, and shown the link that leads back.

import { isCovered } from "../../ui/neutral-screen.js";

/**
 * @typedef {Pick<import("../room-client.js").RoomClient, "state"|"isOwed"|"returnTaken">} Owing
 * @typedef {() => Promise<string>} ReturnLink  promises it; there is none once the tab has forgotten the words
 */

/**
 * Whether closing the page is a question: once, as long as something waits unread. `comeBack()` shows the link that leads
 * back; it is null where there is none.
 * @param {Owing} client
 * @param {(() => unknown)|null} comeBack
 * @param {{askedToStay: boolean}} memory
 */
export function closingQuestion(client, comeBack, memory) {
  let asked = false;
  return {
    update() {
      if (client.state.owed === 0) memory.askedToStay = false;
    },
    asks() {
      // A page that is covered shows nothing of a room, and asks nothing either.
      if (comeBack === null || isCovered() || memory.askedToStay || !client.isOwed) return false;
      asked = memory.askedToStay = true;
      return true;
    },
    /** Whoever was asked and has stayed is shown what there is to take along. */
    stayed() {
      if (asked && client.isOwed) comeBack?.();
      asked = false;
    },
  };
}
