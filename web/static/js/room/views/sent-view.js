/** A message of one's own, with its receipt in words. */

import { announce } from "../../ui/announce.js";
import { countdown } from "../../ui/countdown.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { ifHere } from "../../ui/later.js";
import { icon } from "../../ui/icons.js";
import { DEFAULT_SECONDS, pointsOf, readingSeconds } from "../../ui/reading-time.js";
import { duration } from "../../ui/times.js";
import { hasContent } from "./log-entries.js";
import { foldedBody } from "./message-body.js";
import { who } from "./people.js";
import { quoteView } from "./quote-view.js";
import { receiptParts, RECEIPT_ROWS } from "./receipt.js";

/** What the reader sees no longer, or never will, the author's page doesn't keep either. */
const FADING = new Set(["viewed", "withdrawn"]);

/**
 * The view of one message of one's own. `room` gives `client`, `live()`, `everyone()`, `localTime`, `people`, `memory`,
 * `fade(id)`, `writeAgain(message)` and `hold()`.
 * @param {import("../room-state.js").SentView} first
 * @param {import("./view-context.js").ViewContext} room
 */
export function sentView(first, room) {
  const words = el("div", { class: "sent-words" });
  const drawing = el("span", { class: "receipt-icon" });
  const sentence = el("span", { class: "receipt-words" });
  const rest = el("span", { class: "receipt-rest" });
  const problem = el("p", { class: "receipt-problem", hidden: true });
  const tools = el("div", { class: "receipt-tools" });
  const node = el("article", { class: "card sent", "aria-label": say("sent.label") },
    words, el("div", { class: "receipt" }, drawing, sentence, rest), problem, tools);
  const back = el("button", { type: "button", class: "button small quiet take-back", on: { click: takeBack } }, say("sent.back"));
  let current = first;
  let shown = "";
  /** @type {string|null} */
  let row = null;
  /** What is drawn. @type {import("../room-state.js").SentView["text"|"file"]} */
  let drawn = null;
  /** @type {{node: Node, close(): void}|null} */
  let body = null;
  /** @type {ReturnType<typeof countdown>|null} */
  let burn = null;

  function write() {
    const { text, file } = current;
    drawn = text ?? file;
    body?.close();
    body = text !== null ? foldedBody(text, room.hold) : file ? ifHere().sentFile(current, room) : null;
    fill(words,
      text !== null && typeof current.quote?.text === "string" ? quoteView(current.quote, room.people) : null,
      body?.node);
  }

  function changed() {
    const { tone, icon: name, actions = [] } = RECEIPT_ROWS[/** @type {string} */ (row)];
    node.dataset.state = current.state;
    node.dataset.tone = tone;
    fill(drawing, icon(name));
    problem.hidden = true;
    const focused = node.contains(document.activeElement);
    const fading = FADING.has(current.state) && hasContent(current);
    if (fading) burn ??= fades();
    fill(rest, actions.includes("back") ? back : fading && burn !== null ? [spoken(), burn.track, burn.node] : null);
    fill(tools, !hasContent(current) ? null : [
      actions.includes("again") && current.text !== null ? action("again", () => room.writeAgain(current)) : null,
      actions.includes("remove") ? action("remove", () => room.fade(current.id)) : null,
    ]);
    // The button that took it back is gone.
    if (focused && !node.contains(document.activeElement)) tools.querySelector("button")?.focus({ preventScroll: true });
  }

  /** @param {string} name  @param {() => void} click */
  const action = (name, click) =>
    el("button", { type: "button", class: "button small quiet", on: { click } }, say(`sent.${name}`));

  const spoken = () => el("span", { class: "visually-hidden" }, say("sent.fades", { time: duration(seconds()) }));

  /** About as long as its reader has for it. */
  function seconds() {
    const { seconds: usual } = readingSeconds(pointsOf(current.text ?? ""), room.memory.views.get(current.id) ?? null);
    return Number.isFinite(usual) ? usual : DEFAULT_SECONDS;
  }

  function fades() {
    const { id } = current;
    const clock = countdown({ seconds: seconds(), onEnd: () => room.fade(id) });
    room.memory.ends.set(id, clock.start(room.memory.ends.get(id)));
    return clock;
  }

  async function takeBack() {
    if (back.getAttribute("aria-busy") === "true") return;
    back.setAttribute("aria-busy", "true");
    problem.hidden = true;
    try {
      await room.client.withdraw(current.id);
    } catch (error) {
      const { code } = /** @type {import("../../protocol/errors.js").Refusal} */ (error);
      // What has become of it is told by its receipt.
      if (code === "message_gone") return;
      setText(problem, say(code === "message_leased" ? "sent.back_leased" : "sent.back_failed"));
      problem.hidden = false;
      announce(problem.textContent ?? "");
    } finally {
      back.setAttribute("aria-busy", "false");
    }
  }

  return {
    node,
    /** @param {import("../room-state.js").SentView} message */
    update(message) {
      current = message;
      if ((message.text ?? message.file) !== drawn) write();
      const told = receiptParts(message, room);
      if (told.row !== row) {
        row = told.row;
        changed();
      }
      const said = told.words.join("");
      if (said === shown) return;
      shown = said;
      fill(sentence, receiptParts(message, room, who).words);
    },
    close() {
      burn?.stop();
      body?.close();
    },
  };
}
