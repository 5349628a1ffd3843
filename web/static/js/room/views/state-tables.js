// Every state that the page can be in, in tables (those that few come to are in standing-tables.js): how it
// looks (tone, icon), what it says (keys of the catalogue), and what can be done (names of actions; the
// first of a screen is its main one).
// Modules that draw a state take it from here, and the gallery walks these tables.
//
// Tones: "plain"; "attention" asks to be read now; "done" went as it was meant to. None is red, which
// is for destroying alone, and none is ember, which is time that burns down.

import { freeze } from "./state-row.js";

/** @typedef {import("./state-row.js").Row} Row */

/**
 * On the way into a room. The first five are screens of their own; the others stand below a code that
 * was just drawn, while its room is made.
 */
export const PROGRESS = freeze({
  deriving: { tone: "plain", icon: "waiting", title: "progress.deriving", text: "progress.deriving_text" },
  connecting: { tone: "plain", icon: "waiting", title: "progress.connecting", text: "progress.connecting_text" },
  returning: { tone: "plain", icon: "waiting", title: "progress.returning", text: "progress.returning_text" },
  loading: { tone: "plain", icon: "waiting", title: "progress.loading", text: "progress.loading_text" },
  asking: { tone: "plain", icon: "waiting", title: "progress.asking", text: "progress.asking_text" },
  opening: { tone: "plain", icon: "waiting", title: "opening.opening", text: "opening.opening_text" },
  opened: { tone: "done", icon: "done", title: "opening.opened", text: "opening.opened_text" },
  failed: { tone: "attention", icon: "warning", title: "opening.failed", text: "opening.failed_text",
    actions: ["retry", "another", "anew"] },
});

/**
 * What a person in a room should know now: lines above the log. `passing` ones go by themselves (most are in
 * passing-table.js); the others stay as long as they are true. Actions: `lock` locks the room, `dismiss` takes the line away.
 */
export const NOTICES = freeze({
  connecting: { tone: "attention", icon: "waiting", text: "notice.connecting" },
  reconnecting: { tone: "attention", icon: "waiting", text: "notice.reconnecting" },
  reconnecting_in: { tone: "attention", icon: "waiting", text: "notice.reconnecting_in" },
  offline: { tone: "attention", icon: "offline", text: "notice.offline" },
  not_ours: { tone: "attention", icon: "warning", text: "notice.not_ours" },
  slow: { tone: "plain", icon: "waiting", text: "notice.slow", actions: ["understood"] },
  no_storage: { tone: "plain", icon: "warning", text: "notice.no_storage", actions: ["understood"] },
  joins: { tone: "attention", icon: "warning", text: "notice.joins", actions: ["lock", "dismiss"] },
  not_done: { tone: "attention", icon: "warning", text: "notice.not_done", passing: true },
  not_loaded: { tone: "attention", icon: "warning", text: "notice.not_loaded", passing: true },
  away: { tone: "plain", icon: "sealed", text: "notice.away" },
  all_away: { tone: "plain", icon: "sealed", text: "notice.all_away" },
  clock_ahead: { tone: "plain", icon: "waiting", text: "notice.clock_ahead" },
  clock_behind: { tone: "plain", icon: "waiting", text: "notice.clock_behind" },
});

/** A received card that can't be read (yet). `label` is what its button says. */
export const CARDS = freeze({
  closed: { tone: "plain", icon: "sealed", text: "card.clock", label: "card.open" },
  opening: { tone: "plain", icon: "sealed", text: "card.clock", label: "card.opening" },
  taken: { tone: "plain", icon: "eye", text: "card.taken" },
  returned: { tone: "attention", icon: "sealed", text: "card.returned", label: "card.open" },
  failed: { tone: "attention", icon: "sealed", text: "card.failed", label: "card.open" },
  unknown_type: { tone: "plain", icon: "broken", text: "card.unknown_type" },
  empty: { tone: "plain", icon: "broken", text: "card.empty" },
  broken: { tone: "attention", icon: "broken", text: "card.broken" },
});

/**
 * What the author of a message is told of it. Actions: `back` takes it back, `again` puts the text into the composer,
 * `remove` drops it.
 */
export const RECEIPTS = freeze({
  sending: { tone: "plain", icon: "waiting", text: "sent.sending" },
  waits_here: { tone: "attention", icon: "waiting", text: "sent.waits_here" },
  waits_because: { tone: "attention", icon: "waiting", text: "sent.waits_because" },
  stored: { tone: "plain", icon: "sealed", text: "sent.stored_until", actions: ["back"] },
  stored_first: { tone: "plain", icon: "sealed", text: "sent.stored_first", actions: ["back"] },
  opened: { tone: "plain", icon: "eye", text: "sent.opened" },
  acknowledged: { tone: "plain", icon: "eye", text: "sent.acknowledged", actions: ["back"] },
  acknowledged_least: { tone: "plain", icon: "eye", text: "sent.acknowledged_least", actions: ["back"] },
  viewed: { tone: "done", icon: "done", text: "sent.viewed" },
  viewed_by: { tone: "done", icon: "done", text: "sent.viewed_by" },
  viewed_all: { tone: "done", icon: "done", text: "sent.viewed_all" },
  viewed_untimed: { tone: "done", icon: "done", text: "sent.viewed_untimed" },
  unconfirmed: { tone: "attention", icon: "warning", text: "sent.unconfirmed", actions: ["again", "remove"] },
  expired: { tone: "plain", icon: "waiting", text: "sent.expired", actions: ["again", "remove"] },
  expired_partly: { tone: "plain", icon: "waiting", text: "sent.expired_partly", actions: ["again", "remove"] },
  expired_least: { tone: "plain", icon: "waiting", text: "sent.expired_least", actions: ["again", "remove"] },
  expired_unsure: { tone: "plain", icon: "waiting", text: "sent.expired_unsure", actions: ["again", "remove"] },
  withdrawn: { tone: "plain", icon: "done", text: "sent.withdrawn", actions: ["again", "remove"] },
  withdrawn_opened: { tone: "plain", icon: "eye", text: "sent.withdrawn_opened", actions: ["again", "remove"] },
  withdrawn_read: { tone: "plain", icon: "eye", text: "sent.withdrawn_read", actions: ["again", "remove"] },
  room_destroyed: { tone: "plain", icon: "destroy", text: "sent.room_destroyed" },
  false_receipt: { tone: "attention", icon: "warning", text: "sent.false_receipt", actions: ["again", "remove"] },
  refused: { tone: "attention", icon: "warning", text: "sent.refused", actions: ["again", "remove"] },
});
