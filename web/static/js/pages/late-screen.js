// Screens that few come to and that a late part of the page makes (ui/later.js): shown at once where it is here,
// and else as soon as it has come.

import { el } from "../ui/el.js";
import { say } from "../ui/i18n.js";
import { ifHere, withLater } from "../ui/later.js";

const AGAIN_MS = 4000;

/**
 * Shows the screen that `make(parts)` gives; until the parts are here, what `meanwhile()` gives.
 * @param {import("../ui/stage.js").Stage} stage
 * @param {(parts: any) => import("../ui/stage.js").Screen} make
 * @param {() => import("../ui/stage.js").Screen} meanwhile
 */
export function showLate(stage, make, meanwhile) {
  const draw = () => (ifHere() === null ? meanwhile() : make(ifHere()));
  stage.show(draw);
  if (ifHere() === null) ask();

  // By then somebody else may have asked with success.
  function ask() {
    if (!stage.shows(draw)) return;
    withLater(() => { if (stage.shows(draw)) stage.redraw(); }, () => { setTimeout(ask, AGAIN_MS); });
  }
}

/**
 * A screen that says no more than that something has ended (`about` is "ended") or is in the way ("barrier"), but has
 * what must not be lost, and a way on.
 * @param {"ended"|"barrier"} about
 * @param {{title?: string, texts?: string[], retry?: (() => void)|null, unsaved?: () => boolean,
 *   actions: [string, (() => void)|null][]}} given  `texts` are words of one's own that nobody has; `retry()` tries once
 *   more, also by itself when the browser finds a connection; `actions` are keys of sentences with what else can be done
 */
export function plainScreen(about, { title = `late.${about}`, texts = [], retry = null, unsaved = () => texts.length > 0, actions }) {
  const going = new AbortController();
  if (retry !== null) window.addEventListener("online", retry, { once: true, signal: going.signal });
  const heading = el("h1", { tabindex: "-1" }, say(title));
  /** @type {typeof actions} */
  const offered = [["barrier.retry", retry], ...actions];
  const node = el("div", { class: `screen standing ${about} plain` },
    el("p", { class: "wordmark" }, say("name")),
    el("div", { class: "standing-body" },
      heading,
      el("p", { class: "lead" }, say("late.text")),
      texts.map((text) => el("p", { class: "prose notranslate", translate: "no" }, text)),
      el("div", { class: "button-row" }, offered.map(([label, click]) => click &&
        el("button", { type: "button", class: "button quiet", on: { click } }, say(label))))));
  return { node, focus: heading, unsaved, close: () => going.abort() };
}
