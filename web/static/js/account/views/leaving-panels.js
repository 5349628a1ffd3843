// Changing the password, signing out, and deleting the account.

import { announce } from "../../ui/announce.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { accountPanel } from "./account-panel.js";
import { askingButton, askingForm } from "./asking.js";
import { nameForManagers, passwordField, wordsField } from "./fields.js";
import { addressField } from "./sign-in-screen.js";
import { button, drawnPoints } from "./frame.js";

/** @typedef {import("./flow.js").Flow} Flow */

/**
 * @param {Flow} flow
 * @param {(sentence: string) => void} [told]  shows that it worked: nothing else of the page looks different then
 */
export function passwordPanel({ client, service }, told = () => {}) {
  const old = passwordField({ id: "old-password", label: say("account.change.old"), wrong: ["password_wrong"] });
  const fresh = passwordField({ id: "new-password", label: say("account.password.new"), isNew: true,
    hint: say("account.password.hint"), wrong: ["password_length"] });
  const form = askingForm({ client, label: say("account.change.go"), parts: [nameForManagers(client.state.address), old, fresh],
    submit: async () => {
      await client.changePassword(old.input.value, fresh.input.value);
      node.close();
      told(say("account.change.done"));
      announce(say("account.change.done"));
    } });
  const node = accountPanel({ id: "change-title", title: say("account.change.title") },
    el("p", {}, say("account.change.text")), form.node,
    service?.forgottenWay(client) ?? null);
  old.input.focus();
  return node;
}

/** @param {Flow} flow */
export function signOutPanel(flow) {
  const { client } = flow;
  const place = el("div", {});
  /** @param {boolean} forget */
  const out = (forget) => async () => {
    await flow.hold(() => client.signOut({ forget }));
    node.close();
    flow.go(null);
  };
  const node = accountPanel({ id: "out-title", title: say("account.out.title") },
    el("section", { class: "choice" }, el("h3", {}, say("account.out.keep_title")), el("p", {}, say("account.out.keep_text")),
      el("div", { class: "button-row" }, askingButton({ kind: "primary", label: say("account.out.keep"), place, does: out(false) }))),
    el("section", { class: "choice" }, el("h3", {}, say("account.out.forget_title")), el("p", {}, say("account.out.forget_text")),
      client.state.devices.length === 1 ? el("p", { class: "notice attention" }, say("account.out.forget_last")) : null,
      el("div", { class: "button-row" }, askingButton({ kind: "danger", label: say("account.out.forget"), place, does: out(true) }))),
    place);
  return node;
}

/** @param {Flow} flow */
export function deletePanel(flow) {
  const { client } = flow;
  // A suspended account may be signed out, or soon be, and has to sign in for this.
  const address = client.state.phase === "suspended" ? addressField(client.state.address ?? "") : null;
  const password = passwordField({ id: "delete-password", label: say("account.password.label") });
  const words = wordsField({ id: "delete-words", label: say("account.delete.words"), hint: say("account.delete.words_hint"),
    wrong: ["code_word", "code_length", "recovery_wrong"] });
  const form = askingForm({ client, label: say("account.delete.go"), danger: true,
    parts: [address ?? nameForManagers(client.state.address), password, words],
    submit: () => flow.hold(async () => {
      if (address !== null) await client.signIn({ address: address.input.value.trim(), password: password.input.value });
      const typed = words.input.value.trim();
      const { deleted, due } = await client.deleteAccount({ password: password.input.value, ...(typed === "" ? {} : { words: typed }) });
      node.close();
      if (deleted) flow.go("deleted");
      else {
        announce(say("account.delete.waits", { time: moment((due ?? Date.now()) - client.state.clockOffset) }));
        // What has come of it, and the way back, stand far above the button that led here.
        document.getElementById("pending-title")?.focus();
      }
    }),
    beside: [button("quiet", say("dialog.back"), () => node.close())] });
  const node = accountPanel({ id: "delete-title", title: say("account.delete.title") },
    // What goes, what nobody touches, and what stays for a while.
    drawnPoints([
      ["destroy", say("account.delete.goes_1")],
      ["done", say("account.delete.goes_2")],
      ["waiting", say("account.delete.goes_3")],
      ["waiting", say("account.delete.goes_4")],
    ]),
    el("p", {}, say("account.delete.when")), form.node);
  (address?.input.value === "" ? address : password).input.focus();
  return node;
}
