// Every state that the page can be in, in one table: how it looks (tone, icon), what it says (keys of
// the catalogue), and what can be done (names of actions; the first of a screen is its main one).
// Modules that draw a state take it from here, and the gallery walks these tables.
//
// Tones: "plain"; "attention" asks to be read now; "done" went as it was meant to. None is red, which
// is for destroying alone, and none is ember, which is time that burns down.

/**
 * @typedef {object} Row
 * @property {"plain"|"attention"|"done"} tone
 * @property {string} icon
 * @property {string} text
 * @property {string} [title]
 * @property {string} [next]
 * @property {string} [by]
 * @property {string} [label]
 * @property {readonly string[]} [actions]
 * @property {boolean} [passing]
 */

/**
 * @template {string} Name
 * @template {Row} R
 * @param {Record<Name, R>} table
 * @returns {Readonly<Record<Name, Readonly<R>>>}
 */
const freeze = (table) => {
  Object.values(table).forEach(Object.freeze);
  return Object.freeze(table);
};

/**
 * Why a room is over for this tab, by the client's reasons: `title` says what happened, `text` what it
 * means for the words (`by`: the same where one knows who did it), `next` what to do. Actions: `again` tries the same code once more, `anew` goes
 * to the first screen. Where the code can't help any more, the page forgets it at once.
 */
export const ENDINGS = freeze({
  left: { tone: "done", icon: "done", title: "ended.left", text: "ended.left_text",
    next: "ended.left_next", actions: ["anew"] },
  departed: { tone: "done", icon: "sealed", title: "ended.departed", text: "ended.departed_text",
    next: "ended.departed_next", actions: ["anew"] },
  departed_after: { tone: "done", icon: "done", title: "ended.departed_after", text: "ended.departed_after_text",
    next: "ended.departed_next", actions: ["anew"] },
  destroyed: { tone: "plain", icon: "destroy", title: "ended.destroyed", text: "ended.destroyed_text",
    by: "ended.destroyed_by", next: "ended.destroyed_next", actions: ["anew"] },
  destroyed_by_you: { tone: "done", icon: "done", title: "ended.destroyed_by_you",
    text: "ended.destroyed_by_you_text", next: "ended.destroyed_by_you_next", actions: ["anew"] },
  destroy_unconfirmed: { tone: "attention", icon: "warning", title: "ended.destroy_unconfirmed",
    text: "ended.destroy_unconfirmed_text", next: "ended.destroy_unconfirmed_next", actions: ["anew"] },
  expired: { tone: "plain", icon: "waiting", title: "ended.expired", text: "ended.expired_text",
    next: "ended.expired_next", actions: ["anew"] },
  seat_lost: { tone: "attention", icon: "leave", title: "ended.seat_lost", text: "ended.seat_lost_text",
    next: "ended.seat_lost_next", actions: ["again", "anew"] },
  replaced: { tone: "plain", icon: "leave", title: "ended.replaced", text: "ended.replaced_text",
    next: "ended.replaced_next", actions: ["anew"] },
  room_unknown: { tone: "attention", icon: "warning", title: "ended.room_unknown",
    text: "ended.room_unknown_text", next: "ended.room_unknown_next", actions: ["anew"] },
  room_full: { tone: "attention", icon: "locked", title: "ended.room_full", text: "ended.room_full_text",
    next: "ended.room_full_next", actions: ["again", "anew"] },
  room_locked: { tone: "attention", icon: "locked", title: "ended.room_locked",
    text: "ended.room_locked_text", next: "ended.room_locked_next", actions: ["again", "anew"] },
  policy_changed: { tone: "attention", icon: "warning", title: "ended.policy_changed",
    text: "ended.policy_changed_text", next: "ended.policy_changed_next", actions: ["anew"] },
  protocol: { tone: "attention", icon: "warning", title: "ended.protocol", text: "ended.protocol_text",
    next: "ended.protocol_next", actions: ["reload", "anew"] },
});

/**
 * Why the page can't work, before there is a room. Actions: `secure` opens the same page by HTTPS,
 * `retry` tries what failed once more, `anew` goes to the first screen, `back` to where one came from. What no button cures has none.
 */
export const BARRIERS = freeze({
  insecure: { tone: "attention", icon: "unlocked", title: "barrier.insecure", text: "barrier.insecure_text",
    next: "barrier.insecure_next", actions: ["secure"] },
  too_old: { tone: "attention", icon: "warning", title: "barrier.too_old", text: "barrier.too_old_text",
    next: "barrier.too_old_next", actions: [] },
  unreachable: { tone: "attention", icon: "warning", title: "barrier.unreachable",
    text: "barrier.kept", next: "barrier.unreachable_next", actions: ["retry", "anew"] },
  too_many: { tone: "attention", icon: "waiting", title: "barrier.too_many", text: "barrier.kept",
    next: "barrier.again_in", actions: ["retry", "anew"] },
  not_ours: { tone: "attention", icon: "warning", title: "barrier.not_ours",
    text: "barrier.not_ours_text", next: "barrier.not_ours_next", actions: ["retry", "anew"] },
  full_soon: { tone: "attention", icon: "waiting", title: "ended.room_full", text: "barrier.full_soon_text",
    next: "barrier.again_in", actions: ["retry", "back"] },
  full_elsewhere: { tone: "attention", icon: "person", title: "ended.room_full", text: "barrier.full_elsewhere_text",
    next: "barrier.full_elsewhere_next", actions: ["retry", "back"] },
  offline: { tone: "attention", icon: "offline", title: "barrier.offline", text: "barrier.kept",
    next: "barrier.offline_next", actions: ["retry", "anew"] },
});

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
 * How a message stands that was left for somebody who isn't there (left-screen.js). Actions: `done` ends it
 * here, `stay` goes into the room; the others are those of an opening that failed.
 */
export const LEFT = freeze({
  making: { tone: "plain", icon: "waiting", title: "left.making", text: "left.making_text", actions: ["anew"] },
  failed: { tone: "attention", icon: "warning", title: "left.failed", text: "opening.failed_text",
    actions: ["retry", "another", "anew"] },
  sending: { tone: "plain", icon: "waiting", title: "left.making", text: "left.making_text", actions: ["stay"] },
  no_connection: { tone: "attention", icon: "offline", title: "left.failed", text: "left.no_connection",
    actions: ["stay"] },
  waits: { tone: "done", icon: "sealed", title: "left.waits", text: "left.waits_text", actions: ["done", "stay"] },
  opened: { tone: "plain", icon: "eye", title: "left.opened", text: "left.opened_text", actions: ["done", "stay"] },
  viewed: { tone: "done", icon: "done", title: "left.viewed", text: "left.viewed_text", actions: ["done", "stay"] },
  refused: { tone: "attention", icon: "warning", title: "left.failed", text: "sent.refused", actions: ["stay"] },
  gone: { tone: "attention", icon: "warning", title: "left.gone", text: "left.gone_text", actions: ["stay", "done"] },
});

/**
 * What a person in a room should know now: lines above the log. `passing` ones go by themselves; the
 * others stay as long as they are true. Actions: `lock` locks the room, `dismiss` takes the line away.
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
  inside: { tone: "plain", icon: "person", text: "notice.inside", passing: true },
  inside_some: { tone: "plain", icon: "person", text: "notice.inside_some", passing: true },
  inside_away: { tone: "plain", icon: "person", text: "notice.inside_away", passing: true },
  joined: { tone: "plain", icon: "person", text: "notice.joined", passing: true },
  joined_many: { tone: "plain", icon: "person", text: "notice.joined_many", passing: true },
  left: { tone: "plain", icon: "leave", text: "notice.left", passing: true },
  left_many: { tone: "plain", icon: "leave", text: "notice.left_many", passing: true },
  locked: { tone: "plain", icon: "locked", text: "notice.locked", passing: true },
  locked_by: { tone: "plain", icon: "locked", text: "notice.locked_by", passing: true },
  locked_by_you: { tone: "plain", icon: "locked", text: "notice.locked_by_you", passing: true },
  unlocked: { tone: "plain", icon: "unlocked", text: "notice.unlocked", passing: true },
  unlocked_by: { tone: "plain", icon: "unlocked", text: "notice.unlocked_by", passing: true },
  unlocked_by_you: { tone: "plain", icon: "unlocked", text: "notice.unlocked_by_you", passing: true },
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
