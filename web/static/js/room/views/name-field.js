// What one is called in a room: asked at its door, since nobody can change it inside.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

const NAME_BYTES = 64;

/** The name as far as it fits: what follows is never sent. @param {string} text */
function withinBytes(text) {
  const encoder = new TextEncoder();
  let name = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim();
  while (encoder.encode(name).length > NAME_BYTES) name = [...name].slice(0, -1).join("").trim();
  return name;
}

/**
 * The field for one's name; what is entered is in `choices` at once. `go()` is what Enter does where the field is in
 * no form of its own.
 * @param {{name: string}} choices
 * @param {() => void} [go]
 * @returns {HTMLElement}
 */
export function nameField(choices, go) {
  const input = el("input", { id: "option-name", type: "text", value: choices.name, autocomplete: "off",
    maxlength: NAME_BYTES, spellcheck: "false", dir: "auto", "aria-describedby": "option-name-hint",
    on: { input: () => { choices.name = withinBytes(input.value); }, keydown: pressed } });

  /** Enter that ends the composing of a character is no answer. @param {KeyboardEvent} event */
  function pressed(event) {
    if (go === undefined || event.key !== "Enter" || event.isComposing || event.repeat) return;
    event.preventDefault();
    go();
  }

  return el("div", { class: "field name-field" },
    el("label", { for: "option-name" }, say("options.name")), input,
    el("p", { class: "hint", id: "option-name-hint" }, say("options.name_hint")));
}
