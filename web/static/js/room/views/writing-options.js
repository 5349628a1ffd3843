// How what one writes is sent, below where one writes it: for how long it may be read, and the way to what few
// need (writing-panel.js).

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { later } from "../../ui/later.js";
import { duration } from "../../ui/times.js";

const VIEWS = [5, 15, 30, 60, 120, 300, 0];

/**
 * @typedef {object} Writing
 * @property {number} view  seconds that one's messages may be read; 0: until closed
 * @property {number|null} limit  seconds after which they are gone, whatever their reader wishes
 * @property {boolean} spelling  whether the browser may check the spelling
 */

/** Seconds that one's messages may be read: kept for this tab, in memory alone. */
let chosenView = 30;

/** What one begins with in a room. @returns {Writing} */
export const usualWriting = () => ({ view: chosenView, limit: null, spelling: false });

/**
 * The options below the composer; every change goes into `writing` at once. `checked(on)` is told whether
 * spelling is to be checked, at first too.
 * @param {Writing} writing
 * `failed()` says that it isn't there.
 * @param {{checked: (on: boolean) => void, failed: () => void}} given
 */
export function writingOptions(writing, { checked, failed }) {
  const view = el("select", { id: "composer-view", on: { change: () => {
    writing.view = chosenView = Number(view.value);
    // A limit below what one grants would grant it no more.
    if (writing.limit !== null && writing.limit < writing.view) writing.limit = null;
    changed();
  } } },
    VIEWS.map((seconds) => el("option", { value: seconds, selected: seconds === writing.view },
      seconds === 0 ? say("composer.until_closed") : duration(seconds, "short"))));
  const more = el("button", { type: "button", class: "button quiet small", "aria-haspopup": "dialog", on: { click: open } });

  function changed() {
    checked(writing.spelling);
    setText(more, writing.limit === null ? say("composer.more") : say("composer.limited", { time: duration(writing.limit, "short") }));
  }

  async function open() {
    try {
      const { writingPanel } = await later();
      if (more.isConnected) writingPanel(writing, changed);
    } catch {
      failed();
    }
  }

  changed();
  return {
    node: el("div", { class: "composer-foot" },
      el("label", { for: "composer-view" }, say("composer.view"), " ", view),
      el("span", { class: "hint keys" }, say("composer.keys")),
      more),
  };
}
