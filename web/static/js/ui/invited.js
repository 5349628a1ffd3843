// A link was opened: nothing is derived and nobody is joined until the person asks for it.

import { trouble } from "./arriving.js";
import { el } from "./el.js";
import { options } from "./options.js";
import { say } from "./say.js";

/** The screen of an invitation. `join()` enters the room, `back()` goes to the first screen. */
export function invited({ choices, problem = null, join, back }) {
  const heading = el("h1", { tabindex: "-1" }, say("invited.title"));
  const node = el("div", { class: "screen invited" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    el("p", { class: "lead" }, say("invited.text")),
    trouble(problem),
    el("button", { type: "button", class: "button primary large", on: { click: join } }, say("invited.join")),
    el("p", { class: "hint" }, say("invited.history")),
    options(choices, { creating: false }),
    el("button", { type: "button", class: "button quiet", on: { click: back } }, say("invited.back")));
  return { node, focus: heading };
}
