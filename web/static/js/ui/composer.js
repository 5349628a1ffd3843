// Where one writes. The draft lives in this element and nowhere else.

import { alarm } from "./announce.js";
import { el, setText } from "./el.js";
import { icon } from "./icons.js";
import { has, say } from "./say.js";
import { duration } from "./times.js";

const VIEWS = [5, 30, 60, 300, 0];
const USUAL_VIEW = 30;
const TALLEST_PX = 200;

/** The composer of a room. `send(text, view)` sends or throws a Refusal; `typing(on)` tells others. */
export function composer({ send, typing }) {
  const text = el("textarea", {
    id: "composer-text", rows: "1", dir: "auto", autocomplete: "off", enterkeyhint: "send",
    placeholder: say("composer.label"), "aria-describedby": "composer-error",
  });
  const view = el("select", { id: "composer-view" },
    VIEWS.map((seconds) => el("option", { value: seconds, selected: seconds === USUAL_VIEW },
      seconds === 0 ? say("composer.until_closed") : duration(seconds, "short"))));
  const error = el("p", { class: "field-error", id: "composer-error", hidden: true });
  const button = el("button", { type: "submit", class: "button primary send", disabled: true,
    "aria-label": say("composer.send") }, icon("send"));
  const node = el("form", { class: "composer", autocomplete: "off",
    on: { submit: (event) => { event.preventDefault(); submit(); } } },
    error,
    el("div", { class: "composer-row" },
      el("label", { class: "visually-hidden", for: "composer-text" }, say("composer.label")),
      text, button),
    el("div", { class: "composer-foot" },
      el("label", { for: "composer-view" }, say("composer.view"), " ", view),
      el("span", { class: "hint keys" }, say("composer.keys"))));

  text.addEventListener("input", changed);
  text.addEventListener("keydown", (event) => {
    // A key that ends the composition of a character must not send half a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });

  function changed() {
    const empty = text.value.trim() === "";
    button.disabled = empty;
    error.hidden = true;
    typing(!empty);
    fit();
  }

  function fit() {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, TALLEST_PX)}px`;
  }

  function submit() {
    if (text.value.trim() === "") return;
    try {
      send(text.value, Number(view.value));
    } catch (refusal) {
      const key = `refusal.${refusal?.code}`;
      setText(error, say(has(key) ? key : "refusal.other"));
      error.hidden = false;
      alarm(error.textContent);
      return;
    }
    text.value = "";
    changed();
    text.focus();
  }

  return {
    node,
    focus: () => text.focus(),
    hasDraft: () => text.value.trim() !== "",
    /** Puts a text back to be sent again, after whatever is already there. */
    take(words) {
      text.value = text.value === "" ? words : `${text.value}\n${words}`;
      changed();
      text.focus();
    },
    clear() {
      text.value = "";
      changed();
    },
  };
}
