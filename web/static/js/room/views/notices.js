// What a person in a room should know now: lines above the log, each there as long as it is true, and
// passing ones for what has just happened.

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { duration, moment } from "../../ui/times.js";
import { unsent } from "./log-entries.js";
import { called, who } from "./people.js";
import { NOTICES } from "./state-tables.js";

const CLOCK_MS = 120_000;
const PASSING_MS = 10_000;
const MOST_PASSING = 2;
/** A connection that comes back sooner was never missed: the server moved, or the network blinked. */
const GAP_MS = 2_000;

/**
 * The notices of a room. `lock()` locks it; `memory` remembers which joins were expected; `refocus()`
 * puts the focus elsewhere when a notice that had it has gone.
 */
export function notices({ lock, people, memory, localTime, refocus }) {
  const node = el("div", { class: "notices" });
  const list = keyedList(node, {
    key: (notice) => notice.key,
    make: noticeView,
    onError: () => el("p", { class: "notice" }, say("refusal.other")),
  });
  const does = {
    lock: () => { lock(); dismiss(); },
    dismiss,
    understood: (row) => { understood.add(row); show(); },
  };
  /** Rows that need not be read twice. */
  const understood = new Set();
  let passing = [];
  let passed = 0;
  let state = null;
  let told = "live";
  /** Since when the connection is gone, and what looks again when that has lasted. */
  let lostAt = null;
  let gap;

  function noticeView({ row }) {
    const { tone, icon: name } = NOTICES[row];
    const words = el("span", { class: "notice-words" });
    const tools = el("span", { class: "notice-tools" });
    let written = null;
    return {
      node: el("div", { class: `notice ${tone}`, data: { notice: row } }, icon(name), words, tools),
      update(notice) {
        const { text, actions = [] } = NOTICES[notice.row];
        if (notice.person === undefined) setText(words, [say(text, notice.values), notice.more].filter(Boolean).join(" "));
        else if (say(text, notice.values) !== written) {
          written = say(text, notice.values);
          fill(words, parts(text, { ...notice.values, name: who(notice.person) }));
        }
        if (tools.childElementCount !== actions.length) fill(tools, actions.map((action) =>
          el("button", { type: "button", class: `button small ${action === "dismiss" ? "quiet" : ""}`,
            on: { click: () => does[action](notice.row) } }, say(`notice.${action}`))));
        // What is done already needs no button.
        if (notice.row === "joins") tools.firstElementChild.hidden = state.room.locked;
      },
    };
  }

  function dismiss() {
    memory.expectedJoins = state.room.joins;
    show();
  }

  /** Whether the connection is gone for no longer than somebody need know. */
  function blinks() {
    return state.phase === "reconnecting" && lostAt !== null && Date.now() - lostAt < GAP_MS;
  }

  function watch(before) {
    if (state.phase !== "reconnecting") {
      clearTimeout(gap);
      lostAt = null;
    } else if (before?.phase === "live") {
      lostAt = Date.now();
      gap = setTimeout(() => { if (node.isConnected) { tell(); show(); } }, GAP_MS);
    }
  }

  function connection() {
    if (state.phase === "live" || state.phase === "ended" || blinks()) return null;
    const waits = unsent(state);
    const seconds = Math.max(0, Math.ceil(((state.retryAt ?? 0) - Date.now()) / 1000));
    const row = state.phase !== "offline" && state.trouble === "not_ours" ? "not_ours"
      : state.phase === "reconnecting" && seconds > 0 ? "reconnecting_in"
      : Object.hasOwn(NOTICES, state.phase) ? state.phase : "connecting";
    const more = waits > 0 ? say("notice.unsent", { count: waits }) : null;
    return { key: `connection ${row}`, row, values: { time: duration(seconds) }, more };
  }

  /** What this network and this browser let the page do. */
  function means() {
    const rows = [...(state.slow ? ["slow"] : []), ...(state.noStorage ? ["no_storage"] : [])];
    return rows.filter((row) => !understood.has(row)).map((row) => ({ key: row, row, values: {} }));
  }

  function joins() {
    const { room } = state;
    // More joins than there are seats: somebody came again, or the code has leaked.
    if (room === null || room.joins <= Math.max(room.seats, memory.expectedJoins)) return null;
    return { key: "joins", row: "joins", values: { count: room.joins, seats: room.seats } };
  }

  /** Nobody else is connected: what one writes waits, and until when. */
  function away() {
    const others = people.here().filter((person) => !person.me);
    if (state.phase !== "live" || state.room === null || others.length === 0) return null;
    if (others.some((person) => person.present)) return null;
    const { messageTtl, expiresAt } = state.room;
    const until = moment(Math.min(Date.now() + messageTtl * 1000, localTime(expiresAt)));
    return others.length === 1
      ? { key: "away", row: "away", values: { until }, person: others[0] }
      : { key: "all_away", row: "all_away", values: { until } };
  }

  function clock() {
    if (Math.abs(state.clockOffset) < CLOCK_MS) return null;
    const time = duration(Math.abs(state.clockOffset) / 1000);
    const row = state.clockOffset > 0 ? "clock_behind" : "clock_ahead";
    return { key: row, row, values: { time } };
  }

  function tell() {
    const now = state.phase === "live" || blinks() ? "live" : "away";
    if (now === told) return;
    told = now;
    if (now === "away") announceAssertive(say("announce.connection_lost"));
    else announce(say("announce.connection_back"));
  }

  function show() {
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    passing = passing.filter((notice) => notice.until > Date.now());
    list.update([connection(), ...means(), joins(), away(), clock(), ...passing].filter((notice) => notice !== null));
    if (focused !== null && (!focused.isConnected || focused.hidden)) refocus();
  }

  return {
    node,
    update(newest) {
      const before = state;
      state = newest;
      watch(before);
      tell();
      show();
    },
    /** Says for a while, and to screen readers once, what has happened: a passing row of the table. */
    pass(row, values = {}, person = undefined) {
      passed += 1;
      passing.push({ key: `passing ${passed}`, row, values, person, until: Date.now() + PASSING_MS });
      passing = passing.slice(-MOST_PASSING);
      announce(say(NOTICES[row].text, { ...values, name: person && called(person) }));
      show();
    },
    /** Brings what depends on the time up to date. */
    tick: () => state !== null && show(),
  };
}
