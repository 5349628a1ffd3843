// The first screen: one sentence of promise, one button, one field.

import { el, fill } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { codeField } from "./code-field.js";
import { entryOptions } from "./entry-options.js";

/** A sentence about what has just gone wrong, above everything else; `key` names it, or is null. */
export const trouble = (key) =>
  key === null ? null : el("p", { class: "notice attention", role: "alert" }, icon("warning"), say(key));

/**
 * The screen of arriving. `generate()` makes a code, `enter(text)` reads one, `drafts()` promises what knows
 * its words (code-field.js), `server()` promises the server's limits and defaults; `text` is what the field holds already, `problem` the key of a sentence
 * or null. `keep()` gives what has been entered, for the same screen in another language.
 */
export function arrivingScreen({ choices, text = "", problem = null, unfolded = false, generate, enter, server, drafts }) {
  const code = codeField({ text, enter, drafts, doubted: problem === "refusal.room_unknown" });
  const folded = entryOptions(choices, { server, unfolded });
  const offline = el("div", { role: "status" });
  const going = new AbortController();

  function connection() {
    fill(offline, navigator.onLine === false
      ? el("p", { class: "notice attention" }, icon("offline"), say("arriving.offline"))
      : null);
  }

  for (const type of ["online", "offline"]) window.addEventListener(type, connection, { signal: going.signal });
  connection();

  const node = el("div", { class: "screen arriving" },
    el("p", { class: "wordmark" }, say("name")),
    el("h1", { tabindex: "-1" },
      parts("arriving.promise", { gone: el("span", { class: "burning" }, say("arriving.gone")) })),
    el("div", { class: "arriving-ways" },
      trouble(problem), offline,
      el("button", { type: "button", class: "button primary large", on: { click: generate } },
        say("arriving.generate")),
      el("p", { class: "or", "aria-hidden": "true" }, say("arriving.or")),
      code.node,
      folded),
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("arriving.small_print")),
      languageSwitch()));
  return {
    node,
    focus: text === "" ? null : code.input,
    keep: () => ({ text: code.input.value, unfolded: folded.open }),
    close: () => going.abort(),
  };
}
