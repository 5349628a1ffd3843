// The way back for whoever has the ten words: a forgotten password, lost devices, a thief.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { askingForm } from "./asking.js";
import { passwordField, wordsField } from "./fields.js";
import { button, frame, lead, points } from "./frame.js";
import { addressField } from "./sign-in-screen.js";

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{address?: string, words?: string}} [given]
 */
export function recoverScreen(flow, { address: typed = flow.client.state.address ?? "", words: begun = "" } = {}) {
  const back = () => flow.go(null);
  const address = addressField(typed);
  const words = wordsField({ id: "account-words", label: say("account.recover.words"), hint: say("account.recover.words_hint"),
    value: begun, more: { required: true } });
  const password = passwordField({ id: "account-password", label: say("account.password.new"), isNew: true,
    hint: say("account.password.hint"), wrong: ["password_length"] });
  const form = askingForm({
    client: flow.client, label: say("account.recover.go"), parts: [address, words, password],
    submit: async () => {
      const given = { address: address.input.value.trim(), words: words.input.value, password: password.input.value };
      const made = await flow.hold(() => flow.client.recover(given));
      if (made?.words === undefined) flow.go(null);
      else flow.go("words", { words: made.words });
    },
    beside: [button("quiet", say("dialog.back"), back)],
  });
  const { node } = frame(flow, { name: "recover", title: say("account.recover.title") },
    lead("account.recover.text"),
    form.node,
    el("section", {}, el("h2", {}, say("account.recover.does")), points("done", [
      say("account.recover.does_1"), say("account.recover.does_2"), say("account.recover.does_3"),
      say("account.recover.does_4")])));
  return { node, focus: typed === "" ? address.input : words.input, back,
    keep: () => ({ address: address.input.value, words: words.input.value }) };
}

/**
 * The server has lost its half of what is kept here: the words open it once more.
 * @param {import("./flow.js").Flow} flow
 */
export function lockedScreen(flow) {
  const words = wordsField({ id: "account-words", label: say("account.recover.words"), hint: say("account.recover.words_hint"), more: { required: true } });
  const form = askingForm({
    client: flow.client, label: say("account.locked.open"), parts: [words],
    submit: () => flow.client.openWithWords(words.input.value),
  });
  const { node } = frame(flow, { name: "locked", title: say("account.locked.title") }, lead("account.locked.text"), form.node);
  return { node, focus: words.input };
}
