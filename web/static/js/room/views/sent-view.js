// A message of one's own, with its receipt in words.

import { countdown, DEFAULT_VIEW } from "../../ui/countdown.js";
import { el, fill, setText } from "../../ui/el.js";
import { has, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration, moment } from "../../ui/times.js";
import { foldedBody } from "./message-body.js";
import { quoteView } from "./quote-view.js";
import { RECEIPTS } from "./state-tables.js";

/** The row of the table of receipts that a message is in. */
export function receiptState({ state, error, first }, live, everyone) {
  // In a room whose messages are for everyone it would be a surprise.
  if (state === "stored" && everyone && first) return "stored_first";
  if (state !== "sending") return state;
  if (error !== null) return "waits_because";
  return live ? "sending" : "waits_here";
}

/** The receipt as a sentence. */
export function receipt(message, room) {
  const state = receiptState(message, room.live(), room.everyone());
  const until = moment(room.localTime(message.expiresAt));
  if (state === "stored" && until === "") return say("sent.stored");
  const refusal = `refusal.${message.error}`;
  return say(RECEIPTS[state].text, { until, reason: say(has(refusal) ? refusal : "refusal.other") });
}

/**
 * The view of one message of one's own. `room` gives `live()`, `everyone()`, `localTime`, `people`, `memory`,
 * `fade(id)`, `writeAgain(message)` and `hold()`.
 * @param {import("../room-state.js").SentView} _first  the log makes all its views in one way
 */
export function sentView(_first, room) {
  const words = el("div", { class: "sent-words" });
  const drawing = el("span", { class: "receipt-icon" });
  const sentence = el("span", { class: "receipt-words" });
  const rest = el("span", { class: "receipt-rest" });
  const tools = el("div", { class: "receipt-tools" });
  const node = el("article", { class: "card sent", "aria-label": say("sent.label") },
    words, el("div", { class: "receipt" }, drawing, sentence, rest), tools);
  const does = { again: room.writeAgain, remove: ({ id }) => room.fade(id) };
  let state = null;
  let text = null;
  let body = null;
  let burn = null;

  function write(message) {
    text = message.text;
    body?.close();
    body = text === null ? null : foldedBody(text, room.hold);
    fill(words,
      text !== null && typeof message.quote?.text === "string" ? quoteView(message.quote, room.people) : null,
      body?.node);
  }

  function changed(message) {
    const { tone, icon: name, actions = [] } = RECEIPTS[state];
    node.dataset.state = message.state;
    node.dataset.tone = tone;
    fill(drawing, icon(name));
    // What the reader sees no longer, the author's page doesn't keep either.
    if (state === "viewed" && burn === null) fades(message);
    fill(tools, message.text === null ? null : actions.map((action) =>
      el("button", { type: "button", class: "button small quiet", on: { click: () => does[action](message) } },
        say(`sent.${action}`))));
  }

  function fades({ id }) {
    const seconds = room.memory.views.get(id) || DEFAULT_VIEW;
    burn = countdown({ seconds, onEnd: () => room.fade(id) });
    fill(rest, el("span", { class: "visually-hidden" }, say("sent.fades", { time: duration(seconds) })), burn.track, burn.node);
    room.memory.ends.set(id, burn.start(room.memory.ends.get(id)));
  }

  return {
    node,
    update(message) {
      if (message.text !== text) write(message);
      const now = receiptState(message, room.live(), room.everyone());
      if (now !== state) {
        state = now;
        changed(message);
      }
      setText(sentence, receipt(message, room));
    },
    close() {
      burn?.stop();
      body?.close();
    },
  };
}
