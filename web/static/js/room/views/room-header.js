/**
 * The head of a room: who is here, how often somebody came in, and the way to the menu. Where there is
 * space it stands beside the talk and says what holds here.
 */

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { mark, who } from "./people.js";
import { presence } from "./presence.js";
import { roomRules } from "./room-rules.js";

/** From so many people on, one line says how many they are and opens the list. */
const CROWD = 3;
/** More names than this fit nowhere. */
const MOST_NAMED = 12;

/**
 * The header of a room. `openMenu()` and `openPeople()` are called by its buttons; `hidden` are the
 * members whose messages one doesn't want to see.
 * @param {{people: import("./people.js").People, hidden: Set<string>,
 *   localTime: (serverTime: number) => number, openMenu: () => void, openPeople: () => void}} options
 */
export function roomHeader({ people, hidden, localTime, openMenu, openPeople }) {
  const seats = el("ul", { class: "seats", "aria-label": say("room.members") });
  const joins = el("span", { class: "joins" });
  const lock = el("span", { class: "lock-state", hidden: true }, icon("locked"), say("room.locked"));
  const facts = roomRules(localTime);
  const count = el("span", { class: "crowd-count" });
  // As long as there is space: it is cut off at its own end, which is not that of every language.
  const names = el("bdi", { class: "crowd-names notranslate", translate: "no", dir: "auto" });
  const crowd = el("button", { type: "button", class: "button quiet crowd", "aria-haspopup": "dialog", hidden: true,
    on: { click: openPeople } }, icon("person"), count, names);
  const menu = el("button", { type: "button", class: "button quiet menu-button", "aria-haspopup": "dialog",
    "aria-label": say("room.menu"), on: { click: openMenu } }, icon("menu"));
  const node = el("header", { class: "room-head" },
    el("p", { class: "wordmark" }, say("name")),
    crowd, seats,
    el("div", { class: "room-facts" }, lock, joins),
    menu,
    el("section", { class: "room-rules" }, el("h2", {}, say("menu.facts")), facts.node));
  let known = true;

  const list = keyedList(seats, {
    key: (/** @type {import("./people.js").Person} */ person) => person.id ?? "",
    onError: () => el("li"),
    make(/** @type {import("./people.js").Person} */ first) {
      const state = el("span", { class: "seat-state" });
      const item = el("li", { class: first.me ? "seat own" : "seat" }, mark(first),
        el("span", { class: "seat-text" }, who(first), state));
      return {
        node: item,
        update(/** @type {import("./people.js").Person} */ person) {
          item.classList.toggle("away", known && !person.present);
          item.classList.toggle("unknown", !known && !person.me);
          setText(state, presence(person, { known, hidden, localTime }));
        },
      };
    },
  });

  /** More than fit are scrolled to, by keyboard too. */
  function fit() {
    const scrolls = seats.scrollWidth > seats.clientWidth || seats.scrollHeight > seats.clientHeight;
    seats.tabIndex = scrolls ? 0 : -1;
  }

  new ResizeObserver(fit).observe(seats);

  function show() {
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    const all = people.here();
    const many = all.length >= CROWD;
    node.toggleAttribute("data-crowd", many);
    crowd.hidden = !many;
    if (many) {
      const here = all.filter((person) => person.me || person.present).length;
      setText(count, known ? say("room.crowd", { count: all.length, here }) : say("room.crowd_unknown", { count: all.length }));
      setText(names, all.filter((person) => !person.me).slice(0, MOST_NAMED).map(({ label }) => label).join(", "));
    }
    list.update(all);
    fit();
    // The list and the line that opens it take each other's place.
    if (focused !== null && focused.getClientRects().length === 0) (many ? crowd : menu).focus();
  }

  return {
    node,
    /**
     * `sees`: whether one is connected oneself, so that the others' presence is known.
     * @param {import("../room-state.js").RoomState} state  @param {boolean} sees
     */
    update({ room }, sees) {
      known = sees;
      show();
      if (room === null) return;
      setText(joins, say("room.joins", { count: room.joins }));
      joins.classList.toggle("attention", room.joins > room.seats);
      lock.hidden = !room.locked;
      facts.update(room);
    },
    /** Only whether one is connected has changed. @param {boolean} sees */
    sees(sees) {
      if (sees === known) return;
      known = sees;
      show();
    },
  };
}
