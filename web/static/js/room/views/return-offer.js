// The return link is offered where a room is left.

import { copyButton } from "../../ui/copy-button.js";
import { confirm } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { isLast, unsent } from "./log-entries.js";

/**
 * @typedef {import("./return-reminder.js").Owing} Owing
 * @typedef {import("./return-reminder.js").ReturnLink} ReturnLink
 */

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
