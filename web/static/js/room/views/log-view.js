// The log: the messages in their order, where the reader is in them, and what came meanwhile.

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList, shallowEqual } from "../../ui/keyed-list.js";
import { scrollAnchor } from "../../ui/scroll-anchor.js";
import { burnAway } from "../../ui/ember.js";
import { ashView } from "./ash-view.js";
import { cardView } from "./card-view.js";
import { emptyRoom } from "./empty-room.js";
import { fatesView } from "./fates-view.js";
import { hiddenView } from "./hidden-view.js";
import { interruptedView } from "./interrupted-view.js";
import { isAsh, logEntries } from "./log-entries.js";
import { sentView } from "./sent-view.js";
import { stackView } from "./stack-view.js";
import { traceView } from "./trace-view.js";

const VIEWS = {
  card: cardView, sent: sentView, stack: stackView, trace: traceView, ash: ashView, fates: fatesView,
  hidden: hiddenView, interrupted: interruptedView,
};

/**
 * The cards that one finds at the end when they are new: those that go into a stack further up are not.
 * @param {import("./log-entries.js").Entry[]} entries
 */
function cardsIn(entries) {
  const last = entries.findLast(({ kind }) => kind === "card" || kind === "sent" || kind === "stack");
  return entries.flatMap((entry) => {
    if (entry.kind === "card") return [entry.item.id];
    return entry.kind === "stack" && entry === last ? entry.ids : [];
  });
}

/**
 * The log of a room. `context` is what its views are given; `share` is the code's, or null; `write()` puts the focus
 * where one writes.
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
  let known = null;
  let newest = null;
  let behind = 0;

  const where = scrollAnchor(log, list, {
    moved: showPill,
    busy: () => document.activeElement?.closest(".opened") != null && list.contains(document.activeElement),
  });

  const messages = keyedList(list, {
    key: (entry) => entry.key,
    make: (entry) => {
      const view = VIEWS[entry.kind](entry.item ?? entry, context);
      return {
        ...view,
        update(next) {
          if (next.group !== undefined) view.node.dataset.group = next.group;
          view.update(next.item ?? next);
        },
      };
    },
    // Only what is over for good burns; a card may also have gone into a stack.
    remove: (node, entry) => { if (over(entry)) burnAway(node); else node.remove(); },
    onError: () => el("p", { class: "trace" }, say("card.unshowable")),
    same: (one, other) => one.group === other.group && shallowEqual(one.item ?? one, other.item ?? other),
  });

  /** Whether the message of an entry that leaves the log is gone as it should be. */
  function over({ kind, item }) {
    if (kind !== "card" && kind !== "sent") return false;
    const now = newest[kind === "card" ? "cards" : "sent"].find(({ id }) => id === item.id);
    return now !== undefined && isAsh(kind, now, memory);
  }

  function refocus(focused, place) {
    // A view has put the focus where it belongs, or what held it is still there and was moved.
    if (list.contains(document.activeElement)) return;
    if (focused.isConnected) {
      focused.focus({ preventScroll: true });
      return;
    }
    // What held the focus is gone: the next card that waits, or the one before, or the place to write.
    const waits = [...list.children].map((one) => one.querySelector(".seal[aria-disabled='false']"));
    const next = waits.slice(place).find(Boolean) ?? waits.reverse().find(Boolean);
    if (next === undefined) write();
    else next.focus();
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

  const focus = () => log.focus({ preventScroll: true });

  return {
    node: el("div", { class: "log-frame" }, log, pill),
    focus,
    toEnd: where.toEnd,
    /** The reader looks at something: what grows now must not carry it away. */
    stay: where.stay,
    /** Takes the newest state. */
    update(state) {
      const focused = list.contains(document.activeElement) ? document.activeElement : null;
      const place = [...list.children].findIndex((one) => one.contains(focused));
      newest = state;
      const shown = logEntries(state, memory, Date.now());
      // Counted first: what comes while one reads further up is announced by the pill.
      const cards = cardsIn(shown);
      if (known !== null && !where.following()) behind += cards.filter((key) => !known.has(key)).length;
      known = new Set(cards);
      where.keep(() => {
        messages.update(shown, `${state.phase} ${state.clockOffset} ${people.version}`);
        empty.update(state, shown.length === 0);
      });
      if (focused !== null && document.activeElement !== focused) refocus(focused, place);
      showPill();
    },
    /** Takes every message from the page. */
    clear: () => messages.close(),
    close() {
      where.close();
      messages.close();
    },
  };
}
