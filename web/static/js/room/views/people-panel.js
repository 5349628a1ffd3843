/** The people of a room in a list of their own, and whose messages one doesn't want to see. */

import { announce } from "../../ui/announce.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { keyedList } from "../../ui/keyed-list.js";
import { called, mark, who } from "./people.js";
import { presence } from "./presence.js";

/** @typedef {import("./people.js").Person} Person */

/**
 * Opens the list. `sees()` says whether the others' presence is known; `setHidden(id, on)` hides a member
 * here or shows them again; `onClose` is told when it has closed. What is hidden is this tab's alone.
 * @param {{people: import("./people.js").People, hidden: Set<string>, localTime: (serverTime: number) => number,
 *   sees: () => boolean, setHidden: (id: string, on: boolean) => void, onClose: () => void}} options
 */
export function peoplePanel({ people, hidden, localTime, sees, setHidden, onClose }) {
  const rows = el("ul", { class: "people" });
  const list = keyedList(rows, {
    key: (/** @type {Person} */ person) => person.id ?? "",
    onError: () => el("li"),
    make: row,
  });
  const node = panel({ kind: "menu", labelledby: "people-title", onClose },
    el("div", { class: "panel-body" },
      panelHead("people-title", say("room.members"), () => node.close()),
      rows,
      el("p", { class: "hint" }, say("people.hide_hint"))));

  /** @param {Person} first */
  function row(first) {
    const state = el("span", { class: "hint" });
    const button = el("button", { type: "button", class: "button small secondary", hidden: first.me, on: { click: toggle } });
    let person = first;

    function toggle() {
      const on = !hidden.has(person.id ?? "");
      setHidden(person.id ?? "", on);
      announce(say(on ? "people.now_hidden" : "people.now_shown", { name: called(person) }));
    }

    return {
      node: el("li", { class: "people-row" }, mark(first), el("span", { class: "row-text" }, who(first), state), button),
      update(/** @type {Person} */ next) {
        person = next;
        const on = hidden.has(person.id ?? "");
        setText(state, presence(person, { known: sees(), hidden, localTime }));
        setText(button, say(on ? "people.show" : "people.hide"));
        button.setAttribute("aria-label", say(on ? "people.show_name" : "people.hide_name", { name: called(person) }));
      },
    };
  }

  /** Whoever is hidden can be shown again, also when they have left. */
  function update() {
    const here = people.here();
    const gone = [...hidden].map((id) => people.get(id)).filter((person) => !person.here);
    list.update([...here, ...gone]);
  }

  update();
  return { update, close: () => node.close() };
}
