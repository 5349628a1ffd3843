// The first screen: one sentence of promise, two buttons, one field.

import { el, fill } from "../../ui/el.js";
import { language, parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { codeField } from "./code-field.js";
import { entryOptions } from "./entry-options.js";
import { nameField } from "./name-field.js";

/**
 * @typedef {import("./choices.js").Choices} Choices
 * @typedef {{text?: string, unfolded?: boolean}} Kept  what has been entered
 */

/**
 * A sentence about what has just gone wrong, above everything else; `key` names it, or is null.
 * @param {string|null} key
 */
export const trouble = (key) =>
  key === null ? null : el("p", { class: "notice attention", role: "alert" }, icon("warning"), say(key));

/** Who runs this and what it promises stands on a page of its own, in the same language. */
export const aboutLink = () => el("a", { href: `about?lang=${language()}` }, say("arriving.about"));

/** Where there are accounts, the server says so in the page: they have a document of their own. */
const accountLink = () => document.querySelector("[data-account]") && [" ", el("a", { href: `account/?lang=${language()}` }, say("arriving.account"))];

/**
 * The screen of arriving. `generate()` makes a code, `leave()` lets one write first, `enter(text)` reads
 * a code, `drafts()` promises what knows its words (code-field.js), `server()` promises the server's
 * limits and defaults; `text` is what the field holds already, `problem` the key of a sentence or null.
 * `keep()` gives what has been entered, for the same screen in another language.
 * @param {Kept & {choices: Choices, problem?: string|null, generate: () => void, leave: () => void,
 *   enter: (text: string) => Promise<void>, server: () => Promise<any>,
 *   drafts: () => Promise<import("./code-field.js").Drafts>}} options
 */
export function arrivingScreen({
  choices, text = "", problem = null, unfolded = false, generate, leave, enter, server, drafts,
}) {
  const code = codeField({ text, enter, drafts, doubted: problem === "refusal.room_unknown" });
  const name = nameField(choices, () => { if (hasWords()) code.node.requestSubmit(); });
  const folded = entryOptions(choices, { server, unfolded });
  const offline = el("div", { role: "status" });
  const going = new AbortController();

  function connection() {
    fill(offline, navigator.onLine === false
      ? el("p", { class: "notice attention" }, icon("offline"), say("arriving.offline"))
      : null);
  }

  const hasWords = () => code.input.value.trim() !== "";

  /** Who has words is at the door, where one is asked for a name; all others find it among the options. */
  function door() {
    if (!hasWords()) folded.querySelector(".options-body")?.prepend(name);
    else if (!name.matches(".code-form + *")) code.node.after(name);
  }

  for (const type of ["online", "offline"]) window.addEventListener(type, connection, { signal: going.signal });
  connection();
  code.node.addEventListener("input", door);

  const node = el("div", { class: "screen arriving" },
    el("p", { class: "wordmark" }, say("name")),
    el("h1", { tabindex: "-1" },
      parts("arriving.promise", { gone: el("span", { class: "burning" }, say("arriving.gone")) })),
    el("p", { class: "lead" }, say("arriving.absent")),
    el("div", { class: "arriving-ways" },
      trouble(problem), offline,
      el("div", { class: "beginnings" },
        el("button", { type: "button", class: "button primary large", on: { click: generate } },
          say("arriving.generate")),
        el("button", { type: "button", class: "button secondary large", on: { click: leave } },
          say("arriving.leave"))),
      el("p", { class: "or", "aria-hidden": "true" }, say("arriving.or")),
      el("div", { class: "door" }, code.node),
      folded),
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("arriving.small_print"), " ", aboutLink(), accountLink()),
      languageSwitch()));
  door();
  return {
    node,
    focus: text === "" ? undefined : code.input,
    keep: () => ({ text: code.input.value, unfolded: folded.open }),
    close: () => going.abort(),
  };
}
