/** Where a conversation can't go on: what can be done instead. */

import { button } from "../../account/views/frame.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/**
 * @param {import("./messenger-screen.js").Context} context
 * @param {import("../conversation.js").View} view
 * @param {() => void} back  to the list
 */
export function waysOn({ talk, open, trouble }, view, back) {
  const conversation = talk.of(view.id);
  /** @param {() => Promise<unknown>} work */
  const asked = (work) => void work().catch(trouble);
  const again = async () => open((await talk.repair(view.id)).id);
  const agree = () => conversation.catchUp({ agreed: true });
  return el("div", { class: "button-row" },
    view.standing === "refused" && view.role === "admin" ? button("secondary small", say("conversations.standing.repair"), () => asked(again)) : null,
    view.standing === "request" ? button("secondary small", say("conversations.standing.agree"), () => asked(agree)) : null,
    button("quiet small", say("conversations.to_list"), back));
}
