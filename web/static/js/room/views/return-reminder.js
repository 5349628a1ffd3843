// Who closes the page of a room while something waits unread is asked once, and shown the link that leads back.

import { announceAssertive } from "../../ui/announce.js";
import { say } from "../../ui/i18n.js";
import { later } from "../../ui/later.js";
import { isCovered } from "../../ui/neutral-screen.js";

/**
 * @typedef {Pick<import("../room-client.js").RoomClient, "state"|"isOwed"|"returnTaken">} Owing
 * @typedef {() => Promise<string>} ReturnLink  promises it; there is none once the tab has forgotten the words
 */

/** Shows the link, and what it is good for (return-panel.js). @param {Owing} client  @param {ReturnLink} returnLink */
export async function openReturn(client, returnLink) {
  try {
    const { returnPanel } = await later();
    returnPanel(client, returnLink);
  } catch {
    announceAssertive(say("refusal.unreachable"));
  }
}

/**
 * Whether closing the page is a question: once, as long as something waits unread.
 * @param {Owing} client
 * @param {ReturnLink|null} returnLink
 * @param {{askedToStay: boolean}} memory
 */
export function closingQuestion(client, returnLink, memory) {
  let asked = false;
  return {
    update() {
      if (client.state.owed === 0) memory.askedToStay = false;
    },
    asks() {
      // A page that is covered shows nothing of a room, and asks nothing either.
      if (returnLink === null || isCovered() || memory.askedToStay || !client.isOwed) return false;
      asked = memory.askedToStay = true;
      return true;
    },
    /** Whoever was asked and has stayed is shown what there is to take along. */
    stayed() {
      if (returnLink !== null && asked && client.isOwed) void openReturn(client, returnLink);
      asked = false;
    },
  };
}
