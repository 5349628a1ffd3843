// What can be done with one device: to name it, and to remove it.

import { announce } from "../../ui/announce.js";
import { el } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { accountPanel } from "./account-panel.js";
import { askingForm } from "./asking.js";
import { deviceName } from "./devices-view.js";
import { nameForManagers, passwordField, textField } from "./fields.js";
import { button, points } from "./frame.js";

/** A sealed name has room for so many bytes. */
const NAME_BYTES = 80;

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {import("./flow.js").DeviceView} DeviceView
 */

/** @param {Flow} flow  @param {DeviceView} device */
export function renamePanel({ client }, device) {
  const name = textField({ id: "device-name", label: say("account.rename.label"), hint: say("account.rename.hint"),
    value: device.name ?? "", wrong: ["name_length"], more: { maxlength: NAME_BYTES, autocomplete: "off", dir: "auto", required: true } });
  const form = askingForm({ client, label: say("account.rename.save"), parts: [name], submit: async () => {
    await client.rename(device.id, withinBytes(name.input.value));
    node.close();
    announce(say("account.rename.done"));
  } });
  const node = accountPanel({ id: "rename-title", title: say("account.rename.title") }, form.node);
  name.input.focus();
  return node;
}

/** The name as far as it fits. @param {string} text */
function withinBytes(text) {
  const encoder = new TextEncoder();
  const points = [...text.trim()];
  while (encoder.encode(points.join("")).length > NAME_BYTES) points.pop();
  return points.join("").trim();
}

/** @param {Flow} flow  @param {DeviceView} device */
export function revokePanel({ client }, device) {
  const password = passwordField({ id: "revoke-password", label: say("account.password.label") });
  const last = client.state.devices.length < 2;
  const form = askingForm({ client, label: say("account.revoke.yes"), danger: true,
    parts: [nameForManagers(client.state.address), password],
    submit: async () => {
      await client.revoke(device.id, password.input.value);
      node.close();
      announce(say("account.revoke.done"));
      // The button that opened this is gone with its row.
      document.getElementById("devices-title")?.focus();
    },
    beside: [button("quiet", say("dialog.back"), () => node.close())] });
  const node = accountPanel({ id: "revoke-title", title: say("account.revoke.title") },
    last ? el("p", { class: "notice attention" }, say("account.revoke.last"))
      : [el("p", {}, parts(device.me ? "account.revoke.me" : "account.revoke.text", { device: deviceName(device) })),
        points("done", [say("account.revoke.does_1"), say("account.revoke.does_2"), say("account.revoke.does_3")]),
        form.node]);
  if (!last) password.input.focus();
  return node;
}
