// The room's menu: share again, what holds in this room, lock, leave, destroy.

import { codeWords } from "./codewords.js";
import { copyButton } from "./copy.js";
import { panel } from "./dialog.js";
import { el, setText } from "./el.js";
import { icon } from "./icons.js";
import { say } from "./say.js";
import { duration, moment } from "./times.js";

/**
 * Opens the menu. `share` is `{code, link()}` or null when this tab has forgotten the code;
 * `typing` is `{enabled, set(enabled)}`; `leave`, `destroy` and `lock(locked)` do what they say.
 * Gives `{update(state)}`; `onClose` is told when the menu has closed.
 */
export function openMenu({ state, localTime, share, typing, lock, leave, destroy, onClose }) {
  const facts = el("ul", { class: "facts" });
  const lockLabel = el("span", {});
  const lockHint = el("span", { class: "hint" });
  const lockButton = el("button", { type: "button", class: "row-button",
    on: { click: () => lock(!current.room.locked) } },
    icon("locked"), el("span", { class: "row-text" }, lockLabel, lockHint));
  let current = state;

  const close = el("button", { type: "button", class: "button quiet close", "aria-label": say("menu.close"),
    on: { click: () => node.close() } }, icon("close"));

  const typingBox = el("input", { type: "checkbox", id: "menu-typing", checked: typing.enabled,
    on: { change: () => typing.set(typingBox.checked) } });

  const then = (action) => () => { node.close(); action(); };

  const node = panel({ kind: "menu", labelledby: "menu-title", onClose },
    el("div", { class: "panel-body" },
      el("div", { class: "panel-head" }, el("h2", { id: "menu-title", tabindex: "-1", autofocus: true }, say("menu.title")), close),
      sharePart(share),
      el("section", { class: "menu-part" },
        lockButton,
        el("label", { class: "row-button", for: "menu-typing" }, typingBox,
          el("span", { class: "row-text" }, say("menu.typing")))),
      el("section", { class: "menu-part" },
        el("button", { type: "button", class: "row-button", on: { click: then(leave) } },
          icon("leave"), el("span", { class: "row-text" }, say("menu.leave"),
            el("span", { class: "hint" }, say("menu.leave_hint")))),
        el("button", { type: "button", class: "row-button danger-text", on: { click: then(destroy) } },
          icon("destroy"), el("span", { class: "row-text" }, say("menu.destroy"),
            el("span", { class: "hint" }, say("menu.destroy_hint"), " ",
              el("kbd", {}, say("keys.destroy")))))),
      el("section", { class: "menu-part" },
        el("h3", {}, say("menu.facts")), facts)));

  function update(newest) {
    current = newest;
    const { room } = newest;
    if (room === null) return;
    setText(lockLabel, say(room.locked ? "menu.unlock" : "menu.lock"));
    setText(lockHint, say(room.locked ? "menu.unlock_hint" : "menu.lock_hint"));
    const lines = [
      say(room.policy === 2 ? "policy.everyone_long" : "policy.first_view_long"),
      say("menu.message_ttl", { time: duration(room.messageTtl) }),
      say("menu.room_ttl", { time: duration(room.roomTtl), until: moment(localTime(room.expiresAt)) }),
      say("menu.seats", { count: room.seats, taken: room.seatsTaken }),
      `${say("room.joins", { count: room.joins })}.`,
    ];
    if (facts.textContent !== lines.join("")) facts.replaceChildren(...lines.map((line) => el("li", {}, line)));
  }

  update(state);
  return { update, close: () => node.close() };
}

function sharePart(share) {
  if (share === null) {
    return el("section", { class: "menu-part" }, el("p", { class: "hint" }, say("menu.code_forgotten")));
  }
  const words = el("p", { class: "menu-code" }, codeWords(share.code).join(" "));
  return el("section", { class: "menu-part" },
    el("h3", {}, say("menu.share")),
    el("div", { class: "button-row" },
      copyButton({ label: say("share.copy_code"), name: "copy", text: () => share.code }),
      copyButton({ label: say("share.copy_link"), name: "link", text: share.link })),
    el("details", { class: "quiet-details" }, el("summary", {}, say("menu.show_code")), words));
}
