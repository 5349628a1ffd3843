// Where the account is signed in.

import { announce } from "../../ui/announce.js";
import { confirm } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { keyedList } from "../../ui/keyed-list.js";
import { askingButton, noticeOf } from "./asking.js";
import { dayName, today } from "./days.js";
import { deviceName } from "./devices-view.js";
import { enterDrawing } from "./drawings.js";

/**
 * @typedef {import("./flow.js").AccountState} AccountState
 * @typedef {import("./flow.js").SessionView} SessionView
 */

/** @param {import("./flow.js").Client} client */
export function sessionsView(client) {
  const node = el("ul", { class: "account-list" });
  let day = 0;

  const list = keyedList(node, {
    /** @param {SessionView} session */
    key: ({ sid }) => sid,
    make: view,
    onError: () => el("li", {}, noticeOf(say("account.refusal.other"))),
  });

  /** @param {SessionView} first */
  function view({ sid, present }) {
    const name = el("p", { class: "row-name" });
    const about = el("p", { class: "hint" });
    const place = el("div", {});
    const end = present ? null : askingButton({ kind: "quiet small", label: say("account.sessions.end"), place, does: async () => {
      const sure = await confirm({ title: say("account.sessions.sure"), text: say("account.sessions.sure_text"), yes: say("account.sessions.end") });
      if (!sure) return;
      await client.endSession(sid);
      announce(say("account.sessions.ended"));
      document.getElementById("sessions-title")?.focus();
    } });
    const row = el("li", { class: "account-row" },
      enterDrawing(), el("div", { class: "row-text" }, name, about, place), end === null ? null : el("div", { class: "row-tools" }, end));
    return {
      node: row,
      /** @param {SessionView} now */
      update(now) {
        const device = client.state.devices.find(({ id }) => id === now.device);
        fill(name, device === undefined ? say("account.sessions.nowhere") : deviceName(device),
          now.present ? [" ", el("span", { class: "tag" }, say("account.devices.me"))] : null);
        fill(about, say("account.sessions.since", { since: dayName(now.createdDay, day), day: dayName(now.seenDay, day) }));
      },
    };
  }

  /** @param {AccountState} state */
  function update(state) {
    day = today(state.clockOffset);
    const had = node.contains(document.activeElement);
    list.update(state.sessions, state.devices);
    // What had the focus may be gone with its row.
    if (had && !node.contains(document.activeElement)) document.getElementById("sessions-title")?.focus();
  }

  return { node, update };
}
