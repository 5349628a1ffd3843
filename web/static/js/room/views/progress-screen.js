// On the way into a room: which steps there are, which one it is at, and for how long already. There
// is no percentage, because the derivation gives none.

import { announce } from "../../ui/announce.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";
import { PROGRESS } from "./state-tables.js";

const SLOW_SECONDS = 8;
const JOINING = ["deriving", "connecting"];

/**
 * The screen of progress. `phase(name)` takes "deriving" or "connecting"; what begins with "returning"
 * stays at that, since nothing is derived. `back()` gives up; `since` is when it began.
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

  function tick() {
    const seconds = Math.floor((Date.now() - since) / 1000);
    setText(elapsed, seconds === 0 ? "" : say("progress.elapsed", { time: duration(seconds) }));
    if (seconds >= SLOW_SECONDS) setText(slow, say("progress.slow"));
  }

  function phase(name) {
    if (!names.includes(name)) return;
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
