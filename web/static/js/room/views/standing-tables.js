// The states in which nobody is who has just come, as in state-tables.js.

import { freeze } from "./state-row.js";

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
