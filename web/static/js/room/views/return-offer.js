// The return link is offered: in the room's menu, when the room is left, and when its page is closed.

import { copyButton } from "../../ui/copy-button.js";
import { confirm } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { later } from "../../ui/later.js";
import { isCovered } from "../../ui/neutral-screen.js";
import { isLast, unsent } from "./log-entries.js";

/**
 * @typedef {Pick<import("../room-client.js").RoomClient, "state"|"isOwed"|"returnTaken">} Owing
 * @typedef {() => Promise<string>} ReturnLink  promises it; there is none once the tab has forgotten the words
 */

/**
 * Shows the link, and what it is good for (return-panel.js), if that is still wanted when it has been loaded.
 * @param {Owing} client
 * @param {ReturnLink} returnLink
 * @param {{wanted: () => boolean, failed: () => void}} around  `failed` says that it couldn't be
 */
export async function openReturn(client, returnLink, { wanted, failed }) {
  try {
    const { returnPanel } = await later();
    if (wanted()) returnPanel(client, returnLink);
  } catch {
    failed();
  }
}

/**
 * The button that copies the link. Whoever has it is not asked again.
 * @param {Pick<Owing, "returnTaken">} client
 * @param {ReturnLink} returnLink
 * @param {string} [kind]
 */
export const returnButton = (client, returnLink, kind = "secondary") =>
  copyButton({ label: say("return.copy"), name: "link", kind, text: returnLink, copied: () => client.returnTaken() });

/**
 * Asks whether the room is to be left, and offers the link to whoever would never learn what became of
 * what was sent.
 * @param {Owing} client
 * @param {ReturnLink|null} returnLink
 * @returns {Promise<boolean>}
 */
export function askToLeave(client, returnLink) {
  const { state } = client;
  const count = unsent(state);
  const last = isLast(state);
  const more = returnLink === null || last || !client.isOwed ? null
    : el("div", { class: "owed" }, el("p", {}, say("leave.owed", { count: state.owed })), returnButton(client, returnLink));
  const lost = say(count > 0 ? "leave.text_unsent" : "leave.text", { count });
  const back = say(state.room?.locked ? "leave.back_locked" : "leave.back");
  return confirm({
    title: say("leave.title"), text: last ? say("leave.text_last") : `${lost} ${back}`, more, yes: say("leave.yes"), no: say("leave.no"),
  });
}

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
