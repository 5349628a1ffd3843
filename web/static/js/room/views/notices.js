/**
 * What a person in a room should know now: lines above the log, each there as long as it is true, and
 * passing ones for what has just happened.
 */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { duration, moment } from "../../ui/times.js";
import { unsent } from "./log-entries.js";
import { who } from "./people.js";
import { NOTICES } from "./state-tables.js";

/**
 * @typedef {import("./people.js").Person} Person
 * @typedef {import("../room-state.js").RoomState} RoomState
 *
 * @typedef {object} Notice
 * @property {string} key
 * @property {string} row
 * @property {Row} [look]  where it isn't of the table NOTICES
 * @property {Record<string, string|number>} values
 * @property {Person} [person]  whom it names
 * @property {string} [more]  what else there is to say
 * @property {number} [until]  when it goes
 *
 * @typedef {{tone: string, icon: string, text: string, actions?: ("lock"|"dismiss"|"understood")[], passing?: boolean}} Row
 *
 * @typedef {(row: string, values: Record<string, string|number>, person?: Person, look?: Row) => void} Pass
 */

const ROWS = /** @type {Record<string, Row>} */ (NOTICES);

const CLOCK_MS = 120_000;
const PASSING_MS = 10_000;
const MOST_PASSING = 2;
/** A connection that comes back sooner was never missed: the server moved, or the network blinked. */
const GAP_MS = 2_000;

/**
 * The notices of a room. `lock()` locks it; `memory` remembers which joins were expected; `refocus()`
 * puts the focus elsewhere when a notice that had it has gone.
 * @param {{lock: () => void, people: import("./people.js").People, memory: {expectedJoins: number},
 *   localTime: (serverTime: number) => number, refocus: () => void}} options
 */
export function notices({ lock, people, memory, localTime, refocus }) {
  const node = el("div", { class: "notices" });
  const list = keyedList(node, {
    key: (/** @type {Notice} */ notice) => notice.key,
    make: noticeView,
    onError: () => el("p", { class: "notice" }, say("refusal.other")),
  });
  const does = {
    lock: () => { lock(); dismiss(); },
    dismiss,
    understood: (/** @type {string} */ row) => { understood.add(row); show(); },
  };
  /** Rows that need not be read twice. @type {Set<string>} */
  const understood = new Set();
  /** @type {Notice[]} */
  let passing = [];
  let passed = 0;
  /** @type {RoomState|null} */
  let state = null;
  let told = "live";
  const began = Date.now();
  /** Since when the connection is gone. @type {number|null} */
  let lostAt = null;
  /** What looks again when that has lasted. @type {ReturnType<typeof setTimeout>|undefined} */
  let gap;

  /** @param {Notice} notice */
  function noticeView({ row, look = ROWS[row] }) {
    const { tone, icon: name, text, actions = [] } = look;
    const words = el("span", { class: "notice-words" });
    const tools = el("span", { class: "notice-tools" });
    /** @type {string|null} */
    let written = null;
    return {
      node: el("div", { class: `notice ${tone}`, data: { notice: row } }, icon(name), words, tools),
      /** @param {Notice} notice */
      update(notice) {
        if (notice.person === undefined) setText(words, [say(text, notice.values), notice.more].filter(Boolean).join(" "));
        else if (say(text, notice.values) !== written) {
          written = say(text, notice.values);
          fill(words, parts(text, { ...notice.values, name: who(notice.person) }));
        }
        if (tools.childElementCount !== actions.length) fill(tools, actions.map((action) =>
          el("button", { type: "button", class: `button small ${action === "dismiss" ? "quiet" : ""}`,
            on: { click: () => does[action](notice.row) } }, say(`notice.${action}`))));
        // What is done already needs no button.
        if (notice.row === "joins") tools.firstElementChild?.toggleAttribute("hidden", state?.room?.locked === true);
      },
    };
  }

  function dismiss() {
    memory.expectedJoins = state?.room?.joins ?? 0;
    show();
  }

  /** Whether the connection is gone for no longer than somebody need know. */
  const blinks = () => state?.phase === "reconnecting" && lostAt !== null && Date.now() - lostAt < GAP_MS;

  /** Whether one is connected oneself, or was so a moment ago: else one knows of nobody whether they are there. */
  const sees = () => state?.phase === "live" || blinks() || (state?.phase === "connecting" && Date.now() - began < GAP_MS);

  /** @param {RoomState|null} before  @param {RoomState} state */
  function watch(before, state) {
    if (state.phase !== "reconnecting") {
      clearTimeout(gap);
      lostAt = null;
    } else if (before?.phase === "live") {
      lostAt = Date.now();
      gap = setTimeout(() => { if (node.isConnected) { tell(); show(); } }, GAP_MS);
    }
  }

  /** @param {RoomState} state  @returns {Notice|null} */
  function connection(state) {
    if (state.phase === "live" || state.phase === "ended" || blinks()) return null;
    const waits = unsent(state);
    const seconds = Math.max(0, Math.ceil(((state.retryAt ?? 0) - Date.now()) / 1000));
    const row = state.phase !== "offline" && state.trouble === "not_ours" ? "not_ours"
      : state.phase === "reconnecting" && seconds > 0 ? "reconnecting_in"
      : Object.hasOwn(NOTICES, state.phase) ? state.phase : "connecting";
    const more = [place(state), waits > 0 ? say("notice.unsent", { count: waits }) : ""];
    return { key: `connection ${row}`, row, values: { time: duration(seconds) }, more: more.filter(Boolean).join(" ") };
  }

  /** Until when one's own place is kept while one is not connected. @param {RoomState} state */
  function place({ phase, seatUntil }) {
    if (seatUntil === null || phase === "connecting") return "";
    const at = localTime(seatUntil);
    return say(at > Date.now() ? "notice.place_kept" : "notice.place_free", { until: moment(at) });
  }

  /** What this network and this browser let the page do. @param {RoomState} state  @returns {Notice[]} */
  function means({ slow, noStorage }) {
    const rows = [...(slow ? ["slow"] : []), ...(noStorage ? ["no_storage"] : [])];
    return rows.filter((row) => !understood.has(row)).map((row) => ({ key: row, row, values: {} }));
  }

  /** @param {RoomState} state  @returns {Notice|null} */
  function joins({ room }) {
    // More joins than there are seats: somebody came again, or the code has leaked.
    if (room === null || room.joins <= Math.max(room.seats, memory.expectedJoins)) return null;
    return { key: "joins", row: "joins", values: { count: room.joins, seats: room.seats } };
  }

  /** Nobody else is connected: what one writes waits, and until when. @param {RoomState} state  @returns {Notice|null} */
  function away(state) {
    const others = people.here().filter((person) => !person.me);
    if (state.phase !== "live" || state.room === null || others.length === 0) return null;
    if (others.some((person) => person.present)) return null;
    const { messageTtl, expiresAt } = state.room;
    const until = moment(Math.min(Date.now() + messageTtl * 1000, localTime(expiresAt)));
    return others.length === 1
      ? { key: "away", row: "away", values: { until }, person: others[0] }
      : { key: "all_away", row: "all_away", values: { until } };
  }

  /** @param {RoomState} state  @returns {Notice|null} */
  function clock({ clockOffset }) {
    if (Math.abs(clockOffset) < CLOCK_MS) return null;
    const time = duration(Math.abs(clockOffset) / 1000);
    const row = clockOffset > 0 ? "clock_behind" : "clock_ahead";
    return { key: row, row, values: { time } };
  }

  function tell() {
    const now = state?.phase === "live" || blinks() ? "live" : "away";
    if (now === told) return;
    told = now;
    if (now === "away") announceAssertive(say("announce.connection_lost"));
    else announce(say("announce.connection_back"));
  }

  function show() {
    if (state === null) return;
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    passing = passing.filter(({ until = 0 }) => until > Date.now());
    const lines = [connection(state), ...means(state), joins(state), away(state), clock(state), ...passing];
    list.update(lines.filter((notice) => notice !== null));
    if (focused !== null && (!focused.isConnected || focused.hasAttribute("hidden"))) refocus();
  }

  return {
    node,
    sees,
    /** Takes the newest state. @param {RoomState} newest */
    update(newest) {
      const before = state;
      state = newest;
      watch(before, newest);
      tell();
      show();
    },
    /**
     * Shows for a while what has happened: a passing row of the table, or of another.
     * @type {Pass}
     */
    pass(row, values, person, look) {
      passed += 1;
      passing.push({ key: `passing ${passed}`, row, values, person, look, until: Date.now() + PASSING_MS });
      passing = passing.slice(-MOST_PASSING);
      show();
    },
    /** Brings what depends on the time up to date. */
    tick: () => show(),
  };
}
