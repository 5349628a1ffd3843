/** An open card: what it holds, its clock, and what one can do meanwhile. */

import { VIEW_LIMIT_SECONDS, VIEW_SECONDS } from "../../protocol/limits.js";
import { announce } from "../../ui/announce.js";
import { copyButton } from "../../ui/copy-button.js";
import { afterPaint, countdown } from "../../ui/countdown.js";
import { el } from "../../ui/el.js";
import { isBlank } from "../../ui/graphemes.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { HOLD_SECONDS, MORE_SECONDS, OFFER_SECONDS, pointsOf, readingSeconds } from "../../ui/reading-time.js";
import { duration } from "../../ui/times.js";
import { messageBody } from "./message-body.js";
import { called } from "./people.js";
import { quoteView } from "./quote-view.js";
import { CARDS } from "./state-tables.js";

/** @typedef {import("../room-state.js").CardView} CardView */
/** @typedef {import("../../ui/reading-time.js").ReadingClock} ReadingClock */

/** @param {number|null} seconds  @param {readonly [number, number]} limits */
const within = (seconds, [least, most]) =>
  Number.isInteger(seconds) && Number(seconds) >= least && Number(seconds) <= most ? seconds : null;

/** @param {CardView} card  @param {number} points  how long so many stay, and at most */
export const timesOf = ({ view, viewLimit }, points) =>
  readingSeconds(points, view === 0 ? 0 : within(view, VIEW_SECONDS), within(viewLimit, VIEW_LIMIT_SECONDS));

/** @param {Element} button  @param {boolean} can  whether it does anything; it keeps the focus either way */
const enable = (button, can) => button.setAttribute("aria-disabled", String(!can));

/**
 * @typedef {{author: () => any, from: () => HTMLElement}} Sender  who has written it, and a line that says so
 *
 * @typedef {object} Held  what an open card holds
 * @property {{seconds: number, most: number}} times  how long it stays, and at most
 * @property {Node} content
 * @property {HTMLElement} focus
 * @property {Node|null} [above]
 * @property {(HTMLElement|false)[]} [tools]
 * @property {[string, string, () => void][]} [keys]  what they are besides these
 */

/**
 * The face of an open card that holds a text.
 * @param {CardView} card
 * @param {import("./view-context.js").ViewContext} room
 * @param {Sender} sender
 */
export function openFace(card, room, sender) {
  const known = card.type === "text" && typeof card.text === "string";
  const words = known ? String(card.text) : "";
  const readable = known && !isBlank(words);
  const body = readable ? messageBody(words) : null;
  const text = body?.text ?? el("p", { class: "message-text unknown" }, say(CARDS[known ? "empty" : "unknown_type"].text));
  const reply = () => { if (readable) room.reply(card); };
  return heldFace(card, room, sender, {
    times: timesOf(card, pointsOf(words)), content: body?.node ?? text, focus: text,
    above: typeof card.quote?.text === "string" ? quoteView(card.quote, room.people) : null,
    keys: [["r", "KeyR", reply]],
    tools: [
      readable && tool("reply", say("card.reply"), reply, { "aria-keyshortcuts": "R" }),
      readable && copyButton({ label: say("card.copy"), name: "copy", text: () => words, kind: "quiet tool" }),
    ],
  });
}

/**
 * A button with a drawing, and its name for whoever asks for it.
 * @param {string|Node} drawing
 * @param {string} label
 * @param {() => void} click
 * @param {Record<string, string>} [attributes]
 */
export function tool(drawing, label, click, attributes = {}) {
  return el("button", { type: "button", class: "button quiet tool", ...attributes, on: { click } },
    typeof drawing === "string" ? icon(drawing) : drawing, el("span", { class: "caption" }, label));
}

/**
 * The face of an open card. Once it was painted it is acknowledged, and its clock runs.
 * @param {CardView} card
 * @param {import("./view-context.js").ViewContext} room
 * @param {Sender} sender
 * @param {Held} held
 */
export function heldFace(card, room, { author, from }, { times: { seconds, most }, content, focus, above = null, tools: others = [], keys: ownKeys = [] }) {
  focus.tabIndex = -1;

  const burn = countdown({ seconds, most, onEnd: discard, onLast: tellLast, onTick: offer });
  const begun = room.memory.ends.get(card.id);
  /** @type {ReadingClock|undefined} */
  let clock;
  /** @type {(() => void)[]} What a quick reader wanted of the clock before it ran: it runs once the text is painted. */
  const early = [];
  let held = begun?.isHeld(Date.now()) ?? false;

  // Beyond its author's limit there is nothing to offer, nor where there is no end.
  const longer = Number.isFinite(seconds) && seconds < most;
  const more = el("button", { type: "button", class: "button small more-time", hidden: true, "aria-keyshortcuts": "+",
    on: { click: extend } }, say("card.more", { time: duration(MORE_SECONDS, "short") }));
  const stop = tool("hold", say("card.hold"), hold, { "aria-pressed": String(held), "aria-keyshortcuts": "H" });
  const tools = el("div", { class: "card-tools" },
    others,
    longer && stop,
    tool("close", say("card.close"), discard));

  function discard() {
    room.client.discard(card.id);
  }

  /** Its reader needs more time. */
  function extend() {
    if (clock === undefined) return void early.push(extend);
    const now = Date.now();
    if (!longer || !clock.mayExtend(now)) return;
    clock.extend(now);
    burn.changed();
    announce(say("card.extended", { time: spoken(clock.left(now)) }));
  }

  /** Stops the clock, or lets it run on. */
  function hold() {
    if (clock === undefined) return void early.push(hold);
    if (!longer) return;
    const now = Date.now();
    if (clock.isHeld(now)) clock.go(now);
    else clock.hold(now);
    burn.changed();
  }

  /**
   * Shows what can be done about the time. What was offered once stays, since it may have the focus.
   * @param {ReadingClock} running
   */
  function offer(running) {
    const now = Date.now();
    if (running.left(now) <= OFFER_SECONDS * 1000) more.hidden = false;
    enable(more, running.mayExtend(now));
    enable(stop, running.isHeld(now) || running.mayHold(now));
    if (running.isHeld(now) === held) return;
    held = !held;
    stop.setAttribute("aria-pressed", String(held));
    announce(held ? say("card.held_for", { time: duration(HOLD_SECONDS) })
      : say("card.goes_on", { time: spoken(running.left(now)) }));
  }

  /** @param {number} left */
  function tellLast(left) {
    const last = { name: called(author()), time: duration(left) };
    announce(longer ? say("card.last_seconds_more", { ...last, more: duration(MORE_SECONDS) }) : say("card.last_seconds", last));
  }

  function tellOpened() {
    const name = called(author());
    announce(Number.isFinite(seconds) ? say("card.opened_for", { name, time: duration(seconds) }) : say("card.opened", { name }));
  }

  /** @type {[string, string, () => void][]} */
  const keys = [...ownKeys, ["h", "KeyH", hold], ["+", "NumpadAdd", extend]];

  /**
   * Only while the focus is in this card, so that nobody presses them by mistake (WCAG 2.1.4).
   * @param {KeyboardEvent} event
   */
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const found = keys.find(([key, code]) => event.key.toLowerCase() === key || event.code === code);
    if (found === undefined) return;
    event.preventDefault();
    found[2]();
  }

  const cancel = afterPaint(() => {
    if (begun === undefined) room.client.shown(card.id);
    clock = burn.start(begun);
    room.memory.ends.set(card.id, clock);
    if (begun === undefined) tellOpened();
    for (const wish of early.splice(0)) wish();
  });

  return {
    node: el("div", { class: "opened", on: { keydown: press } },
      el("div", { class: "opened-head" }, from(), longer && more, burn.node),
      above,
      el("div", { class: "opened-row" }, content, tools),
      burn.track),
    focus,
    close() {
      cancel();
      burn.stop();
    },
  };
}

/** A time that is left, in words. @param {number} milliseconds */
const spoken = (milliseconds) => duration(Math.ceil(milliseconds / 1000));
