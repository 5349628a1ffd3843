/** What can be answered to somebody who asks to be a contact. */

import { announce } from "../../ui/announce.js";
import { confirm } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { accountPanel } from "../../account/views/account-panel.js";
import { askingButton } from "../../account/views/asking.js";

/**
 * @typedef {import("./messenger-screen.js").Context} Context
 * @typedef {import("../people.js").Asks} Asks
 */

/**
 * Agrees; where the account was somebody else before, as far as anybody can tell, that is asked about first.
 * @param {Context} context
 * @param {Asks} asks
 */
export async function acceptPanel({ book, talk }, { account, address, former }) {
  const isSure = former === null || await confirm({
    title: say("conversations.anew.title"), text: say("conversations.anew.text", { name: isolated(address) }), yes: say("conversations.people.accept"),
  });
  if (!isSure) return;
  await talk.everybody.accept(account);
  announce(say("conversations.people.accepted", { name: isolated(address) }));
  await book.read();
}

/** How to say no. @param {Context} context  @param {Asks} asks */
export function refusePanel({ book, talk }, { account, address }) {
  const wrong = el("div", {});
  /** @param {string} key  @param {() => Promise<unknown>} work  @param {string} [kind] */
  const way = (key, work, kind = "secondary") => el("div", { class: "choice" },
    el("p", { class: "hint" }, say(`conversations.refuse.text.${key}`)),
    el("div", { class: "button-row" }, askingButton({ kind, label: say(`conversations.refuse.${key}`), place: wrong, done: say(`conversations.refuse.done.${key}`),
      does: async () => {
        await work();
        node.close();
        await book.read();
      } })));
  const node = accountPanel({ id: "refuse-title", title: say("conversations.refuse.title", { name: isolated(address) }) },
    way("silent", () => talk.everybody.deny(account)),
    way("told", () => talk.everybody.deny(account, { tell: true })),
    way("block", () => talk.everybody.block(account), "secondary danger-text"), wrong);
  return node;
}
