// Signing in: on a new browser, and where a session has ended.

import { confirm } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { askingForm, noticeOf } from "./asking.js";
import { passwordField, textField } from "./fields.js";
import { button, frame, lead } from "./frame.js";
import { codeOf } from "./refusals.js";

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{address?: string}} [given]
 */
export function signInScreen(flow, { address: typed = flow.client.state.address ?? "" } = {}) {
  const ended = flow.client.state.phase === "ended";
  const back = () => flow.go(null);
  const address = addressField(typed);
  const password = passwordField({ id: "account-password", label: say("account.password.label"), wrong: ["password_length"] });
  const form = askingForm({
    client: flow.client, label: say("account.sign_in.go"), parts: [address, password],
    submit: () => flow.hold(signIn),
    beside: [ended ? null : button("quiet", say("dialog.back"), back)],
  });
  async function signIn() {
    const given = { address: address.input.value.trim(), password: password.input.value };
    try {
      await flow.client.signIn(given);
    } catch (error) {
      // What it keeps for another account would be lost: that is asked.
      if (codeOf(error) !== "other_account") throw error;
      const sure = await confirm({ title: say("account.other.title"), text: say("account.other.text"), yes: say("account.other.go"), danger: true });
      if (!sure) return;
      await flow.client.signIn({ ...given, replace: true });
    }
    flow.go(null);
  }

  const { node } = frame(flow, { name: "sign-in", title: say(ended ? "account.ended.title" : "account.sign_in.title") },
    ended ? lead("account.ended.text") : null,
    form.node,
    flow.service?.identityWay(flow) ?? null,
    el("p", {}, button("quiet", say("account.recover.forgot"), () => flow.go("recover"))),
    ended ? forgetting(flow) : null);
  return { node, focus: typed === "" ? address.input : password.input, back, keep: () => ({ address: address.input.value }) };
}

/** @param {string} typed */
export const addressField = (typed) => textField({ id: "account-address", label: say("account.address.yours"), value: typed,
  hint: say("account.address.hint"), wrong: ["address_form", "not_found"],
  more: { name: "username", autocomplete: "username", required: true, dir: "ltr", maxlength: 40 } });

/** A way out for whoever doesn't want to be kept here. @param {import("./flow.js").Flow} flow */
function forgetting(flow) {
  const place = el("div", {});
  return el("div", { class: "quiet-end" }, button("quiet", say("account.out.forget_here"), async () => {
    try {
      await flow.hold(() => flow.client.signOut({ forget: true }));
      flow.go(null);
    } catch {
      place.replaceChildren(noticeOf(say("account.refusal.other")));
    }
  }), place);
}
