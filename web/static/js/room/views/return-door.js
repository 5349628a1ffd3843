// A return link was opened: nothing is derived and nobody is asked until the person wants it.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";

/** What is wrong with a link, or with its room, will be wrong at every try. */
const HOPELESS = new Set(["link_form", "link_suite", "link_salt", "room_unknown", "code_word", "code_length"]
  .map((code) => `refusal.${code}`));

/**
 * The screen before the answer. `look()` asks for it, `back()` goes to the first screen.
 * @param {{problem?: string|null, look: () => void, back: () => void}} given  `problem` is the key of a sentence
 */
export function returnDoor({ problem = null, look, back }) {
  const heading = el("h1", { tabindex: "-1" }, say("return.door"));
  const hopeless = problem !== null && HOPELESS.has(problem);
  const gone = problem === "refusal.room_unknown";
  /** @param {string} kind  @param {string} key  @param {() => void} click */
  const button = (kind, key, click) =>
    el("button", { type: "button", class: `button ${kind}`, on: { click } }, say(key));
  const node = el("div", { class: "screen invited" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    el("div", { class: "arriving-ways" },
      hopeless ? null : el("p", { class: "lead" }, say("return.door_text")),
      problem === null ? null
        : el("p", { class: "notice attention", role: "alert" }, icon("warning"), say(gone ? "return.gone" : problem)),
      el("div", { class: "button-row" }, hopeless
        ? button("primary large", "ended.anew", back)
        : [button("primary large", "return.look", look), button("quiet", "invited.back", back)]),
      hopeless ? null : el("p", { class: "hint" }, say("return.door_seen"))),
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("invited.history")),
      languageSwitch()));
  return { node, focus: heading };
}
