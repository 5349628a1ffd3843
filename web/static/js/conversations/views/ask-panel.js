/** Asking somebody by an address: what is answered never tells whether there is such an account. */

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { accountPanel } from "../../account/views/account-panel.js";
import { askingForm } from "../../account/views/asking.js";
import { textField } from "../../account/views/fields.js";
import { button } from "../../account/views/frame.js";
import { told } from "./refusal-words.js";

/** @param {import("./messenger-screen.js").Context} context */
export function askPanel({ book, flow, talk }) {
  const place = el("div", { class: "panel-step" });
  const node = accountPanel({ id: "ask-title", title: say("conversations.ask.title") }, place);

  function first() {
    const address = textField({ id: "ask-address", label: say("conversations.ask.label"), hint: say("conversations.ask.hint"),
      wrong: ["address_form"], more: { autocomplete: "off", dir: "ltr", required: true } });
    const form = askingForm({ client: flow.client, label: say("conversations.ask.go"), parts: [address], submit: async () => {
      await told(address, () => talk.everybody.ask(address.input.value));
      sent(address.input.value.trim());
      void book.read();
    } });
    fill(place, el("p", {}, say("conversations.ask.text")), form.node);
    address.input.focus();
  }

  /** @param {string} address */
  function sent(address) {
    const sentence = say("conversations.ask.sent", { name: isolated(address) });
    announce(sentence);
    const done = button("primary", say("conversations.done"), () => node.close());
    fill(place, el("p", {}, sentence), el("p", { class: "hint" }, say("conversations.ask.uniform")),
      el("div", { class: "button-row" }, done, button("quiet", say("conversations.ask.another"), first)));
    done.focus();
  }

  first();
  return node;
}
