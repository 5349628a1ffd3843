// Where one writes, and what one answers. The draft lives in the memory of this room's view and in
// these elements, and nowhere else.

import { announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { isBlank } from "../../ui/graphemes.js";
import { has, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { coarse } from "../../ui/pointer.js";
import { quoteView } from "./quote-view.js";
import { writingOptions } from "./writing-options.js";

const TALLEST_PX = 200;

/**
 * @typedef {import("../room-state.js").Quote} Quote
 * @typedef {{text: string, quote: Quote|null}} Draft
 *
 * The composer of a room. `send(text, options)` sends or throws a Refusal, with the options of
 * `RoomClient.send`; `typing(on)` tells others; `draft` and `writing` are kept up to date; `people` knows
 * who is quoted; `failed(row)` says by a notice that something couldn't be done.
 * @param {{send: (text: string, options: {view: number, limit: number|null, quote: Quote|null}) => void,
 *   typing: (on: boolean) => void, draft: Draft, writing: import("./writing-options.js").Writing,
 *   people: import("./people.js").People, failed: (row: "not_loaded") => void}} given
 */
export function composer({ send, typing, draft, writing, people, failed }) {
  // No text of it may go to whoever translates pages, checks spelling or proposes what to write.
  const text = el("textarea", {
    id: "composer-text", class: "notranslate", rows: "1", autocomplete: "off", enterkeyhint: coarse() ? "enter" : "send",
    translate: "no", placeholder: say("composer.label"), "aria-describedby": "composer-error", value: draft.text,
  });
  const options = writingOptions(writing, { checked, failed: () => failed("not_loaded") });
  const error = el("p", { class: "field-error", id: "composer-error", hidden: true });
  const quoted = el("div", { class: "composer-quote", hidden: true });
  const button = el("button", { type: "submit", class: "button primary send",
    "aria-label": say("composer.send") }, icon("send"));
  const node = el("form", { class: "composer", autocomplete: "off",
    on: { submit: (event) => { event.preventDefault(); submit(); } } },
    error,
    el("div", { class: "composer-sheet" }, quoted,
      el("div", { class: "composer-row" },
        el("label", { class: "visually-hidden", for: "composer-text" }, say("composer.label")),
        text, button)),
    options.node);

  text.addEventListener("input", changed);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") quote(null);
    // A key that ends the composition of a character must not send half a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    // Keyboards on a screen have no Shift for a moment: a new line is made by what says so there.
    if (coarse() && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  });

  /** Whether what is written may be checked, which browsers may do elsewhere. @param {boolean} on */
  function checked(on) {
    text.setAttribute("spellcheck", String(on));
    text.setAttribute("writingsuggestions", String(on));
  }

  function changed() {
    const empty = isBlank(text.value);
    draft.text = text.value;
    button.disabled = empty;
    turn();
    error.hidden = true;
    typing(!empty);
    fit();
  }

  /** What is written has its own direction; the hint in an empty field has the page's. */
  function turn() {
    if (text.value === "") text.removeAttribute("dir");
    else text.dir = "auto";
  }

  function fit() {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, TALLEST_PX)}px`;
  }

  /** @param {Quote|null} wanted */
  function quote(wanted) {
    draft.quote = wanted;
    quoted.hidden = wanted === null;
    if (wanted === null) fill(quoted);
    else {
      fill(quoted, quoteView(wanted, people),
        el("button", { type: "button", class: "button quiet composer-unquote", "aria-label": say("composer.unquote"),
          on: { click: () => { quote(null); text.focus(); } } }, icon("close")));
    }
  }

  function submit() {
    if (isBlank(text.value)) return;
    try {
      send(text.value, { view: writing.view, limit: writing.limit, quote: draft.quote });
    } catch (refusal) {
      const key = `refusal.${/** @type {{code?: string}} */ (refusal)?.code}`;
      setText(error, say(has(key) ? key : "refusal.other"));
      error.hidden = false;
      announceAssertive(error.textContent ?? "");
      return;
    }
    clear();
    text.focus();
  }

  function clear() {
    text.value = "";
    quote(null);
    changed();
  }

  quote(draft.quote);
  turn();
  button.disabled = isBlank(draft.text);
  // Its height can be measured only once it is in the page.
  if (draft.text !== "") requestAnimationFrame(fit);

  return {
    node,
    focus: () => text.focus(),
    hasDraft: () => !isBlank(text.value),
    /** Answers these words; they stay there until they are sent or removed. @param {Quote} wanted */
    quote(wanted) {
      quote(wanted);
      text.focus();
    },
    /** Puts a message back to be sent again, after whatever is already there. @param {{text: string, quote?: Quote|null}} message */
    take(message) {
      text.value = text.value === "" ? message.text : `${text.value}\n${message.text}`;
      if (draft.quote === null) quote(message.quote ?? null);
      changed();
      text.focus();
    },
    clear,
  };
}
