// A code was just drawn: its words can be handed over while its room is made. The frame is the room's,
// so that the words stay where they are when the room takes over.

import { closePanels } from "../../ui/dialog.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { destroying, onChord } from "./destroying.js";
import { soFar } from "./progress-screen.js";
import { PROGRESS } from "./state-tables.js";

const LONG_SECONDS = 3;

/**
 * @typedef {object} Status  how it stands
 * @property {string|null} problem  the key of a sentence, or null while all goes well
 * @property {number} beganAt
 * @property {number|null} [left]  how many seconds it still takes, if that is known
 *
 * @typedef {object} Parts
 * @property {{node: HTMLElement}} panel  the code's
 * @property {() => void} retry  tries again
 * @property {() => void} another  draws another code
 * @property {() => void} back  gives up
 * @property {() => void} destroy  what there is already
 *
 * @typedef {import("../../ui/stage.js").Screen & {state: (status: Status) => void, unsaved: () => boolean,
 *   leave: () => void}} Opening
 */

/**
 * The screen of opening. `state(status)` says how it stands.
 * @param {Parts} parts
 * @returns {Opening}
 */
export function openingScreen({ panel, retry, another, back, destroy }) {
  const heading = el("h1", { class: "visually-hidden", tabindex: "-1" }, say("share.title"));
  const drawing = el("span", { class: "status-mark" });
  const title = el("strong", {});
  const text = el("span", {});
  const elapsed = el("span", { class: "elapsed", role: "timer", "aria-live": "off" });
  const row = el("div", { class: "button-row" });
  // The line stays in its place, so that a screen reader hears what changes in it.
  const status = el("p", { class: "status", role: "status" }, drawing, el("span", {}, title, " ", text));
  const node = el("div", { class: "room opening" }, heading,
    el("header", { class: "room-head" }, el("p", { class: "wordmark" }, say("name"))),
    el("div", { class: "talk" },
      el("div", { class: "log-frame" }, el("div", { class: "log" }, el("div", { class: "empty" }, panel.node))),
      el("div", { class: "room-foot opening-foot" }, status, elapsed, row)));
  /** @type {Record<string, () => HTMLElement>} */
  const buttons = {
    retry: () => button("primary", say("opening.retry"), retry),
    another: () => button("secondary", say("opening.another"), another),
    anew: () => button("quiet", say("opening.back"), back),
  };
  /** @type {Status} */
  let now = { problem: null, beganAt: Date.now() };
  const timer = setInterval(tick, 1000);
  let over = false;

  function tick() {
    const seconds = Math.floor((Date.now() - now.beganAt) / 1000);
    const long = now.problem === null && seconds >= LONG_SECONDS;
    setText(elapsed, long ? soFar(seconds, now.left ?? null) : "");
  }

  /** @param {Status} next */
  function state(next) {
    if (over) return;
    now = next;
    /** @type {import("./state-tables.js").Row} */
    const { tone, icon: name, title: first = "", text: rest, actions = ["anew"] } =
      PROGRESS[now.problem === null ? "opening" : "failed"];
    status.className = `status ${tone}`;
    fill(drawing, icon(name));
    setText(title, say(first));
    setText(text, now.problem === null ? say(rest) : `${say(now.problem)} ${say(rest)}`);
    fill(row, actions.map((action) => buttons[action]()));
    tick();
  }

  function end() {
    if (over) return;
    over = true;
    closePanels();
    const words = destroying();
    node.replaceChildren(words);
    words.focus();
    destroy();
  }

  const noChord = onChord({ node, destroy: end });
  state(now);
  return {
    node, state,
    // Where the focus stays when the room takes the panel over: the words are one step further.
    focus: { focus: () => panel.node.focus({ preventScroll: true }) },
    // Whoever was told the words would find nobody: no other page knows them.
    unsaved: () => !over,
    leave: back,
    close() {
      clearInterval(timer);
      noChord();
    },
  };
}

/**
 * @param {string} kind
 * @param {string} label
 * @param {() => void} click
 */
const button = (kind, label, click) =>
  el("button", { type: "button", class: `button ${kind}`, on: { click } }, label);
