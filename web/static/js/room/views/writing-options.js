// How what one writes is sent, below where one writes it: for how long it may be read, and folded away
// what few need.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration } from "../../ui/times.js";

const VIEWS = [5, 15, 30, 60, 120, 300, 0];
const LIMITS = [30, 60, 120, 300, 600];

/**
 * @typedef {object} Writing
 * @property {number} view  seconds that one's messages may be read; 0: until closed
 * @property {number|null} limit  seconds after which they are gone, whatever their reader wishes
 * @property {boolean} spelling  whether the browser may check the spelling
 * @property {boolean} unfolded
 */

/** Seconds that one's messages may be read: kept for this tab, in memory alone. */
let chosenView = 30;

/** What one begins with in a room. @returns {Writing} */
export const usualWriting = () => ({ view: chosenView, limit: null, spelling: false, unfolded: false });

/**
 * The options below the composer; every change goes into `writing` at once. `checked(on)` is told whether
 * spelling is to be checked, at first too.
 * @param {Writing} writing
 * @param {{checked: (on: boolean) => void}} given
 */
export function writingOptions(writing, { checked }) {
  const view = el("select", { id: "composer-view", on: { change: () => { writing.view = chosenView = Number(view.value); fit(); } } },
    VIEWS.map((seconds) => el("option", { value: seconds, selected: seconds === writing.view },
      seconds === 0 ? say("composer.until_closed") : duration(seconds, "short"))));
  const limit = el("select", { id: "composer-limit", "aria-describedby": "composer-limit-hint",
    on: { change: () => { writing.limit = limit.value === "" ? null : Number(limit.value); } } },
    el("option", { value: "" }, say("composer.no_limit")),
    LIMITS.map((seconds) => el("option", { value: seconds, selected: seconds === writing.limit }, duration(seconds, "short"))));
  const spelling = el("input", { type: "checkbox", id: "composer-spelling", checked: writing.spelling,
    "aria-describedby": "composer-spelling-hint",
    on: { change: () => { writing.spelling = spelling.checked; checked(writing.spelling); } } });

  const more = el("div", { class: "composer-more", id: "composer-more" },
    el("div", {}, el("label", { for: "composer-limit" }, say("composer.limit"), " ", limit),
      el("p", { class: "hint", id: "composer-limit-hint" }, say("composer.limit_hint"))),
    el("div", {}, el("label", { for: "composer-spelling" }, spelling, " ", say("composer.spelling")),
      el("p", { class: "hint", id: "composer-spelling-hint" }, say("composer.spelling_hint"))));
  const button = el("button", { type: "button", class: "button quiet small", "aria-controls": "composer-more",
    on: { click: () => { writing.unfolded = !writing.unfolded; fold(); } } }, say("composer.more"), icon("unfold"));

  function fold() {
    more.hidden = !writing.unfolded;
    button.setAttribute("aria-expanded", String(writing.unfolded));
  }

  /** A limit below what one has granted would grant it no more. */
  function fit() {
    for (const option of limit.options) option.disabled = option.value !== "" && Number(option.value) < writing.view;
    if (writing.limit !== null && writing.limit < writing.view) {
      writing.limit = null;
      limit.value = "";
    }
  }

  fold();
  fit();
  checked(writing.spelling);
  return {
    node: el("div", { class: "composer-foot" },
      el("label", { for: "composer-view" }, say("composer.view"), " ", view),
      el("span", { class: "hint keys" }, say("composer.keys")),
      button, more),
  };
}
