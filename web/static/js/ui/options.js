// What may be chosen before entering a room, folded away: everything has a good default.

import { el } from "./el.js";
import { say } from "./say.js";
import { duration } from "./times.js";

const MESSAGE_TTLS = [60, 300, 3600, 86400, 604800];
const ROOM_TTLS = [3600, 86400, 604800, 2592000];
const SEATS = { least: 2, most: 50 };
const NAME_BYTES = 64;

/** The choices with which everybody begins. Only this page's memory keeps them. */
export const usualChoices = () => ({
  name: "", resumable: true, messageTtl: 86400, roomTtl: 604800, seats: 2, policy: 1,
});

const withinBytes = (text) => {
  const encoder = new TextEncoder();
  let name = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim();
  while (encoder.encode(name).length > NAME_BYTES) name = [...name].slice(0, -1).join("").trim();
  return name;
};

const field = (id, label, control, hint) =>
  el("div", { class: "field" }, el("label", { for: id }, label), control,
    hint === undefined ? null : el("p", { class: "hint", id: `${id}-hint` }, hint));

function choice(id, label, values, current, pick) {
  const control = el("select", { id, on: { change: () => pick(Number(control.value)) } },
    values.map((seconds) => el("option", { value: seconds, selected: seconds === current }, duration(seconds))));
  return field(id, label, control);
}

/**
 * The folded options; every change goes into `choices` at once. `creating` adds those that hold for
 * a room that is made.
 */
export function options(choices, { creating }) {
  const name = el("input", { id: "option-name", type: "text", value: choices.name, autocomplete: "off",
    maxlength: NAME_BYTES, spellcheck: "false", dir: "auto",
    on: { input: () => { choices.name = withinBytes(name.value); } } });
  const resumable = el("input", { id: "option-resume", type: "checkbox", checked: choices.resumable,
    "aria-describedby": "option-resume-hint",
    on: { change: () => { choices.resumable = resumable.checked; } } });
  return el("details", { class: "options" },
    el("summary", {}, say("options.title")),
    el("div", { class: "options-body" },
      field("option-name", say("options.name"), name, say("options.name_hint")),
      el("div", { class: "field check" }, resumable,
        el("label", { for: "option-resume" }, say("options.resume")),
        el("p", { class: "hint", id: "option-resume-hint" }, say("options.resume_hint"))),
      creating ? creation(choices) : null));
}

function creation(choices) {
  const seats = el("input", { id: "option-seats", type: "number", inputmode: "numeric", value: choices.seats,
    min: SEATS.least, max: SEATS.most, "aria-describedby": "option-seats-hint",
    on: { change: () => {
      const wanted = Math.round(Number(seats.value)) || SEATS.least;
      choices.seats = Math.min(Math.max(wanted, SEATS.least), SEATS.most);
      seats.value = choices.seats;
    } } });
  const policies = [[1, "first_view"], [2, "everyone"]].map(([policy, key]) =>
    el("div", { class: "field check" },
      el("input", { id: `option-policy-${policy}`, type: "radio", name: "policy", value: policy,
        checked: choices.policy === policy, on: { change: () => { choices.policy = policy; } } }),
      el("label", { for: `option-policy-${policy}` }, say(`policy.${key}`))));
  return el("fieldset", {},
    el("legend", {}, say("options.room")),
    el("div", { class: "field-pair" },
      choice("option-message-ttl", say("options.message_ttl"), MESSAGE_TTLS, choices.messageTtl,
        (seconds) => { choices.messageTtl = seconds; }),
      choice("option-room-ttl", say("options.room_ttl"), ROOM_TTLS, choices.roomTtl,
        (seconds) => { choices.roomTtl = seconds; })),
    field("option-seats", say("options.seats"), seats, say("options.seats_hint")),
    el("fieldset", { class: "plain" }, el("legend", {}, say("options.policy")), policies));
}
