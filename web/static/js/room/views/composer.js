// Where one writes, and what one answers. The draft lives in the memory of this room's view and in
// these elements, and nowhere else.

import { announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { isBlank } from "../../ui/graphemes.js";
import { has, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration } from "../../ui/times.js";
import { quoteView } from "./quote-view.js";

const VIEWS = [5, 15, 30, 60, 120, 300, 0];
const TALLEST_PX = 200;

/** Seconds that one's messages may be read: kept for this tab, in memory alone. */
let chosenView = 30;

/**
 * The composer of a room. `send(text, view, quote)` sends or throws a Refusal; `typing(on)` tells
 * others; `draft` is `{text, quote}`, kept up to date; `people` knows who is quoted.
 */
export function composer({ send, typing, draft, people }) {
  const text = el("textarea", {
    id: "composer-text", rows: "1", autocomplete: "off", enterkeyhint: "send",
    placeholder: say("composer.label"), "aria-describedby": "composer-error", value: draft.text,
  });
  const view = el("select", { id: "composer-view", on: { change: () => { chosenView = Number(view.value); } } },
    VIEWS.map((seconds) => el("option", { value: seconds, selected: seconds === chosenView },
      seconds === 0 ? say("composer.until_closed") : duration(seconds, "short"))));
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
    el("div", { class: "composer-foot" },
      el("label", { for: "composer-view" }, say("composer.view"), " ", view),
      el("span", { class: "hint keys" }, say("composer.keys"))));

  text.addEventListener("input", changed);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") quote(null);
    // A key that ends the composition of a character must not send half a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });

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
      send(text.value, Number(view.value), draft.quote);
    } catch (refusal) {
      const key = `refusal.${refusal?.code}`;
      setText(error, say(has(key) ? key : "refusal.other"));
      error.hidden = false;
      announceAssertive(error.textContent);
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
    /** Answers `{text, author}`; it stays there until it is sent or removed. */
    quote(wanted) {
      quote(wanted);
      text.focus();
    },
    /** Puts a message back to be sent again, after whatever is already there. */
    take(message) {
      text.value = text.value === "" ? message.text : `${text.value}\n${message.text}`;
      if (draft.quote === null) quote(message.quote ?? null);
      changed();
      text.focus();
    },
    clear,
  };
}
