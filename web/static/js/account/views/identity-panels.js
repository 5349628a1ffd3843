// What is done with an identity of another service: to link it, to remove it, and to choose a password by it.

import { announce } from "../../ui/announce.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { accountPanel } from "./account-panel.js";
import { askingForm } from "./asking.js";
import { nameForManagers, passwordField } from "./fields.js";
import { button } from "./frame.js";

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {import("./flow.js").Identities} Identities
 */

/** @param {Flow} flow */
const ofAccount = ({ client }) => /** @type {Identities} */ (client.identities);

/** @param {Flow} flow */
export function identityLinkPanel(flow) {
  const identities = ofAccount(flow);
  const password = passwordField({ id: "identity-password", label: say("account.password.label") });
  const form = askingForm({ client: flow.client, label: say("account.identity.link_go"),
    parts: [nameForManagers(flow.client.state.address), password],
    submit: async () => {
      await identities.link(password.input.value);
      node.close();
      announce(say("account.identity.linked"));
    },
    beside: [button("quiet", say("dialog.back"), () => node.close())] });
  const node = accountPanel({ id: "identity-title", title: say("account.identity.link_title", { service: identities.service }), onClose: () => identities.forget() },
    el("p", {}, say("account.identity.link_text")), form.node);
  password.input.focus();
  return node;
}

/** @param {Flow} flow  @param {string} id */
export function identityUnlinkPanel(flow, id) {
  const identities = ofAccount(flow);
  const password = passwordField({ id: "identity-password", label: say("account.password.label") });
  const form = askingForm({ client: flow.client, label: say("account.identity.remove"), danger: true,
    parts: [nameForManagers(flow.client.state.address), password],
    submit: async () => {
      await identities.unlink(id, password.input.value);
      node.close();
      announce(say("account.identity.removed"));
      // The button that opened this is gone with its row.
      document.getElementById("identities-title")?.focus();
    },
    beside: [button("quiet", say("dialog.back"), () => node.close())] });
  const node = accountPanel({ id: "identity-title", title: say("account.identity.remove_title", { service: identities.service }) },
    el("p", {}, say("account.identity.remove_text")), form.node);
  password.input.focus();
  return node;
}

/** A first password, or another one for whoever has just signed in at the other service. @param {Flow} flow */
export function identityPasswordPanel(flow) {
  const identities = ofAccount(flow);
  const fresh = passwordField({ id: "new-password", label: say("account.password.new"), isNew: true,
    hint: say("account.password.hint"), wrong: ["password_length"] });
  const form = askingForm({ client: flow.client, label: say("account.identity.choose"),
    parts: [nameForManagers(flow.client.state.address), fresh],
    submit: async () => {
      await identities.setPassword(fresh.input.value);
      node.close();
      announce(say("account.change.done"));
      document.getElementById("identities-title")?.focus();
    },
    beside: [button("quiet", say("dialog.back"), () => node.close())] });
  const node = accountPanel({ id: "identity-title", title: say("account.identity.choose"), onClose: () => identities.forget() },
    el("p", {}, say("account.change.text")), form.node);
  fresh.input.focus();
  return node;
}
