/** How what was said before comes to a device that was linked lately: told there, and on the device that hands it over. */

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { moment } from "../../ui/times.js";
import { deviceName } from "../../account/views/devices-view.js";

/** After so long without anything the other device isn't there. */
const PATIENCE_MS = 60_000;

/**
 * @typedef {import("../histories.js").Progress} Progress
 * @typedef {import("../histories.js").Standing} Standing
 *
 * @param {object} given
 * @param {Pick<import("../conversations.js").Conversations, "histories"|"subscribe">} given.talk
 * @param {import("../../account/views/flow.js").Flow} given.flow
 */
export function historyView({ talk, flow }) {
  const node = el("div", { class: "history-state" });
  /** What is over and wasn't put away, by the device; of this one by "". @type {Map<string, Progress>} */
  const over = new Map();
  /** @type {Standing} */
  let standing = { awaited: null, handing: [] };
  let drawn = "";
  let isClosed = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let patience;

  const unsubscribe = talk.subscribe((id, event) => {
    if (id !== "" || event?.type !== "history") return;
    const progress = /** @type {Progress} */ (/** @type {unknown} */ (event));
    if (progress.isDone) finished(progress);
    void look();
  });
  void look();

  /** @param {Progress} progress */
  function finished(progress) {
    const { device } = progress;
    // Nobody waits for what was to be nothing.
    if (progress.lines === 0 && progress.trouble === null && device !== null) return;
    over.set(device ?? "", progress);
    announce(textOf(endOf(progress)));
  }

  async function look() {
    standing = await talk.histories.standing().catch(() => standing);
    if (!isClosed) draw();
  }

  function draw() {
    const { clockOffset, devices, phase } = flow.client.state;
    const isOff = phase === "offline" || navigator.onLine === false;
    const left = standing.awaited === null ? 0 : standing.awaited.came + PATIENCE_MS - (Date.now() + clockOffset);
    clearTimeout(patience);
    if (standing.awaited !== null && left > 0) patience = setTimeout(draw, left);
    const now = JSON.stringify([standing, [...over.values()], devices.map(({ id, name }) => [id, name]), isOff, left > 0]);
    if (now === drawn) return;
    drawn = now;
    fill(node,
      standing.awaited === null ? null : coming(standing.awaited, isOff, left > 0),
      standing.handing.filter(({ device }) => !over.has(device)).map(({ device, lines }) =>
        line("share", parts("conversations.history.giving", { device: nameOf(device), count: lines }), isOff ? null : busy())),
      [...over.values()].map((one) => line(one.trouble === null ? "done" : "warning", endOf(one), close(one))));
  }

  /** @param {NonNullable<Standing["awaited"]>} awaited  @param {boolean} isOff  @param {boolean} isNear */
  function coming({ lines, until }, isOff, isNear) {
    if (isOff) return line("offline", [say("conversations.history.offline")]);
    const said = lines === 0 ? [] : [say("conversations.history.so_far", { count: lines })];
    if (isNear) return line("waiting", [[say("conversations.history.coming"), ...said].join(" ")], busy());
    return line("waiting", [[say("conversations.history.stopped", { until: moment(until - flow.client.state.clockOffset) }), ...said].join(" ")]);
  }

  /** In words how it has ended. @param {Progress} progress */
  function endOf({ device, lines, trouble }) {
    if (device !== null) return parts("conversations.history.given", { device: nameOf(device), count: lines });
    if (trouble === null) return [say(lines === 0 ? "conversations.history.nothing" : "conversations.history.done", { count: lines })];
    return [say(trouble === "history_late" ? "conversations.history.late" : "conversations.history.broken")];
  }

  /** @param {string} id */
  function nameOf(id) {
    const found = flow.client.state.devices.find((one) => one.id === id);
    return found === undefined ? say("account.devices.gone") : deviceName(found);
  }

  /** @param {Progress} progress */
  const close = ({ device }) => el("button", { type: "button", class: "button quiet close", "aria-label": say("account.close"), on: { click: () => {
    over.delete(device ?? "");
    draw();
    document.querySelector("h1")?.focus();
  } } }, icon("close"));

  return {
    node,
    /** Something of the account has changed: whether there is a connection, what devices are called. */
    update: draw,
    close() {
      isClosed = true;
      unsubscribe();
      clearTimeout(patience);
    },
  };
}

const busy = () => el("div", { class: "indeterminate", "aria-hidden": "true" }, el("span", {}));

/** @param {any[]} words */
const textOf = (words) => words.map((one) => (one instanceof Node ? one.textContent : String(one))).join("");

/** @param {string} drawing  @param {any[]} words  @param {HTMLElement|null} [more] */
const line = (drawing, words, more = null) => el("div", { class: "notice" }, icon(drawing), el("p", { class: "notice-words" }, words), more);
