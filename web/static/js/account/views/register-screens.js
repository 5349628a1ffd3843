// Making an account: a name, to which digits are drawn, and then a password.

import { copyButton } from "../../ui/copy-button.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { askingForm, complained } from "./asking.js";
import { nameForManagers, passwordField, PASSWORD_LEAST, textField } from "./fields.js";
import { button, frame, lead } from "./frame.js";
import { codeOf } from "./refusals.js";

/** From here on guessing is hopeless, if nobody could have thought of it. */
const PASSWORD_LONG = 20;

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{name?: string}} [given]
 */
export function nameScreen(flow, { name = "" } = {}) {
  const back = () => flow.go(null);
  const field = textField({ id: "account-name", label: say("account.name.label"), hint: say("account.name.hint"), value: name,
    more: { maxlength: 20, autocomplete: "off", required: true, dir: "ltr" } });
  const form = askingForm({
    client: flow.client, label: say("account.next"), parts: [field],
    submit: async () => {
      const typed = field.input.value.trim().toLowerCase();
      flow.go("password", { name: typed, address: proposed(typed) });
    },
    beside: [button("quiet", say("dialog.back"), back)],
  });

  /** @param {string} typed */
  function proposed(typed) {
    try {
      return flow.client.proposeAddress(typed);
    } catch (error) {
      throw codeOf(error) === "address_form" ? complained(field, wrongName(typed)) : error;
    }
  }

  const { node } = frame(flow, { name: "name", title: say("account.name.title") }, lead("account.name.text"), form.node);
  return { node, focus: field.input, back, keep: () => ({ name: field.input.value }) };
}

/** What is wrong with a name: what may stand there says the hint above. @param {string} typed */
function wrongName(typed) {
  const strange = [...new Set(typed.match(/[^a-z0-9_]/gu) ?? [])];
  if (strange.some((one) => one.trim() === "")) return say("account.name.space");
  // Whatever script they are of, they stand in the order in which they were typed.
  return strange.length === 0 ? say("account.name.short") : say("account.name.strange", { characters: `\u2066${strange.join(" ")}\u2069` });
}

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{name?: string, address?: string}} given
 */
export function passwordScreen(flow, { name = "", address: proposed = flow.client.proposeAddress(name) }) {
  let address = proposed;
  const back = () => flow.go("name", { name });
  const shown = el("span", {}, address);
  const manager = nameForManagers(address);
  const strength = el("p", { class: "hint", role: "status" });
  const password = passwordField({ id: "account-password", label: say("account.password.label"), isNew: true,
    hint: say("account.password.hint"), wrong: ["password_length"] });
  const invitation = flow.invited
    ? textField({ id: "account-invitation", label: say("account.invitation.label"), hint: say("account.invitation.hint"),
      value: flow.invitation, wrong: ["invitation_needed", "invitation_unknown"], more: { autocomplete: "off", required: true, dir: "ltr" } })
    : null;
  password.input.addEventListener("input", judge);

  /** The page can't know how well a password is drawn; it says what it can know. */
  function judge() {
    const missing = PASSWORD_LEAST - [...password.input.value.normalize("NFC")].length;
    setText(strength, password.input.value === "" ? "" : missing > 0 ? say("account.password.short", { count: missing })
      : say(missing > PASSWORD_LEAST - PASSWORD_LONG ? "account.password.fair" : "account.password.long"));
  }

  function another() {
    address = flow.client.proposeAddress(name);
    setText(shown, address);
    if (manager !== null) manager.value = address;
  }

  const form = askingForm({
    client: flow.client, label: say("account.register.make"), parts: [manager, invitation, password, strength],
    submit: () => flow.hold(async () => {
      const { words } = await flow.client.register({
        address, password: password.input.value, ...(invitation === null ? {} : { invitation: invitation.input.value.trim() }),
      });
      flow.go("words", { words });
    }).catch((error) => {
      // Somebody has drawn the same digits before: others are as good.
      if (error?.code === "address_taken") another();
      throw error;
    }),
    beside: [button("quiet", say("dialog.back"), back)],
  });
  const { node } = frame(flow, { name: "password", title: say("account.address.title") },
    el("div", { class: "address-line" },
      el("p", { class: "address-large notranslate", translate: "no", dir: "ltr" }, shown),
      copyButton({ label: say("account.address.copy"), name: "copy", text: () => address, kind: "secondary" }),
      button("quiet", say("account.address.another"), another)),
    el("p", {}, say("account.address.text")),
    form.node);
  return { node, focus: password.input, back, keep: () => ({ name, address }) };
}
