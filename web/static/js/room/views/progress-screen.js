// On the way into a room: which steps there are, which one it is at, and for how long already. How long
// it still takes is known only where a browser makes the key so slowly that it says so.

import { announce } from "../../ui/announce.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";
import { PROGRESS } from "./state-tables.js";

const SLOW_SECONDS = 8;
/** @type {Phase[]} */
const JOINING = ["deriving", "connecting"];

/** @typedef {"deriving"|"connecting"|"returning"|"loading"|"asking"} Phase */

/**
 * The screen of progress. `phase(name, left)` takes a phase, and how many seconds it still takes, if that is
 * known; what begins with "returning" stays at that, since nothing is derived. `back()` gives up; `since` is
 * when it began.
 * @param {Phase} first
 * @param {{back?: (() => void)|null, since?: number}} [options]
 */
export function progressScreen(first, { back = null, since = Date.now() } = {}) {
  const names = JOINING.includes(first) ? JOINING : [first];
  const heading = el("h1", { tabindex: "-1" });
  const text = el("p", { class: "lead" });
  const elapsed = el("p", { class: "elapsed", role: "timer", "aria-live": "off" });
  const slow = el("p", { class: "hint", role: "status" });
  const steps = names.map((name) => el("li", {}, el("span", {}, say(PROGRESS[name].title))));
  const node = el("div", { class: "screen standing progress" },
    el("p", { class: "wordmark" }, say("name")),
    el("div", { class: "standing-body" },
      el("div", { class: "indeterminate", role: "progressbar", "aria-label": say("progress.label") }, el("span", {})),
      heading,
      text,
      names.length > 1 ? el("ol", { class: "steps" }, steps) : null,
      elapsed, slow,
      back === null ? null : el("div", { class: "button-row" },
        el("button", { type: "button", class: "button quiet", on: { click: back } }, say("progress.back")))));
  const timer = setInterval(tick, 250);
  let now = first;
  /** @type {number|null} */
  let known = null;

  function tick() {
    const seconds = Math.floor((Date.now() - since) / 1000);
    setText(elapsed, seconds === 0 ? "" : soFar(seconds, known));
    if (known !== null) setText(slow, "");
    else if (seconds >= SLOW_SECONDS) setText(slow, say("progress.slow"));
  }

  /** @param {Phase} name  @param {number|null} [left] */
  function phase(name, left = null) {
    if (!names.includes(name)) return;
    known = left;
    tick();
    if (name !== now) announce(say(PROGRESS[name].title));
    now = name;
    setText(heading, say(PROGRESS[name].title));
    setText(text, say(PROGRESS[name].text));
    steps.forEach((step, index) => {
      step.className = index < names.indexOf(name) ? "past" : "";
      if (names[index] === name) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
  }

  phase(first);
  tick();
  return {
    node, focus: heading, phase,
    keep: () => ({ phase: now, since }),
    close: () => clearInterval(timer),
  };
}

/**
 * For how long already, and how long it still takes, if that is known.
 * @param {number} seconds
 * @param {number|null} left
 */
export const soFar = (seconds, left) => left === null
  ? say("progress.elapsed", { time: duration(seconds) })
  : say("progress.left", { time: duration(seconds), left: duration(left) });
