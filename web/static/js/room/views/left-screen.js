// A message was left for somebody who isn't there: what opens it, what leads back to it, and what becomes
// of it while one still looks.

import { copyButton } from "../../ui/copy-button.js";
import { closePanels, confirm } from "../../ui/dialog.js";
import { el, fill, setText } from "../../ui/el.js";
import { has, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { moment } from "../../ui/times.js";
import { destroying, onChord } from "./destroying.js";
import { soFar } from "./progress-screen.js";
import { LEFT } from "./standing-tables.js";

/**
 * @typedef {import("../room-state.js").RoomState} RoomState
 * @typedef {keyof typeof LEFT} Name
 */

const LONG_SECONDS = 3;

/** In these it is on the server. @type {Set<Name>} */
const WAITING = new Set(["waits", "opened"]);

/** In these the message has left this page. @type {Set<Name|null>} */
const SAFE = new Set(["waits", "opened", "viewed", "gone"]);

/**
 * Which row of the table says how the message stands.
 * @param {RoomState} state
 * @param {string} id
 * @returns {Name}
 */
export function leftRow(state, id) {
  const message = state.sent.find((one) => one.id === id);
  switch (message?.state) {
    case undefined:
    case "sending": return state.phase === "live" ? "sending" : "no_connection";
    case "stored": return "waits";
    case "opened":
    case "acknowledged": return "opened";
    case "viewed": return "viewed";
    // Its words are still to be had in the room.
    case "refused": return "refused";
    default: return "gone";
  }
}

/** Whether a message is still to be read. @param {RoomState} state  @param {string} id */
export const isWaiting = (state, id) => WAITING.has(leftRow(state, id));

/**
 * The screen of a message that was left. Of `parts` are those of opening-screen.js; `returnLink()` promises
 * the link that leads back, `taken()` is told that it was copied; `done()` ends it here and `stay()` goes
 * into the room. `state(status)` says how the making of the room stands, `update(state, id)` how that of
 * the message does once the room is made.
 * @param {import("./opening-screen.js").Parts & {returnLink: () => Promise<string>, taken: () => void,
 *   done: () => void, stay: () => void}} parts
 */
export function leftScreen({ panel, retry, another, back, destroy, returnLink, taken, done, stay }) {
  const heading = el("h1", { tabindex: "-1" });
  const drawing = el("span", { class: "status-mark" });
  const text = el("span", {});
  // The line stays in its place, so that a screen reader hears what changes in it.
  const status = el("p", { class: "status", role: "status" }, drawing, text);
  const elapsed = el("p", { class: "elapsed", role: "timer", "aria-live": "off", hidden: true });
  const row = el("div", { class: "button-row" });
  const mine = el("section", { class: "left-mine", hidden: true },
    el("h2", {}, say("left.mine")),
    el("p", {}, say("left.mine_text")),
    el("div", { class: "button-row" },
      copyButton({ label: say("return.copy"), name: "link", text: returnLink, kind: "secondary", copied: taken })));
  const theirs = el("section", { class: "left-theirs" },
    el("h2", {}, say("left.theirs")),
    el("p", {}, say("left.theirs_text")),
    panel.node);
  const node = el("div", { class: "screen left" },
    el("p", { class: "wordmark" }, say("name")),
    heading, status, elapsed, theirs, mine, row);
  /** @type {Record<string, () => HTMLElement>} */
  const buttons = {
    retry: () => button("primary", "opening.retry", retry),
    another: () => button("secondary", "opening.another", another),
    anew: () => button("quiet", "opening.back", back),
    done: () => button("primary", "left.done", finish),
    stay: () => button("quiet", "left.stay", stay),
  };
  /** @type {Name|null} */
  let shown = null;
  /** @type {import("./opening-screen.js").Status|null} */
  let opening = null;
  let handed = false;
  let over = false;

  // Whoever has pressed one of these has the words or the link; who says them aloud is asked once.
  theirs.addEventListener("click", (event) => {
    handed ||= event.target instanceof Element && event.target.closest("button") !== null;
  });

  /**
   * @param {Name} name
   * @param {string} sentence
   */
  function show(name, sentence) {
    const { tone, icon: drawn, title, actions } = LEFT[name];
    setText(heading, say(title));
    setText(text, sentence);
    status.className = `status ${tone}`;
    node.dataset.state = name;
    if (name === shown) return;
    shown = name;
    fill(drawing, icon(drawn));
    const focused = row.contains(document.activeElement);
    fill(row, actions.map((action) => buttons[action]()));
    if (focused) heading.focus();
    mine.hidden = !WAITING.has(name);
    theirs.hidden = ["viewed", "gone"].includes(name);
  }

  /** Where making the key takes long, for how long. */
  function tick() {
    const seconds = opening === null ? 0 : Math.floor((Date.now() - opening.beganAt) / 1000);
    elapsed.hidden = shown !== "making" || seconds < LONG_SECONDS;
    if (!elapsed.hidden) setText(elapsed, soFar(seconds, opening?.left ?? null));
  }

  async function finish() {
    const sure = handed || theirs.hidden || await confirm({ title: say("left.sure"), text: say("left.sure_text"),
      yes: say("left.done"), no: say("dialog.back") });
    if (sure && !over) done();
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
  const timer = setInterval(tick, 1000);
  return {
    node, focus: heading,
    /** @param {import("./opening-screen.js").Status} now */
    state(now) {
      if (over) return;
      opening = now;
      const { problem } = now;
      if (problem === null) show("making", say(LEFT.making.text));
      else show("failed", `${say(problem)} ${say(LEFT.failed.text)}`);
      tick();
    },
    /**
     * @param {RoomState} state
     * @param {string} id  of the message
     */
    update(state, id) {
      if (over) return;
      const name = leftRow(state, id);
      const message = state.sent.find((one) => one.id === id);
      const until = moment((message?.expiresAt ?? NaN) - state.clockOffset);
      const refusal = `refusal.${message?.error}`;
      show(name, say(LEFT[name].text, { until, reason: say(has(refusal) ? refusal : "refusal.other") }));
      tick();
    },
    // Without this page nobody knows the words, unless they were handed over.
    unsaved: () => !over && !(handed && SAFE.has(shown)),
    leave: back,
    close() {
      over = true;
      clearInterval(timer);
      noChord();
    },
  };
}

/**
 * @param {string} kind
 * @param {string} key
 * @param {() => void} click
 */
const button = (kind, key, click) =>
  el("button", { type: "button", class: `button ${kind}`, on: { click } }, say(key));
