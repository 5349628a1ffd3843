// A message is written before there is anybody to read it, and before there is a room.

import { announceAssertive } from "../../ui/announce.js";
import { el, setText } from "../../ui/el.js";
import { isBlank } from "../../ui/graphemes.js";
import { has, say } from "../../ui/i18n.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { duration } from "../../ui/times.js";
import { trouble } from "./arriving-screen.js";
import { entryOptions } from "./entry-options.js";
import { nameField } from "./name-field.js";

/** What most servers propose, until this one has said. */
const USUAL_SECONDS = 86_400;

/**
 * The screen of writing first. `seal(text)` goes on or throws the Refusal that says why it can't, `back()`
 * gives up, `server()` promises the server's limits and defaults; `text` is what has been written already,
 * `problem` the key of a sentence or null.
 * @param {{choices: import("./choices.js").Choices, text?: string, problem?: string|null,
 *   unfolded?: boolean, seal: (text: string) => Promise<void>, back: () => void,
 *   server: () => Promise<any>}} options
 */
export function leaveScreen({ choices, text = "", problem = null, unfolded = false, seal, back, server }) {
  const heading = el("h1", { tabindex: "-1" }, say("leaving.title"));
  // Browsers send what is written away to have its spelling checked.
  const field = el("textarea", { id: "leave-text", class: "notranslate", translate: "no", rows: "5", dir: "auto",
    autocomplete: "off", spellcheck: "false", value: text, "aria-describedby": "leave-error",
    on: { input: changed } });
  const error = el("p", { class: "field-error", id: "leave-error", hidden: true });
  const button = el("button", { type: "submit", class: "button primary large" }, say("leaving.seal"));
  const folded = entryOptions(choices, { server, unfolded });
  const waits = el("p", { class: "hint" });
  let usual = USUAL_SECONDS;
  const node = el("div", { class: "screen leaving" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    el("form", { class: "leaving-form", autocomplete: "off",
      on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } } },
      el("p", { class: "lead" }, say("leaving.text")),
      trouble(problem),
      el("div", { class: "field" }, el("label", { for: "leave-text" }, say("leaving.label")), field, error),
      nameField(choices),
      el("div", { class: "button-row" }, button,
        el("button", { type: "button", class: "button quiet", on: { click: back } }, say("leaving.back"))),
      waits, folded),
    el("footer", { class: "screen-foot" }, el("p", { class: "small-print" }, say("leaving.small_print")),
      languageSwitch()));

  function changed() {
    button.disabled = isBlank(field.value);
    error.hidden = true;
    field.removeAttribute("aria-invalid");
  }

  const tell = () => setText(waits, say("leaving.waits", { time: duration(choices.messageTtl ?? usual) }));

  async function submit() {
    if (isBlank(field.value)) return;
    try {
      await seal(field.value);
    } catch (refusal) {
      const key = `refusal.${/** @type {{code?: string}} */ (refusal)?.code}`;
      setText(error, say(has(key) ? key : "refusal.other"));
      error.hidden = false;
      field.setAttribute("aria-invalid", "true");
      announceAssertive(error.textContent);
      field.focus();
    }
  }

  folded.addEventListener("change", tell);
  server().then(({ defaults }) => { usual = defaults.messageTtl; tell(); }, () => {});
  tell();
  changed();
  return {
    node,
    focus: field,
    unsaved: () => !isBlank(field.value),
    keep: () => ({ text: field.value, unfolded: folded.open }),
  };
}
