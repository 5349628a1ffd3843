// The room's menu: invite, lock, typing, hide, leave, destroy, what holds in this room, and
// what the server knows of it.

import { panel, panelHead } from "../../ui/dialog.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { isLast } from "./log-entries.js";
import { openRecord } from "./record-panel.js";
import { openReport } from "./report-panel.js";
import { roomRules } from "./room-rules.js";
import { shareNode } from "./share-node.js";

/**
 * @typedef {import("../room-state.js").RoomState} RoomState
 * @typedef {import("./view-context.js").Share} Share
 *
 * @typedef {object} Menu  what it shows and does
 * @property {RoomState} state
 * @property {(serverTime: number) => number} localTime
 * @property {Share|null} share  null when this tab has forgotten the code
 * @property {{enabled: boolean, set: (enabled: boolean) => void}} typing
 * @property {import("./record-panel.js").AskForRecord} record  reads what the server knows
 * @property {(locked: boolean) => void} lock
 * @property {(() => void)|null} hide
 * @property {(() => void)|null} comeBack  shows the link that leads back
 * @property {() => void} leave
 * @property {() => void} destroy
 * @property {() => void} people
 * @property {() => void} telling
 * @property {() => void} onClose  is told when it has closed
 */

/**
 * Opens the menu; `update(state)` brings it up to date.
 * @param {Menu} menu
 */
export function openMenu({ state, localTime, share, typing, record, lock, hide, comeBack, leave, destroy, people, telling, onClose }) {
  const facts = roomRules(localTime);
  const lockLabel = el("span", {});
  const lockHint = el("span", { class: "hint" });
  const lockRow = el("button", { type: "button", class: "row-button",
    on: { click: () => lock(current.room?.locked !== true) } },
    icon("locked"), el("span", { class: "row-text" }, lockLabel, lockHint));
  let current = state;

  const typingBox = el("input", { type: "checkbox", id: "menu-typing", checked: typing.enabled,
    on: { change: (/** @type {Event & {target: HTMLInputElement}} */ { target }) => typing.set(target.checked) } });

  const leaveHint = el("span", {});
  /** @param {() => void} action */
  const then = (action) => () => { node.close(); action(); };
  /** @param {string} name  @param {string} label  @param {import("../../ui/el.js").Child} hint  @param {() => void} action */
  const row = (name, label, hint, action, kind = "") =>
    el("button", { type: "button", class: `row-button ${kind}`, on: { click: then(action) } },
      icon(name), el("span", { class: "row-text" }, label, el("span", { class: "hint" }, hint)));

  const node = panel({ kind: "menu", labelledby: "menu-title", onClose },
    el("div", { class: "panel-body" },
      panelHead("menu-title", say("menu.title"), () => node.close()),
      el("section", { class: "menu-part" },
        share === null
          ? el("p", { class: "hint" }, say("menu.code_forgotten"))
          : row("share", say("menu.share"), say("menu.share_hint"), () => openInvite(share)),
        row("person", say("menu.people"), say("menu.people_hint"), people),
        lockRow,
        el("label", { class: "row-button", for: "menu-typing" }, typingBox,
          el("span", { class: "row-text" }, say("menu.typing"))),
        row("voice", say("menu.telling"), say("menu.telling_hint"), telling)),
      el("section", { class: "menu-part" },
        hide === null ? null : row("hide", say("menu.hide"), say("menu.hide_hint"), hide),
        comeBack === null ? null : row("reply", say("return.title"), say("return.hint"), comeBack),
        row("leave", say("menu.leave"), leaveHint, leave),
        row("destroy", say("menu.destroy"),
          [say("menu.destroy_hint"), " ", el("kbd", {}, say("keys.destroy"))], destroy, "danger-text")),
      el("section", { class: "menu-part" },
        el("h3", {}, say("menu.facts")), facts.node,
        row("eye", say("record.title"), say("record.hint"), () => openRecord(record)),
        row("warning", say("report.title"), say("report.hint"), openReport)),
      languageSwitch()));

  /** @param {RoomState} newest */
  function update(newest) {
    current = newest;
    const { room } = newest;
    if (room === null) return;
    setText(lockLabel, say(room.locked ? "menu.unlock" : "menu.lock"));
    setText(lockHint, say(room.locked ? "menu.unlock_hint" : "menu.lock_hint"));
    setText(leaveHint, say(isLast(newest) ? "menu.leave_hint_last" : room.locked ? "menu.leave_hint_locked" : "menu.leave_hint"));
    facts.update(room);
  }

  update(state);
  return { update, close: () => node.close() };
}

/** The panel from which the code is handed over while people are talking. @param {Share} share */
function openInvite(share) {
  const node = panel({ kind: "menu invite", labelledby: "invite-title" },
    el("div", { class: "panel-body" },
      panelHead("invite-title", say("menu.share"), () => node.close()),
      shareNode(share)));
}
