/** The log: the messages in their order, where the reader is in them, and what came meanwhile. */

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList, shallowEqual } from "../../ui/keyed-list.js";
import { ifHere, withLater } from "../../ui/later.js";
import { scrollAnchor } from "../../ui/scroll-anchor.js";
import { burnAway } from "../../ui/ember.js";
import { ashView } from "./ash-view.js";
import { cardView } from "./card-view.js";
import { emptyRoom } from "./empty-room.js";
import { isAsh, logEntries, mayStack } from "./log-entries.js";
import { sentView } from "./sent-view.js";

/**
 * @typedef {import("./log-entries.js").Entry} Entry
 * @typedef {import("../room-state.js").RoomState} RoomState
 * @typedef {import("./view-context.js").ViewContext} ViewContext
 *
 * @typedef {object} ItemView
 * @property {HTMLElement} node
 * @property {(item: any) => void} update
 * @property {() => void} [close]
 */

/** @typedef {Record<string, (first: any, room: ViewContext) => ItemView>} Views  each is given the item of its entry, or the entry itself */

/** @type {Views} */
const VIEWS = { card: cardView, sent: sentView, ash: ashView };

/**
 * The cards that one finds at the end when they are new: those that go into a stack further up are not.
 * @param {Entry[]} entries
 */
function cardsIn(entries) {
  const last = entries.filter(({ kind }) => kind === "card" || kind === "sent" || kind === "stack").at(-1);
  return entries.flatMap((entry) => {
    if (entry.kind === "card") return [entry.item.id];
    return entry.kind === "stack" && entry === last ? entry.ids : [];
  });
}

/** What is seldom in a log is drawn by a late part of the page (seldom-views.js). @returns {Views} */
const viewsHere = () => ({ ...VIEWS, ...ifHere()?.SELDOM });

/** What an entry shows. @param {Entry} entry  @returns {any} */
const itemOf = (entry) => (entry.kind === "card" || entry.kind === "sent" ? entry.item : entry);

/** @param {Entry} entry */
const groupOf = (entry) => (entry.kind === "card" || entry.kind === "sent" || entry.kind === "stack" ? entry.group : undefined);

/**
 * The log of a room. `context` is what its views are given; `share` is the code's, or null; `write()` puts the focus
 * where one writes.
 * @param {{context: ViewContext, share: import("./view-context.js").Share|null, write: () => void}} around
 */
export function logView({ context, share, write }) {
  const { people, memory } = context;
  const list = el("div", { class: "log-list" });
  const empty = emptyRoom({
    people, share, localTime: context.localTime, write,
    shown: (invites) => { if (invites) { where.stay(); log.scrollTop = 0; } else where.toEnd(); },
  });
  const log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": say("room.log"), tabindex: "0" },
    empty.node, list);
  const pillText = el("span", {});
  const pill = el("button", { type: "button", class: "button pill", hidden: true, on: { click: toNew } },
    icon("down"), pillText);
  /** Ids of the cards that have been in the log. @type {Set<string>|null} */
  let known = null;
  /** @type {RoomState|null} */
  let newest = null;
  let behind = 0;

  const where = scrollAnchor(log, list, {
    moved: showPill,
    busy: () => document.activeElement?.closest(".opened") != null && list.contains(document.activeElement),
  });

  const messages = keyedList(list, {
    key: (/** @type {Entry} */ entry) => entry.key,
    make: (entry) => {
      const view = viewsHere()[entry.kind](itemOf(entry), context);
      return {
        ...view,
        update(next) {
          const group = groupOf(next);
          if (group !== undefined) view.node.dataset.group = group;
          view.update(itemOf(next));
        },
      };
    },
    // Only what is over for good burns; a card may also have gone into a stack.
    remove: (node, entry) => { if (over(entry)) burnAway(node); else node.remove(); },
    onError: () => el("p", { class: "trace" }, say("card.unshowable")),
    same: (one, other) => groupOf(one) === groupOf(other) && shallowEqual(itemOf(one), itemOf(other)),
  });

  /** Whether the message of an entry that leaves the log is gone as it should be. @param {Entry} entry */
  function over(entry) {
    if (newest === null || (entry.kind !== "card" && entry.kind !== "sent")) return false;
    const { id } = entry.item;
    const now = (entry.kind === "card" ? newest.cards : newest.sent).find((one) => one.id === id);
    return now !== undefined && isAsh(entry.kind, now, memory);
  }

  /** @param {HTMLElement} focused  what had the focus  @param {number} place  of it in the list */
  function refocus(focused, place) {
    // A view has put the focus where it belongs, or what held it is still there and was moved.
    if (list.contains(document.activeElement)) return;
    focused.focus({ preventScroll: true });
    if (document.activeElement === focused) return;
    // What held the focus is gone: the next card that waits, or the one before, or the place to write.
    const waits = [...list.children].map((one) =>
      /** @type {HTMLElement|null} */ (one.querySelector(".seal[aria-disabled='false']")));
    const next = waits.slice(place).find(Boolean) ?? waits.reverse().find(Boolean);
    if (next) next.focus();
    else write();
  }

  /** What can be drawn already; the rest follows as soon as it can be. @param {RoomState} state */
  function entriesOf(state) {
    const all = logEntries(state, memory, Date.now(), ifHere()?.stacked);
    if (ifHere() !== null) return all;
    const shown = all.filter(({ kind }) => Object.hasOwn(VIEWS, kind));
    if (shown.length < all.length || mayStack(all)) withLater(() => { if (newest !== null) context.redraw(); });
    return shown;
  }

  function showPill() {
    if (behind > 0 && (where.following() || where.endInSight())) behind = 0;
    pill.hidden = behind === 0;
    if (behind > 0) setText(pillText, say("room.new", { count: behind }));
  }

  function toNew() {
    where.toEnd();
    focus();
  }

  function clear() {
    newest = null;
    messages.close();
  }

  const focus = () => log.focus({ preventScroll: true });

  return {
    node: el("div", { class: "log-frame" }, log, pill),
    focus,
    toEnd: where.toEnd,
    /** The reader looks at something: what grows now must not carry it away. */
    stay: where.stay,
    /** Takes the newest state. @param {RoomState} state */
    update(state) {
      const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
      const place = [...list.children].findIndex((one) => one.contains(focused));
      newest = state;
      const shown = entriesOf(state);
      // Counted first: what comes while one reads further up is announced by the pill.
      const cards = cardsIn(shown);
      const before = known;
      if (before !== null && !where.following()) behind += cards.filter((id) => !before.has(id)).length;
      known = new Set(cards);
      where.keep(() => {
        // First what stands above: a card that opens is brought into sight, and has to stay there.
        empty.update(state, shown.length === 0);
        messages.update(shown, `${state.phase} ${state.clockOffset} ${people.version}`);
      });
      if (focused !== null && document.activeElement !== focused) refocus(focused, place);
      showPill();
    },
    /** Takes every message from the page. */
    clear,
    close() {
      empty.close();
      where.close();
      clear();
    },
  };
}
