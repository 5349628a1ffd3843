/** What can be done with a whole conversation. */

import { confirm, panel, panelHead } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { markNode, profilesOf } from "./names.js";

/**
 * @param {import("./messenger-screen.js").Context} context
 * @param {import("./names.js").View} view
 */
export function conversationMenu({ talk, names, trouble }, view) {
  const conversation = talk.of(view.id);
  /** @param {Promise<unknown>} work */
  const asked = (work) => void work.catch(trouble);

  async function leave() {
    node.close();
    const sure = await confirm({ title: say("conversations.leave.title"), text: say("conversations.leave.text"), yes: say("conversations.leave.yes"), danger: true });
    if (sure) await conversation.leave();
  }

  const node = panel({ kind: "menu conversation-menu", labelledby: "conversation-menu-title" },
    el("div", { class: "panel-body" },
      panelHead("conversation-menu-title", names.title(view), () => node.close()),
      el("h3", {}, say("conversations.people", { count: view.people.length })),
      el("ul", { class: "member-list" }, view.people.map(({ chain, role }) => {
        const person = names.of(chain, profilesOf(view));
        return el("li", { class: "member" }, markNode(person), el("bdi", { class: "notranslate", translate: "no" }, person.label),
          role === "admin" ? el("span", { class: "tag" }, say("conversations.admin")) : null);
      })),
      view.standing !== "following" ? null : el("div", { class: "menu-items" },
        el("button", { type: "button", class: "button quiet danger-text", on: { click: () => asked(leave()) } }, icon("leave"), say("conversations.leave.way")))));
}
