// The head of a room: who is here, how often the code was used, and the way to the menu. Where there
// is space it stands beside the talk and says what holds here.

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { moment } from "../../ui/times.js";
import { mark, who } from "./people.js";
import { roomRules } from "./room-rules.js";

/** The header of a room. `openMenu()` is called by its button. */
export function roomHeader({ people, localTime, openMenu }) {
  const seats = el("ul", { class: "seats", "aria-label": say("room.members") });
  const joins = el("span", { class: "joins" });
  const lock = el("span", { class: "lock-state", hidden: true }, icon("locked"), say("room.locked"));
  const facts = roomRules(localTime);
  const node = el("header", { class: "room-head" },
    el("p", { class: "wordmark" }, say("name")),
    seats,
    el("div", { class: "room-facts" }, lock, joins),
    el("button", { type: "button", class: "button quiet menu-button", "aria-haspopup": "dialog",
      "aria-label": say("room.menu"), on: { click: openMenu } }, icon("menu")),
    el("section", { class: "room-rules" }, el("h2", {}, say("menu.facts")), facts.node));

  const list = keyedList(seats, {
    key: (person) => person.id,
    onError: () => el("li"),
    make(first) {
      const state = el("span", { class: "seat-state" });
      const item = el("li", { class: first.me ? "seat own" : "seat" }, mark(first),
        el("span", { class: "seat-text" }, who(first), state));
      return {
        node: item,
        update(person) {
          item.classList.toggle("away", !person.present);
          setText(state, seatState(person));
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

  function seatState(person) {
    if (person.me) return person.label === say("people.you") ? "" : say("people.you");
    if (person.present) return say("room.here");
    const since = moment(localTime(person.seenAt));
    return since === "" ? say("room.away") : say("room.away_since", { since });
  }

  return {
    node,
    update(state) {
      list.update(people.here());
      fit();
      if (state.room === null) return;
      setText(joins, say("room.joins", { count: state.room.joins }));
      joins.classList.toggle("attention", state.room.joins > state.room.seats);
      lock.hidden = !state.room.locked;
      facts.update(state.room);
    },
  };
}
