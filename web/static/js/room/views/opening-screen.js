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
 * The screen of opening. `panel` is the code's panel; `retry()` tries again, `another()` draws another
 * code, `back()` gives up, `destroy()` destroys what there is already. `state({problem, beganAt, left})`
 * says how it stands: `problem` is the key of a sentence, or null while all goes well, `left` how many
 * seconds it still takes, if that is known.
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
  const buttons = {
    retry: () => button("primary", say("opening.retry"), retry),
    another: () => button("secondary", say("opening.another"), another),
    anew: () => button("quiet", say("opening.back"), back),
  };
  let now = { problem: null, beganAt: Date.now() };
  const timer = setInterval(tick, 1000);
  let over = false;

  function tick() {
    const seconds = Math.floor((Date.now() - now.beganAt) / 1000);
    const long = now.problem === null && seconds >= LONG_SECONDS;
    setText(elapsed, long ? soFar(seconds, now.left ?? null) : "");
  }

  function state(next) {
    if (over) return;
    now = next;
    const { tone, icon: name, title: first, text: rest, actions = ["anew"] } =
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
    node, focus: heading, state,
    // Whoever was told the words would find nobody: no other page knows them.
    unsaved: () => !over,
    leave: back,
    close() {
      clearInterval(timer);
      noChord();
    },
  };
}

const button = (kind, label, click) =>
  el("button", { type: "button", class: `button ${kind}`, on: { click } }, label);
