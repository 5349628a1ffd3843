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
 * The field for one's name; what is entered is in `choices` at once.
 * @param {{name: string}} choices
 * @returns {HTMLElement}
 */
export function nameField(choices) {
  const input = el("input", { id: "option-name", type: "text", value: choices.name, autocomplete: "off",
    maxlength: NAME_BYTES, spellcheck: "false", dir: "auto", "aria-describedby": "option-name-hint",
    on: { input: () => { choices.name = withinBytes(input.value); } } });
  return el("div", { class: "field name-field" },
    el("label", { for: "option-name" }, say("options.name")), input,
    el("p", { class: "hint", id: "option-name-hint" }, say("options.name_hint")));
}
