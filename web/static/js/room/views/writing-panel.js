// What few want to choose about what they write: the end that its reader can't put off, and whether its
// spelling is checked.

import { panel, panelHead } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";

const LIMITS = [30, 60, 120, 300, 600];

/**
 * Opens the panel; every change goes into `writing` at once, and `changed()` is told of it.
 * @param {import("./writing-options.js").Writing} writing
 * @param {() => void} changed
 */
export function writingPanel(writing, changed) {
  const limit = el("select", { id: "writing-limit", "aria-describedby": "writing-limit-hint",
    on: { change: () => { writing.limit = limit.value === "" ? null : Number(limit.value); changed(); } } },
    el("option", { value: "" }, say("composer.no_limit")),
    // A limit below what one has granted would grant it no more.
    LIMITS.map((seconds) => el("option", { value: seconds, selected: seconds === writing.limit, disabled: seconds < writing.view },
      duration(seconds))));
  const spelling = el("input", { type: "checkbox", id: "writing-spelling", checked: writing.spelling,
    "aria-describedby": "writing-spelling-hint",
    on: { change: () => { writing.spelling = spelling.checked; changed(); } } });
  const node = panel({ kind: "menu", labelledby: "writing-title" },
    el("div", { class: "panel-body" },
      panelHead("writing-title", say("composer.more_title"), () => node.close()),
      el("section", { class: "menu-part" },
        el("div", { class: "field" }, el("label", { for: "writing-limit" }, say("composer.limit")), limit,
          el("p", { class: "hint", id: "writing-limit-hint" }, say("composer.limit_hint"))),
        el("label", { class: "row-button", for: "writing-spelling" }, spelling,
          el("span", { class: "row-text" }, say("composer.spelling"),
            el("span", { class: "hint", id: "writing-spelling-hint" }, say("composer.spelling_hint")))))));
}
