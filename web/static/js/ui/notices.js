// What a person in a room should know now: lines above the log, each there as long as it is true.

import { alarm, announce } from "./announce.js";
import { el, fill, setText } from "./el.js";
import { unsent } from "./entries.js";
import { icon } from "./icons.js";
import { keyed } from "./keyed.js";
import { say } from "./say.js";
import { duration } from "./times.js";

const CLOCK_MS = 120000;

/** The notices of a room. `lock()` locks it. */
export function notices({ lock }) {
  const node = el("div", { class: "notices" });
  const list = keyed(node, {
    key: (notice) => notice.key,
    make: noticeView,
    onError: () => el("p", { class: "notice" }, say("refusal.other")),
  });
  let dismissedJoins = 0;
  let state = null;
  let told = "live";

  function noticeView(first) {
    const words = el("span", { class: "notice-words" });
    const tools = el("span", { class: "notice-tools" });
    fill(tools, first.tools ?? []);
    return {
      node: el("div", { class: `notice ${first.tone}` }, icon(first.icon), words, tools),
      update: (notice) => setText(words, notice.text),
    };
  }

  function connection() {
    if (state.phase === "live" || state.phase === "ended") return null;
    const waits = unsent(state);
    const seconds = Math.max(0, Math.ceil(((state.retryAt ?? 0) - Date.now()) / 1000));
    const first = state.phase === "offline"
      ? say("notice.offline")
      : state.phase === "reconnecting" && seconds > 0
        ? say("notice.reconnecting_in", { time: duration(seconds) })
        : say(state.phase === "reconnecting" ? "notice.reconnecting" : "notice.connecting");
    const text = waits > 0 ? `${first} ${say("notice.unsent", { count: waits })}` : first;
    return { key: "connection", tone: "attention", icon: "waiting", text };
  }

  function joins() {
    const { room } = state;
    // More joins than there are seats: somebody came again, or the code has leaked.
    if (room === null || room.joins <= Math.max(room.seats, dismissedJoins)) return null;
    const dismiss = () => { dismissedJoins = state.room.joins; show(); };
    const tools = [
      room.locked ? null : el("button", { type: "button", class: "button small",
        on: { click: () => { lock(); dismiss(); } } }, say("notice.lock")),
      el("button", { type: "button", class: "button small quiet", on: { click: dismiss } }, say("notice.dismiss")),
    ];
    return { key: "joins", tone: "attention", icon: "warning",
      text: say("notice.joins", { count: room.joins }), tools };
  }

  function clock() {
    if (Math.abs(state.clockOffset) < CLOCK_MS) return null;
    const time = duration(Math.abs(state.clockOffset) / 1000);
    const key = state.clockOffset > 0 ? "notice.clock_behind" : "notice.clock_ahead";
    return { key: "clock", tone: "plain", icon: "waiting", text: say(key, { time }) };
  }

  function tell() {
    const now = state.phase === "live" ? "live" : "away";
    if (now === told) return;
    told = now;
    if (now === "away") alarm(say("announce.connection_lost"));
    else announce(say("announce.connection_back"));
  }

  function show() {
    list.update([connection(), joins(), clock()].filter((notice) => notice !== null));
  }

  return {
    node,
    update(newest) {
      state = newest;
      tell();
      show();
    },
    /** Brings what depends on the time up to date. */
    tick: () => state !== null && show(),
  };
}
