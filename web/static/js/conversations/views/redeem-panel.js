/** Accepting an invitation: from its link, or from the picture on somebody's screen. */

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { accountPanel } from "../../account/views/account-panel.js";
import { askingForm } from "../../account/views/asking.js";
import { textField } from "../../account/views/fields.js";
import { button } from "../../account/views/frame.js";
import { readInvitation } from "../../protocol/conversations/invitations.js";
import { codeReading } from "./code-reading.js";
import { ownNameField } from "./own-name.js";
import { told } from "./refusal-words.js";
import { talkTo } from "./talking-to.js";

const nothing = () => {};

/**
 * @param {import("./messenger-screen.js").Context} context
 * @param {string} [invite]  the fragment of one that was opened in this browser
 * @param {() => void} [done]
 */
export function redeeming(context, invite = "", done = nothing) {
  const { book, flow, talk } = context;
  const link = textField({ id: "invitation", label: say("conversations.redeem.label"), value: invite === "" ? "" : location.origin + location.pathname + invite,
    wrong: ["invitation_form", "invitation_unknown"], more: { autocomplete: "off", dir: "ltr", required: true } });
  const met = ownNameField({ flow, talk });
  const form = askingForm({ client: flow.client, label: say("conversations.redeem.go"), parts: [link, met.node], submit: redeem });
  const reading = invite === "" ? codeReading({ found, without: say("conversations.redeem.no_camera"), nothing: say("conversations.redeem.no_code") }) : null;
  const node = el("div", { class: "panel-step" }, invite === "" ? el("p", {}, say("conversations.redeem.text")) : null, reading?.node ?? null, form.node);

  /** @param {string} text */
  function found(text) {
    try {
      readInvitation(text);
    } catch {
      return false;
    }
    link.input.value = text;
    form.node.requestSubmit();
    return true;
  }

  async function redeem() {
    const mine = await met.keep();
    const { account, chain, name, conversation } = await told(link, async () => talk.inviting.redeem(readInvitation(link.input.value), mine));
    reading?.stop();
    const sentence = name === null ? say(conversation === null ? "conversations.redeem.nameless" : "conversations.redeem.nameless_waits")
      : say(conversation === null ? "conversations.redeem.done" : "conversations.redeem.waits", { name: isolated(name) });
    announce(sentence);
    const wrong = el("div", {});
    const on = conversation !== null ? null
      : talkTo(context, { chain, account }, { place: wrong, before: done });
    fill(node, el("p", { class: "redeemed", tabindex: "-1" }, sentence), el("div", { class: "button-row" }, on,
      done === nothing || on !== null ? null : button("primary", say("conversations.done"), done)), wrong);
    /** @type {HTMLElement|null} */ (node.querySelector("button, .redeemed"))?.focus();
    await book.read();
  }

  return { node, focus: link.input, stop: () => reading?.stop() };
}

/** @param {import("./messenger-screen.js").Context} context */
export function redeemPanel(context) {
  const form = redeeming(context, "", () => node.close());
  const node = accountPanel({ id: "redeem-title", title: say("conversations.redeem.title"), onClose: form.stop }, form.node);
  form.focus.focus();
  return node;
}
