// On the way into a room: what is happening, and for how long already. There is no percentage,
// because the derivation gives none.

import { el, setText } from "./el.js";
import { say } from "./say.js";
import { duration } from "./times.js";

const SLOW_SECONDS = 8;

/** The screen of progress; `phase(name)` takes "deriving", "connecting" or "returning". */
export function progress(first) {
  const heading = el("h1", { tabindex: "-1" });
  const text = el("p", { class: "lead" });
  const elapsed = el("p", { class: "elapsed", role: "timer", "aria-live": "off" });
  const slow = el("p", { class: "hint", role: "status" });
  const node = el("div", { class: "screen progress" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    el("div", { class: "indeterminate", role: "progressbar", "aria-label": say("progress.label") }, el("span", {})),
    text, elapsed, slow);
  const beganAt = Date.now();
  const timer = setInterval(tick, 250);

  function tick() {
    const seconds = Math.floor((Date.now() - beganAt) / 1000);
    setText(elapsed, seconds === 0 ? "" : say("progress.elapsed", { time: duration(seconds) }));
    if (seconds >= SLOW_SECONDS) setText(slow, say("progress.slow"));
  }

  function phase(name) {
    setText(heading, say(`progress.${name}`));
    setText(text, say(`progress.${name}_text`));
  }

  phase(first);
  return { node, focus: heading, phase, close: () => clearInterval(timer) };
}
