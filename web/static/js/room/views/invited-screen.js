// A link was opened: nothing is derived and nobody is joined until the person asks for it.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { trouble } from "./arriving-screen.js";
import { entryOptions } from "./entry-options.js";
import { nameField } from "./name-field.js";

/** What is wrong with a link will be wrong at every try. @type {Set<string|null>} */
const HOPELESS = new Set(["link_form", "link_suite", "link_salt"].map((code) => `refusal.${code}`));

/**
 * The screen of an invitation. `join()` enters the room, `back()` goes to the first screen; `problem`
 * is the key of a sentence or null. Who has a link that can't work is told to ask for another, and
 * led on.
 * @param {{choices: import("./choices.js").Choices, problem?: string|null, unfolded?: boolean,
 *   join: () => void, back: () => void}} options
 */
export function invitedScreen({ choices, problem = null, unfolded = false, join, back }) {
  const heading = el("h1", { tabindex: "-1" }, say("invited.title"));
  const folded = entryOptions(choices, { unfolded });
  const hopeless = HOPELESS.has(problem);
  /** @param {string} kind  @param {string} key  @param {() => void} click */
  const button = (kind, key, click) =>
    el("button", { type: "button", class: `button ${kind}`, on: { click } }, say(key));
  const node = el("div", { class: "screen invited" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    el("div", { class: "arriving-ways" },
      hopeless ? null : el("p", { class: "lead" }, say("invited.text")),
      trouble(problem),
      // The sentence about an incomplete link says so itself.
      hopeless && problem !== "refusal.link_form" ? el("p", { class: "lead" }, say("invited.words")) : null,
      hopeless ? null : nameField(choices),
      el("div", { class: "button-row" }, hopeless
        ? button("primary large", "ended.anew", back)
        : [button("primary large", "invited.join", join), button("quiet", "invited.back", back)]),
      hopeless ? null : folded),
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("invited.history")),
      languageSwitch()));
  return { node, focus: heading, keep: () => ({ unfolded: folded.open }) };
}
