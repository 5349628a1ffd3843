// A received message: a closed card, then its text for a while, then nothing.

import { announce } from "../../ui/announce.js";
import { copyButton } from "../../ui/copy-button.js";
import { afterPaint, countdown, DEFAULT_VIEW } from "../../ui/countdown.js";
import { el, fill, setText } from "../../ui/el.js";
import { isBlank } from "../../ui/graphemes.js";
import { has, parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration, moment } from "../../ui/times.js";
import { messageBody } from "./message-body.js";
import { called, hue, mark, who } from "./people.js";
import { quoteView } from "./quote-view.js";
import { CARDS } from "./state-tables.js";

const VIEW_LIMIT = 300;
const REPLY_KEY = "r";

const viewSeconds = (card) =>
  Number.isInteger(card.view) && card.view >= 0 && card.view <= VIEW_LIMIT ? card.view : DEFAULT_VIEW;

/** The row of the table of states that a sealed card is in. */
function sealedState(card) {
  if (card.state === "taken" || card.state === "opening") return card.state;
  if (card.error !== null) return "failed";
  return Object.hasOwn(CARDS, card.state) ? card.state : "closed";
}

/**
 * The view of one card. `room` gives `client`, `people`, `memory`, `localTime(serverTime)`,
 * `reply(card)` and `hold()`.
 * @param {import("../room-state.js").CardView} first
 */
export function cardView(first, room) {
  const author = () => room.people.get(current.author);
  let current = first;
  let face = null;

  const node = el("article", { class: "card received" });
  const gap = el("p", { class: "gap", hidden: true });
  const again = el("p", { class: "gap", hidden: true });
  const place = el("div", { class: "card-place" });
  node.append(gap, again, place);

  const faces = { sealed: sealedFace, open: openFace, broken: brokenFace };

  function faceOf(state) {
    if (state === "open") return "open";
    return state === "broken" ? "broken" : "sealed";
  }

  return {
    node,
    update(card) {
      current = card;
      node.dataset.state = card.state;
      node.className = `card received ${hue(author())}`;
      node.setAttribute("aria-label", say(card.state === "open" ? "card.label_open" : "card.label", { name: called(author()) }));
      gap.hidden = !(card.gapBefore > 0);
      if (card.gapBefore > 0) fill(gap, icon("warning"), parts("card.gap", { count: card.gapBefore, name: who(author()) }));
      again.hidden = !card.repeated;
      if (card.repeated) fill(again, icon("warning"), parts("card.repeated", { name: who(author()) }));
      const wanted = faceOf(card.state);
      if (face?.kind !== wanted) {
        const before = face;
        before?.close?.();
        const focused = place.contains(document.activeElement);
        face = { kind: wanted, ...faces[wanted](card) };
        fill(place, face.node);
        // A card that was opened takes the focus and is so read once; one that is only drawn anew doesn't.
        if (before !== null && wanted === "open") {
          face.focus.focus({ preventScroll: true });
          node.scrollIntoView({ block: "nearest" });
        } else if (focused) {
          face.focus?.focus({ preventScroll: true });
        }
      }
      face.update?.(card);
    },
    close: () => face?.close?.(),
  };

  function from(card) {
    return el("p", { class: "card-from" }, who(author()),
      el("span", { class: "card-when" }, moment(room.localTime(card.postedAt))));
  }

  function sealedFace() {
    const line = el("span", { class: "card-line" });
    const when = el("span", { class: "card-when" });
    const action = el("span", { class: "card-action" });
    const button = el("button", { type: "button", class: "seal", on: { click: ask } },
      el("span", { class: "envelope", "aria-hidden": "true" }, mark(author())),
      el("span", { class: "card-text" },
        el("span", { class: "card-from" }, who(author()), " ", when), line),
      action);

    const mayOpen = () => current.state === "closed" || current.state === "returned";

    function ask() {
      if (!mayOpen()) return;
      // What went wrong is in the card's state, and said by its line.
      room.client.open(current.id).catch(() => {});
    }

    function update(card) {
      const state = sealedState(card);
      const { tone, label } = CARDS[state];
      button.setAttribute("aria-disabled", String(!mayOpen()));
      button.setAttribute("aria-busy", String(card.state === "opening"));
      button.dataset.tone = tone;
      setText(when, moment(room.localTime(card.postedAt)));
      setText(action, label === undefined ? "" : say(label));
      fill(line, sealedLine(card, state));
    }

    function sealedLine(card, state) {
      const holder = state === "taken" ? who(room.people.get(card.holder)) : null;
      if (state === "failed" && has(`refusal.${card.error}`)) return say(`refusal.${card.error}`);
      const until = moment(room.localTime(card.expiresAt));
      if (CARDS[state].text === "card.waits" && until === "") return say("card.sealed");
      return parts(CARDS[state].text, { until, name: holder });
    }

    return { node: button, focus: button, update };
  }

  function openFace(card) {
    const seconds = viewSeconds(card);
    const burn = countdown({
      seconds,
      onEnd: () => room.client.discard(card.id),
      onLast: (left) => announce(say("card.last_seconds", { name: called(author()), time: duration(left) })),
    });
    const known = card.type === "text" && typeof card.text === "string";
    const readable = known && !isBlank(card.text);
    const body = readable ? messageBody(card.text, room.hold) : null;
    const text = body?.text ?? el("p", { class: "message-text unknown" }, say(CARDS[known ? "empty" : "unknown_type"].text));
    text.tabIndex = -1;
    const button = (name, label, click, more = {}) =>
      el("button", { type: "button", class: "button small quiet", ...more, on: { click } }, icon(name), label);
    const tools = el("div", { class: "card-tools" },
      readable ? button("reply", say("card.reply"), reply, { "aria-keyshortcuts": REPLY_KEY.toUpperCase() }) : null,
      readable ? copyButton({ label: say("card.copy"), name: "copy", text: () => card.text, kind: "small quiet" }) : null,
      button("close", say("card.close"), () => room.client.discard(card.id)));

    function reply() {
      room.reply(card);
    }

    // Only while the focus is in this card, so that nobody presses it by mistake (WCAG 2.1.4).
    function key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (!readable || (event.key.toLowerCase() !== REPLY_KEY && event.code !== "KeyR")) return;
      event.preventDefault();
      reply();
    }

    const ends = room.memory.ends.get(card.id);
    const stop = afterPaint(() => {
      if (ends === undefined) room.client.shown(card.id);
      room.memory.ends.set(card.id, burn.start(ends));
      if (ends !== undefined) return;
      const name = called(author());
      announce(seconds === 0 ? say("card.opened", { name }) : say("card.opened_for", { name, time: duration(seconds) }));
    });
    return {
      node: el("div", { class: "opened", on: { keydown: key } },
        el("div", { class: "opened-head" }, mark(author()), from(card), burn.node),
        typeof card.quote?.text === "string" ? quoteView(card.quote, room.people) : null,
        body?.node ?? text,
        el("div", { class: "opened-foot" }, tools, burn.track)),
      focus: text,
      close() {
        stop();
        burn.stop();
        body?.close();
      },
    };
  }

  function brokenFace(card) {
    return {
      node: el("div", { class: "broken" }, icon(CARDS.broken.icon),
        el("div", { class: "card-text" },
          from(card),
          el("p", { class: "card-line" }, say(CARDS.broken.text)),
          card.error === null ? null : el("code", { class: "small-code" }, card.error))),
    };
  }
}
