// The devices of an account, each with what can be done with it.

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { keyedList } from "../../ui/keyed-list.js";
import { dayName, today } from "./days.js";
import { deviceDrawing } from "./drawings.js";
import { button, named } from "./frame.js";
import { noticeOf } from "./asking.js";

/**
 * @typedef {import("./flow.js").AccountState} AccountState
 * @typedef {import("./flow.js").DeviceView} DeviceView
 */

/** What a device is called; one without a name by the beginning of its number. @param {DeviceView} device */
export const deviceName = ({ name, id }) =>
  (name === null || name === "" ? say("account.devices.nameless", { id: id.slice(-4) }) : named(name));

/** The same, for places that take no elements. @param {DeviceView} device */
const deviceLabel = ({ name, id }) =>
  (name === null || name === "" ? say("account.devices.nameless", { id: id.slice(-4) }) : `\u2068${name}\u2069`);

/** @param {import("./home-screen.js").OpenPanel} open */
export function devicesView(open) {
  const node = el("ul", { class: "account-list" });
  let day = 0;

  const list = keyedList(node, {
    /** @param {DeviceView} device */
    key: ({ id }) => id,
    make: view,
    onError: () => el("li", {}, noticeOf(say("account.refusal.other"))),
  });

  /** @param {DeviceView} first */
  function view(first) {
    let device = first;
    const name = el("p", { class: "row-name" });
    const about = el("p", { class: "hint" });
    const rename = button("quiet small", say("account.rename.go"), () => open("renamePanel", device));
    const revoke = button("quiet small danger-text", say("account.revoke.go"), () => open("revokePanel", device));
    const row = el("li", { class: "account-row", data: { device: first.id } },
      deviceDrawing(), el("div", { class: "row-text" }, name, about), el("div", { class: "row-tools" }, rename, revoke));
    return {
      node: row,
      /** @param {DeviceView} now */
      update(now) {
        device = now;
        const said = deviceLabel(now);
        fill(name, deviceName(now), now.me ? [" ", el("span", { class: "tag" }, say("account.devices.me"))] : null);
        fill(about, now.me ? say("account.devices.here")
          : now.seenDay === null ? say("account.devices.never") : say("account.devices.seen", { day: dayName(now.seenDay, day) }));
        rename.setAttribute("aria-label", say("account.rename.of", { device: said }));
        revoke.setAttribute("aria-label", say("account.revoke.of", { device: said }));
      },
    };
  }

  /** @param {AccountState} state */
  function update(state) {
    day = today(state.clockOffset);
    const had = node.contains(document.activeElement);
    list.update(state.devices, day);
    // What had the focus may be gone with its row.
    if (had && !node.contains(document.activeElement)) document.getElementById("devices-title")?.focus();
  }

  return { node, update };
}
