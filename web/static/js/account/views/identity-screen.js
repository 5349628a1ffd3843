// Somebody has come back from the other service to sign in: into an account, or to make one.

import { confirm } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { askingForm, noticeOf } from "./asking.js";
import { textField } from "./fields.js";
import { button, frame } from "./frame.js";
import { identityWay, ofService } from "./identity-way.js";
import { codeOf, refusalSentence } from "./refusals.js";

/** Digits are drawn so often for one name, where others have those that were drawn before. */
const DRAWS = 8;

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {"begin"|"asked"|"unknown"|"wrong"} Step  asked: the server; unknown: it opens no account; wrong: it didn't work
 */

/**
 * @param {Flow} flow
 * @param {{step?: Step, error?: unknown, name?: string}} [given]
 */
export function identityScreen(flow, { step = "begin", error = null, name = "" } = {}) {
  if (step === "unknown") return unknown(flow, name);
  if (step === "wrong") return wrong(flow, error);
  const { node, heading } = frame(flow, { name: "identity", title: say("account.identity.asked") },
    el("p", { class: "hint", role: "status" }, say("account.busy.asking")));
  if (step === "begin") void ask(flow);
  // In another language it isn't asked once more.
  return { node, focus: heading, keep: () => ({ step: "asked" }) };
}

/** @param {Flow} flow */
async function ask(flow) {
  const identities = /** @type {import("./flow.js").Identities} */ (flow.client.identities);
  try {
    await flow.hold(() => identities.signIn().catch(async (error) => {
      if (codeOf(error) !== "other_account") throw error;
      const sure = await confirm({ title: say("account.other.title"), text: say("account.other.text"), yes: say("account.other.go"), danger: true });
      if (!sure) throw Object.assign(new Error("not sure"), { code: "cancelled" });
      await identities.signIn({ replace: true });
    }));
    flow.go(null);
  } catch (error) {
    if (codeOf(error) === "identity_unknown") return void flow.go("identity", { step: "unknown" });
    identities.forget();
    if (codeOf(error) === "cancelled") flow.go(null);
    else flow.go("identity", { step: "wrong", error });
  }
}

/** @param {Flow} flow  @param {string} typed */
function unknown(flow, typed) {
  const identities = /** @type {import("./flow.js").Identities} */ (flow.client.identities);
  const name = textField({ id: "account-name", label: say("account.name.label"), hint: say("account.name.hint"), value: typed,
    wrong: ["address_form"], more: { maxlength: 20, autocomplete: "off", required: true, dir: "ltr" } });
  const invitation = flow.invited
    ? textField({ id: "account-invitation", label: say("account.invitation.label"), hint: say("account.invitation.hint"),
      value: flow.invitation, wrong: ["invitation_needed", "invitation_unknown"], more: { autocomplete: "off", required: true, dir: "ltr" } })
    : null;

  async function make() {
    const invited = invitation === null ? {} : { invitation: invitation.input.value.trim() };
    for (let draw = 1; ; draw += 1) {
      const address = flow.client.proposeAddress(name.input.value.trim().toLowerCase());
      try {
        return await identities.register({ address, ...invited });
      } catch (error) {
        if (codeOf(error) !== "address_taken" || draw === DRAWS) throw error;
      }
    }
  }

  function other() {
    identities.forget();
    flow.go("sign_in");
  }

  const form = askingForm({ client: flow.client, label: say("account.register.make"), parts: [name, invitation],
    submit: () => flow.hold(async () => flow.go("words", await make())),
    beside: [button("quiet", say("account.identity.mine"), other)] });
  const { node } = frame(flow, { name: "identity", title: ofService(flow, "account.identity.unknown") },
    el("p", { class: "lead" }, ofService(flow, "account.identity.unknown_text")), form.node);
  return { node, focus: name.input, back: other, keep: () => ({ step: "unknown", name: name.input.value }) };
}

/** @param {Flow} flow  @param {unknown} error */
function wrong(flow, error) {
  const back = () => flow.go("sign_in");
  const { node, heading } = frame(flow, { name: "identity", title: say("account.identity.wrong") },
    noticeOf(refusalSentence(error)),
    identityWay(flow, { label: say("account.identity.again"), kind: "primary" }),
    el("p", {}, button("quiet", say("dialog.back"), back)));
  return { node, focus: heading, back, keep: () => ({ step: "wrong", error }) };
}
