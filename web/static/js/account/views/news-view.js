// What has happened to the account, what waits to happen, and what its owner should know.

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { moment } from "../../ui/times.js";
import { askingButton } from "./asking.js";
import { dayName, today } from "./days.js";
import { deviceName } from "./devices-view.js";
import { button } from "./frame.js";

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {import("./flow.js").AccountState} AccountState
 */

/** What is worth a second look has another drawing. */
const NEWS = /** @type {const} */ ({
  device_added: ["account.news.added", "done"],
  device_removed: ["account.news.removed", "leave"],
  recovered: ["account.news.recovered", "warning"],
  server_back: ["account.news.server_back", "warning"],
  second_genesis: ["account.news.second", "warning"],
  token_reused: ["account.news.reused", "warning"],
});

/** @param {Flow} flow  @param {import("./home-screen.js").OpenPanel} open */
export function newsView(flow, open) {
  const pending = el("div", { class: "account-pending" });
  const news = el("div", { class: "account-news", role: "status" });
  const advice = el("div", { class: "account-advice" });
  const node = el("div", { class: "account-now" }, pending, news, advice);
  let told = "";

  /** @param {AccountState} state */
  function update(state) {
    // What stays the same keeps its buttons, and the focus on them.
    const day = today(state.clockOffset);
    const now = JSON.stringify([day, state.pending, state.news, state.unseen, state.devices, state.persisted]);
    if (now === told) return;
    told = now;
    const had = node.contains(document.activeElement);
    fill(pending, state.pending === null ? null : waits(state, state.pending));
    fill(news, state.news.length === 0 ? null : [
      state.news.map((one) => happened(state, one, day)),
      el("div", { class: "button-row" }, button("quiet small", say("account.news.seen"), () => flow.client.seen()))]);
    fill(advice, advices(state));
    if (had && !node.contains(document.activeElement)) document.querySelector("h1")?.focus();
  }

  /** @param {AccountState} state  @param {AccountState["news"][number]} one  @param {number} day  today */
  function happened(state, { kind, device, at, day: learnt }, day) {
    const [sentence, drawing] = NEWS[kind];
    const time = at === undefined ? "" : moment(at - state.clockOffset);
    return line(drawing, [
      ...parts(sentence, { device: nameOf(state, device), time }),
      learnt === undefined ? null : el("span", { class: "hint news-day" }, say("account.news.day", { day: dayName(learnt, day) })),
    ], kind === "token_reused" ? button("secondary small", say("account.change.title"), () => open("passwordPanel")) : null);
  }

  /** @param {AccountState} state  @param {NonNullable<AccountState["pending"]>} waiting */
  function waits(state, { kind, device, due }) {
    const place = el("div", {});
    const time = moment(due - state.clockOffset);
    const refuse = askingButton({ kind: "secondary", label: say(kind === "close" ? "account.pending.keep" : "account.pending.refuse"),
      place, does: async () => {
        await flow.client.refusePending();
        announce(say("account.pending.refused"));
      } });
    return el("section", { class: "notice attention pending", "aria-labelledby": "pending-title" },
      icon("warning"),
      el("div", { class: "notice-words" },
        el("h2", { id: "pending-title", tabindex: "-1" }, say(kind === "close" ? "account.pending.close" : "account.pending.genesis")),
        el("p", {}, parts(kind === "close" ? "account.pending.close_text" : "account.pending.genesis_text",
          { time, device: nameOf(state, device ?? undefined) })),
        el("div", { class: "button-row" }, refuse), place));
  }

  /** @param {AccountState} state */
  function advices(state) {
    if (state.phase === "suspended") return null;
    const proposed = state.devices.filter(({ id }) => state.unseen.includes(id));
    const alone = state.devices.length === 1;
    return [
      proposed.map((one) => el("div", { class: "notice" }, icon("waiting"),
        el("p", { class: "notice-words" }, parts("account.devices.unseen", { device: deviceName(one) })),
        button("secondary small", say("account.revoke.go"), () => open("revokePanel", one)))),
      alone ? line("locked", [say(state.persisted === false ? "account.alone.unkept" : "account.alone.text")]) : null,
    ];
  }

  return { node, update };
}

/** @param {string} drawing  @param {unknown[]} words  @param {HTMLElement|null} [more] */
const line = (drawing, words, more = null) =>
  el("div", { class: "notice" }, icon(drawing), el("p", { class: "notice-words" }, /** @type {any[]} */ (words)), more);

/** @param {AccountState} state  @param {string|undefined} id */
function nameOf(state, id) {
  const found = state.devices.find((one) => one.id === id);
  return found === undefined ? say("account.devices.gone") : deviceName(found);
}
