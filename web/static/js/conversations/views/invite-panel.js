/** An invitation of one's own: a link, and the same as a picture for whoever stands beside. */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { copyButton } from "../../ui/copy-button.js";
import { accountPanel } from "../../account/views/account-panel.js";
import { askingForm } from "../../account/views/asking.js";
import { textField } from "../../account/views/fields.js";
import { button } from "../../account/views/frame.js";
import { codePicture } from "./code-picture.js";
import { ownNameField } from "./own-name.js";

/** For whom it is, in one's own words: so many characters. */
const LONGEST = 40;

/**
 * @param {import("./messenger-screen.js").Context} context
 * @param {{conversation?: string|null, title?: string}} [into]  a conversation, and what it is called
 */
export function invitePanel({ book, flow, talk }, { conversation = null, title = "" } = {}) {
  const place = el("div", { class: "panel-step" });
  const label = textField({ id: "invite-label", label: say("conversations.invite.label"), hint: say("conversations.invite.label_hint"),
    more: { maxlength: LONGEST, autocomplete: "off" } });
  const met = ownNameField({ flow, talk });
  const form = askingForm({ client: flow.client, label: say("conversations.invite.go"), parts: [label, met.node], submit: async () => {
    const given = label.input.value.trim();
    const invitation = await talk.inviting.invite({ conversation, name: await met.keep(), label: given === "" ? null : given });
    fill(place, ...shownInvitation(invitation.fragment()));
    place.querySelector("button")?.focus();
    void book.read();
  } });
  const node = accountPanel({ id: "invite-title", title: say("conversations.invite") }, place);
  fill(place, el("p", {}, conversation === null ? say("conversations.invite.text") : say("conversations.invite.text_into", { name: title })), form.node);
  label.input.focus();

  return node;
}

/** One that was made before. @param {string} fragment */
export const shownPanel = (fragment) =>
  accountPanel({ id: "invite-title", title: say("conversations.invited.title") }, el("div", { class: "panel-step" }, shownInvitation(fragment)));

/** @param {string} fragment */
function shownInvitation(fragment) {
  const address = new URL(`#${fragment}`, location.href.split(/[?#]/)[0]).href;
  const picture = el("div", {});
  const show = button("secondary", say("share.show_qr"), () => {
    show.remove();
    fill(picture, codePicture(address, say("conversations.invite.qr")), el("p", { class: "hint" }, say("conversations.invite.qr_text")));
  });
  return [
    el("p", {}, say("conversations.invitation.text")),
    el("p", { class: "invitation-link notranslate", translate: "no", dir: "ltr" }, address),
    el("div", { class: "button-row" }, copyButton({ label: say("conversations.invitation.copy"), name: "copy", text: () => address, kind: "primary" }), show),
    picture,
    el("p", { class: "hint" }, say("conversations.invite.room")),
  ];
}
