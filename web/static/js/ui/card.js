// A received message: a closed card, then its text for a while, then nothing.

import { announce } from "./announce.js";
import { copyButton } from "./copy.js";
import { afterPaint, countdown, DEFAULT_VIEW } from "./countdown.js";
import { el, fill, setText } from "./el.js";
import { icon } from "./icons.js";
import { called, who } from "./people.js";
import { has, parts, say } from "./say.js";
import { moment } from "./times.js";

const VIEW_LIMIT = 300;

const viewSeconds = (card) =>
  Number.isInteger(card.view) && card.view >= 0 && card.view <= VIEW_LIMIT ? card.view : DEFAULT_VIEW;

/**
 * The view of one card. `room` gives `client`, `people` and `localTime(serverTime)`.
 * @param {import("../net/state.js").CardView} first
 */
export function cardView(first, room) {
  const author = () => room.people.get(current.author);
  let current = first;
  let face = null;

  const node = el("article", { class: "card received" });
  const gap = el("p", { class: "gap", hidden: true });
  const place = el("div", { class: "card-place" });
  node.append(gap, place);

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
      node.className = `card received hue-${author().colour}`;
      gap.hidden = !(card.gapBefore > 0);
      if (card.gapBefore > 0) fill(gap, icon("warning"), parts("card.gap", { count: card.gapBefore, name: who(author()) }));
      const wanted = faceOf(card.state);
      if (face?.kind !== wanted) {
        face?.close?.();
        const focused = place.contains(document.activeElement);
        face = { kind: wanted, ...faces[wanted](card) };
        fill(place, face.node);
        if (focused || wanted === "open") face.focus?.focus({ preventScroll: wanted !== "open" });
      }
      face.update?.(card);
    },
    close: () => face?.close?.(),
  };

  function sealedFace() {
    const line = el("span", { class: "card-line" });
    const when = el("span", { class: "card-when" });
    const action = el("span", { class: "card-action" });
    const button = el("button", { type: "button", class: "seal", on: { click: ask } },
      icon("sealed"),
      el("span", { class: "card-text" },
        el("span", { class: "card-from" }, who(author()), when), line),
      action);

    function ask() {
      if (current.state !== "closed" && current.state !== "returned") return;
      // What went wrong is in the card's state, and said by its line.
      room.client.open(current.id).catch(() => {});
    }

    function update(card) {
      const mayOpen = card.state === "closed" || card.state === "returned";
      button.setAttribute("aria-disabled", String(!mayOpen));
      button.setAttribute("aria-busy", String(card.state === "opening"));
      setText(when, moment(room.localTime(card.postedAt)));
      setText(action, card.state === "opening" ? say("card.opening") : mayOpen ? say("card.open") : "");
      fill(line, sealedLine(card));
    }

    function sealedLine(card) {
      if (card.state === "taken") {
        const holder = room.people.get(card.holder);
        return parts("card.taken", { name: who(holder) });
      }
      if (card.error !== null) {
        return say(has(`refusal.${card.error}`) ? `refusal.${card.error}` : "card.failed");
      }
      if (card.state === "returned") return say("card.returned");
      const until = moment(room.localTime(card.expiresAt));
      return until === "" ? say("card.sealed") : say("card.waits", { until });
    }

    return { node: button, focus: button, update };
  }

  function openFace(card) {
    const burn = countdown(viewSeconds(card), () => room.client.discard(card.id));
    const readable = card.type === "text" && typeof card.text === "string";
    const text = readable
      ? el("p", { class: "message-text", dir: "auto", tabindex: "-1" }, card.text)
      : el("p", { class: "message-text unknown", tabindex: "-1" }, say("card.unknown_type"));
    const close = el("button", { type: "button", class: "button small quiet",
      on: { click: () => room.client.discard(card.id) } }, icon("close"), say("card.close"));
    const copy = readable
      ? copyButton({ label: say("card.copy"), name: "copy", text: () => card.text, kind: "small quiet" })
      : null;
    const stop = afterPaint(() => {
      room.client.shown(card.id);
      burn.start();
      announce(say("card.opened", { name: called(author()) }));
    });
    return {
      node: el("div", { class: "opened" },
        el("p", { class: "card-from" }, who(author()),
          el("span", { class: "card-when" }, moment(room.localTime(card.postedAt)))),
        text,
        el("div", { class: "opened-foot" }, burn.node, el("div", { class: "card-tools" }, copy, close))),
      focus: text,
      close() {
        stop();
        burn.stop();
      },
    };
  }

  function brokenFace(card) {
    return {
      node: el("div", { class: "broken" }, icon("broken"),
        el("div", { class: "card-text" },
          el("p", { class: "card-from" }, who(author())),
          el("p", { class: "card-line" }, say("card.broken")),
          card.error === null ? null : el("code", { class: "small-code" }, card.error))),
    };
  }
}
