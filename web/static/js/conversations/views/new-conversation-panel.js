/** With whom another conversation begins: contacts, one of them or more. */

import { el, fill } from "../../ui/el.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { say } from "../../ui/i18n.js";
import { button } from "../../account/views/frame.js";
import { noticeOf } from "../../account/views/asking.js";
import { toBase64url } from "../../protocol/encoding.js";
import { calledOf } from "./contact-names.js";
import { markNode, personOf } from "./names.js";
import { refusalWords } from "./refusal-words.js";

/** So many people a conversation has at most, oneself among them. */
const MOST = 50;

/**
 * @typedef {import("./messenger-screen.js").Context} Context
 * @param {Context} context
 */
export function newConversationPanel({ talk, me, open, people }) {
  const place = el("div", { class: "panel-step" }, el("p", { class: "hint", role: "status" }, say("conversations.new_one.asking")));
  const node = panel({ kind: "new-conversation", labelledby: "new-conversation-title" },
    el("div", { class: "panel-body" }, panelHead("new-conversation-title", say("conversations.new_one.title"), () => node.close()), place));
  void show();

  async function show() {
    try {
      const contacts = await talk.contacts.accepted();
      choose(contacts, await calledOf(talk, contacts.map(({ chain }) => toBase64url(chain))));
    } catch (error) {
      fill(place, noticeOf(refusalWords(error)), button("secondary", say("conversations.retry"), () => void show()));
    }
  }

  /** @param {{account: string, chain: Uint8Array}[]} contacts  @param {import("./names.js").Called} called */
  function choose(contacts, called) {
    if (contacts.length === 0) {
      fill(place, el("p", {}, say("conversations.new_one.nobody")),
        button("primary", say("conversations.invite"), () => { node.close(); people(); }));
      return;
    }
    const trouble = el("div", {});
    const boxes = contacts.map(({ account, chain }) => {
      const person = personOf(toBase64url(chain), called, me);
      const box = el("input", { type: "checkbox", value: account });
      return { account, chain: toBase64url(chain), box, node: el("label", { class: "choice-row" }, box, markNode(person), el("bdi", { class: "notranslate", translate: "no" }, person.label)) };
    });
    const begin = el("button", { type: "submit", class: "button primary" }, say("conversations.new_one.begin"));
    const form = el("form", { class: "panel-step", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void found(); } } },
      el("fieldset", { class: "choice-list" }, el("legend", {}, say("conversations.new_one.who")), boxes.map((one) => one.node)),
      trouble, el("div", { class: "button-row" }, begin));
    fill(place, form);
    boxes[0].box.focus();
    let asks = false;

    async function found() {
      const chosen = boxes.filter(({ box }) => box.checked);
      if (asks) return;
      if (chosen.length === 0 || chosen.length >= MOST) {
        fill(trouble, noticeOf(say(chosen.length === 0 ? "conversations.new_one.none" : "conversations.new_one.many", { count: MOST - 1 })));
        return;
      }
      asks = true;
      begin.setAttribute("aria-busy", "true");
      fill(trouble);
      try {
        // With one person there is one conversation, as long as it has no name.
        const known = chosen.length === 1 ? await talk.direct(chosen[0].chain) : null;
        const id = known ?? (await talk.found({ accounts: chosen.map(({ account }) => account) })).id;
        node.close();
        open(id);
      } catch (error) {
        fill(trouble, noticeOf(refusalWords(error)));
      }
      asks = false;
      begin.removeAttribute("aria-busy");
    }
  }
}
