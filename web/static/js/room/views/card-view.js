/** A received message: a closed card, then its text for a while, then nothing. */

import { el, fill, setText } from "../../ui/el.js";
import { has, parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { ifHere } from "../../ui/later.js";
import { usualSeconds } from "../../ui/reading-time.js";
import { duration, moment } from "../../ui/times.js";
import { openFace } from "./open-face.js";
import { called, hue, mark, who } from "./people.js";
import { CARDS } from "./state-tables.js";

/**
 * @typedef {import("../room-state.js").CardView} CardView
 *
 * @typedef {object} Face  what is in the place of a card
 * @property {HTMLElement} node
 * @property {HTMLElement} [focus]
 * @property {(card: CardView) => void} [update]
 * @property {() => void} [close]
 */

/** The row of the table of states that a sealed card is in. @param {CardView} card @returns {keyof typeof CARDS} */
function sealedState(card) {
  if (card.state === "taken" || card.state === "opening") return card.state;
  if (card.error !== null) return "failed";
  return card.state === "returned" ? "returned" : "closed";
}

/**
 * The view of one card.
 * @param {CardView} first
 * @param {import("./view-context.js").ViewContext} room
 */
export function cardView(first, room) {
  const author = () => room.people.get(current.author);
  let current = first;
  let kind = "";
  /** @type {Face|null} */
  let face = null;

  const node = el("article", { class: "card received" });
  const gap = el("p", { class: "gap", hidden: true });
  const again = el("p", { class: "gap", hidden: true });
  const place = el("div", { class: "card-place" });
  node.append(gap, again, place);

  /** @type {Record<string, (card: CardView) => Face>} */
  const faces = {
    sealed: sealedFace,
    broken: brokenFace,
    open: (card) => (card.file ? ifHere().fileFace : openFace)(card, room, { author, from: () => from(card, mark(author())) }),
  };

  /** @param {CardView} card  what is in its place */
  function turn(card) {
    const wanted = card.state === "open" || card.state === "broken" ? card.state : "sealed";
    if (kind === wanted) return;
    const before = kind;
    face?.close?.();
    const focused = place.contains(document.activeElement);
    kind = wanted;
    face = faces[wanted](card);
    fill(place, face.node);
    // A card that was opened takes the focus and is so read once; one that is only drawn anew doesn't.
    if (before !== "" && wanted === "open") lookAt(face);
    else if (focused) face.focus?.focus({ preventScroll: true });
  }

  /** @param {Face} opened */
  function lookAt(opened) {
    opened.focus?.focus({ preventScroll: true });
    // A long letter begins at its beginning, and whatever comes below doesn't carry its reader to the end.
    if (node.offsetHeight > (node.closest(".log")?.clientHeight ?? Infinity)) room.hold();
    node.scrollIntoView({ block: "nearest" });
  }

  /** @param {CardView} card  @param {HTMLElement|null} [badge]  who has written it, and when */
  function from(card, badge = null) {
    return el("p", { class: "card-from" }, badge, who(author()),
      el("span", { class: "card-when" }, moment(room.localTime(card.postedAt))));
  }

  /** @returns {Face} */
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
      if (mayOpen()) room.open(current);
    }

    /** @param {CardView} card */
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

    return { node: button, focus: button, update };
  }

  /** @param {CardView} card  @param {keyof typeof CARDS} state */
  function sealedLine(card, state) {
    if (state === "failed" && has(`refusal.${card.error}`)) return say(`refusal.${card.error}`);
    const holder = state === "taken" ? who(room.people.get(card.holder ?? "")) : null;
    const line = card.attachment && holder === null ? ifHere()?.fileLine(card, room)
      : parts(CARDS[state].text, { name: holder, time: usualTime(card.size) });
    const until = moment(room.localTime(card.expiresAt));
    if (state === "taken" || state === "failed" || until === "") return line;
    return [line, el("span", { class: "card-until" }, " · ", say("card.waits", { until }))];
  }

  /** @param {CardView} card  @returns {Face} */
  function brokenFace(card) {
    return {
      node: el("div", { class: "broken" }, icon(CARDS.broken.icon),
        el("div", { class: "card-text" },
          from(card),
          el("p", { class: "card-line" }, say(CARDS.broken.text)),
          card.error === null ? null : el("code", { class: "small-code" }, card.error))),
    };
  }

  return {
    node,
    /** @param {CardView} card */
    update(card) {
      current = card;
      node.dataset.state = card.state;
      node.className = `card received ${hue(author())}`;
      node.setAttribute("aria-label", say(card.state === "open" ? "card.label_open" : "card.label", { name: called(author()) }));
      gap.hidden = !(card.gapBefore > 0);
      if (card.gapBefore > 0) fill(gap, icon("warning"), parts("card.gap", { count: card.gapBefore, name: who(author()) }));
      again.hidden = !card.repeated;
      if (card.repeated) fill(again, icon("warning"), parts("card.repeated", { name: who(author()) }));
      turn(card);
      face?.update?.(card);
    },
    close: () => face?.close?.(),
  };
}

/** How long a message of this size can usually be read once it is open, in words. @param {number} size  bytes */
export const usualTime = (size) => duration(usualSeconds(size), "short");
