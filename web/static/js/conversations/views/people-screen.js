/** Whom one knows, and how one gets to know others. */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { copyButton } from "../../ui/copy-button.js";
import { askingButton, askingForm } from "../../account/views/asking.js";
import { textField } from "../../account/views/fields.js";
import { toBase64url } from "../../protocol/encoding.js";
import { readInvitation } from "../../protocol/conversations/invitations.js";
import { calledOf } from "./contact-names.js";
import { markNode, personOf } from "./names.js";

/**
 * @param {import("./messenger-screen.js").Context} context
 * @returns {{node: HTMLElement, close: () => void}}
 */
export function peopleScreen({ flow, talk, me, invite, trouble }) {
  const known = el("ul", { class: "member-list" });
  const made = el("div", { class: "panel-step" });
  const place = el("div", {});
  const asking = askingButton({ kind: "primary", label: say("conversations.invite"), place, does: invited });
  const link = textField({ id: "invitation", label: say("conversations.redeem.label"), value: invite === "" ? "" : location.origin + location.pathname + invite,
    wrong: ["invitation_form", "invitation_unknown"], more: { autocomplete: "off", dir: "ltr", required: true } });
  const form = askingForm({ client: flow.client, label: say("conversations.redeem.go"), parts: [link], submit: redeem });

  async function invited() {
    const invitation = await talk.inviting.invite();
    const address = new URL(`#${invitation.fragment()}`, location.href.split(/[?#]/)[0]).href;
    fill(made,
      el("p", { class: "hint" }, say("conversations.invitation.text")),
      el("p", { class: "invitation-link notranslate", translate: "no", dir: "ltr" }, address),
      copyButton({ label: say("conversations.invitation.copy"), name: "copy", text: () => address, kind: "secondary" }));
  }

  async function redeem() {
    await talk.inviting.redeem(readInvitation(link.input.value));
    link.input.value = "";
    await show();
  }

  async function show() {
    await talk.inviting.redeemed();
    const contacts = await talk.contacts.accepted();
    const called = await calledOf(talk, contacts.map(({ chain }) => toBase64url(chain)));
    fill(known, contacts.map(({ chain }) => {
      const person = personOf(toBase64url(chain), called, me);
      return el("li", { class: "member" }, markNode(person), el("bdi", { class: "notranslate", translate: "no" }, person.label));
    }));
  }

  show().catch(trouble);
  return { node: el("div", { class: "people-place" }, known, el("div", { class: "button-row" }, asking), place, made, form.node), close() {} };
}
