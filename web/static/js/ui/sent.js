// A message of one's own, with its receipt in words.

import { countdown, DEFAULT_VIEW } from "./countdown.js";
import { el, fill, setText } from "./el.js";
import { icon } from "./icons.js";
import { has, say } from "./say.js";
import { duration, moment } from "./times.js";

const ICONS = {
  sending: "waiting", stored: "sealed", opened: "eye", acknowledged: "eye", viewed: "done",
  unconfirmed: "warning", expired: "waiting", room_destroyed: "destroy", false_receipt: "warning",
  refused: "warning",
};

/** Ends after which the author may want to write the same once more. */
const AGAIN = new Set(["unconfirmed", "expired", "refused", "false_receipt"]);

/** The receipt as a sentence. */
export function receipt(message, room) {
  const { state, error } = message;
  if (state === "sending") {
    if (error !== null) {
      return say("sent.waits_because", { reason: say(has(`refusal.${error}`) ? `refusal.${error}` : "refusal.other") });
    }
    return say(room.live() ? "sent.sending" : "sent.waits_here");
  }
  if (state === "stored") {
    const until = moment(room.localTime(message.expiresAt));
    return until === "" ? say("sent.stored") : say("sent.stored_until", { until });
  }
  if (state === "refused") {
    return say("sent.refused", { reason: say(has(`refusal.${error}`) ? `refusal.${error}` : "refusal.other") });
  }
  return say(`sent.${state}`);
}

/**
 * The view of one message of one's own. `room` gives `live()`, `localTime`, `viewOf(id)`, `fade(id)`
 * and `writeAgain(message)`.
 * @param {import("../net/state.js").SentView} first
 */
export function sentView(first, room) {
  const text = el("p", { class: "message-text", dir: "auto" });
  const drawing = el("span", { class: "receipt-icon" });
  const words = el("span", { class: "receipt-words" });
  const rest = el("span", { class: "receipt-rest" });
  const tools = el("div", { class: "receipt-tools" });
  const node = el("article", { class: "card sent", "aria-label": say("sent.label") },
    text, el("div", { class: "receipt" }, drawing, words, rest), tools);
  let state = null;
  let burn = null;

  function changed(message) {
    state = message.state;
    node.dataset.state = state;
    fill(drawing, icon(ICONS[state] ?? "waiting"));
    // What the reader sees no longer, the author's page doesn't keep either.
    if (state === "viewed" && burn === null) {
      const seconds = room.viewOf(message.id) || DEFAULT_VIEW;
      burn = countdown(seconds, () => room.fade(message.id));
      fill(rest, el("span", { class: "visually-hidden" }, say("sent.fades", { time: duration(seconds) })), burn.node);
      burn.start();
    } else if (AGAIN.has(state) && message.text !== null) {
      fill(tools,
        el("button", { type: "button", class: "button small quiet",
          on: { click: () => room.writeAgain(message) } }, say("sent.again")),
        el("button", { type: "button", class: "button small quiet",
          on: { click: () => room.fade(message.id) } }, say("sent.remove")));
    }
  }

  return {
    node,
    update(message) {
      text.hidden = message.text === null;
      setText(text, message.text);
      if (message.state !== state) changed(message);
      setText(words, receipt(message, room));
    },
    close: () => burn?.stop(),
  };
}
