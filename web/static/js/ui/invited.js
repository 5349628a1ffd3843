// A link was opened: nothing is derived and nobody is joined until the person asks for it.

import { trouble } from "./arriving.js";
import { el } from "./el.js";
import { languageSwitch } from "./language.js";
import { options } from "./options.js";
import { say } from "./say.js";

/**
 * The screen of an invitation. `join()` enters the room, `back()` goes to the first screen; `problem`
 * is the key of a sentence or null.
 */
export function invited({ choices, problem = null, unfolded = false, join, back }) {
  const heading = el("h1", { tabindex: "-1" }, say("invited.title"));
  const folded = options(choices, { unfolded });
  const node = el("div", { class: "screen invited" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    el("div", { class: "arriving-ways" },
      el("p", { class: "lead" }, say("invited.text")),
      trouble(problem),
      el("div", { class: "button-row" },
        el("button", { type: "button", class: "button primary large", on: { click: join } }, say("invited.join")),
        el("button", { type: "button", class: "button quiet", on: { click: back } }, say("invited.back"))),
      folded),
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("invited.history")),
      languageSwitch()));
  return { node, focus: heading, keep: () => ({ unfolded: folded.open }) };
}
