// The first screen: one sentence of promise, one button, one field.

import { codeField } from "./codefield.js";
import { el } from "./el.js";
import { icon } from "./icons.js";
import { options } from "./options.js";
import { say } from "./say.js";

/** A sentence about what has just gone wrong, above everything else. */
export const trouble = (text) =>
  text === null ? null : el("p", { class: "notice attention", role: "alert" }, icon("warning"), text);

/**
 * The screen of arriving. `generate()` makes a code, `enter(text)` reads one; `text` is what the field
 * holds already, `problem` a sentence or null.
 */
export function arriving({ choices, text = "", problem = null, generate, enter }) {
  const code = codeField({ text, enter });
  const node = el("div", { class: "screen arriving" },
    el("p", { class: "wordmark" }, say("name")),
    el("h1", { tabindex: "-1" }, say("arriving.promise")),
    trouble(problem),
    el("button", { type: "button", class: "button primary large", on: { click: generate } },
      say("arriving.generate")),
    el("p", { class: "or", "aria-hidden": "true" }, say("arriving.or")),
    code.node,
    options(choices, { creating: true }),
    el("p", { class: "small-print" }, say("arriving.small_print")));
  return { node, focus: text === "" ? null : code.input };
}
