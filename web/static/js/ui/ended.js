// The last screen: why the room is over for this tab, and what can be done. Each end has a sentence
// of its own.

import { el } from "./el.js";
import { icon } from "./icons.js";
import { say } from "./say.js";

/**
 * Every reason for which a room ends, with its drawing and whether the code may be tried again.
 * A reason that is not here is shown as `protocol`.
 */
export const ENDINGS = Object.freeze({
  left: { drawing: "done", again: false },
  destroyed: { drawing: "destroy", again: false },
  destroyed_by_you: { drawing: "done", again: false },
  destroy_unconfirmed: { drawing: "warning", again: true },
  expired: { drawing: "waiting", again: false },
  seat_lost: { drawing: "leave", again: true },
  replaced: { drawing: "leave", again: false },
  room_unknown: { drawing: "warning", again: true },
  room_full: { drawing: "locked", again: true },
  room_locked: { drawing: "locked", again: true },
  policy_changed: { drawing: "warning", again: false },
  protocol: { drawing: "warning", again: true },
});

/** The screen of an end. `anew()` goes to the first screen, `again()` tries the same code once more. */
export function ended({ reason, again, anew }) {
  const known = Object.hasOwn(ENDINGS, reason) ? reason : "protocol";
  const { drawing, again: mayTry } = ENDINGS[known];
  const heading = el("h1", { tabindex: "-1" }, say(`ended.${known}`));
  const node = el("div", { class: "screen ended", data: { reason: known } },
    el("p", { class: "wordmark" }, say("name")),
    el("div", { class: "ended-mark" }, icon(drawing)),
    heading,
    el("p", { class: "lead" }, say(`ended.${known}_text`)),
    el("div", { class: "button-row" },
      mayTry && again !== null
        ? el("button", { type: "button", class: "button primary", on: { click: again } }, say("ended.again"))
        : null,
      el("button", { type: "button", class: `button ${mayTry && again !== null ? "quiet" : "primary"}`,
        on: { click: anew } }, say("ended.anew"))));
  return { node, focus: heading };
}

/** The screen for a page that can't work as it was opened: `what` names the sentences. */
export function unable(what) {
  const heading = el("h1", { tabindex: "-1" }, say(`unable.${what}`));
  return {
    node: el("div", { class: "screen ended" },
      el("p", { class: "wordmark" }, say("name")),
      el("div", { class: "ended-mark" }, icon("warning")),
      heading, el("p", { class: "lead" }, say(`unable.${what}_text`))),
    focus: heading,
  };
}
