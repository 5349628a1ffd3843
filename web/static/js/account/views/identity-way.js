// The way to another service where the deployment believes one, to sign in there instead of by a password.

import { el } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { askingButton } from "./asking.js";
import { named } from "./frame.js";

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{label?: string, kind?: string}} [about]  `label` of the button, where it isn't "Sign in with …"
 */
export function identityWay({ client }, { label, kind = "secondary" } = {}) {
  const { identities } = client;
  if (identities === null) return null;
  const place = el("div", {});
  const button = askingButton({ kind: `${kind} service`, place, does: () => identities.begin("sign_in"),
    label: label ?? say("account.identity.sign_in", { service: identities.service }) });
  return el("div", { class: "identity-way" }, el("div", { class: "button-row" }, button), place);
}

/** For whoever has forgotten the password: another one, by signing in there anew. @param {import("./flow.js").Client} client */
export function forgottenWay({ identities, state }) {
  if (identities === null || state.identities?.linked.length === 0) return null;
  const place = el("div", {});
  const button = askingButton({ kind: "quiet service", place, does: () => identities.begin("password"),
    label: say("account.identity.forgotten", { service: identities.service }) });
  return el("div", {}, el("div", { class: "button-row" }, button), place);
}

/** A sentence with the service's name in it. @param {import("./flow.js").Flow} flow  @param {string} key */
export const ofService = ({ client }, key) => parts(key, { service: named(client.identities?.service ?? "") });
