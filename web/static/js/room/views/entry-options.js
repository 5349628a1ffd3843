// What may be chosen before entering a room, folded away: everything has a good default.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";

const MESSAGE_TTLS = [60, 300, 3600, 86400, 604800];
const ROOM_TTLS = [3600, 86400, 604800, 2592000];

/** What every server may allow at most, and what most propose; used until the server has said. */
const USUAL = Object.freeze({
  limits: Object.freeze({ messageTtl: [60, 604800], roomTtl: [300, 2592000], seats: [2, 50] }),
  defaults: Object.freeze({ messageTtl: 86400, roomTtl: 604800, seats: 2 }),
});

/**
 * The choices with which everybody begins; null is left to the server. Only this page's memory keeps
 * them.
 */
export const usualChoices = () => ({
  name: "", resumable: true, messageTtl: null, roomTtl: null, seats: null, policy: 1,
});

/** The policy of a new room: what was chosen, and the server's defaults for the rest. */
export function chosenPolicy({ policy, messageTtl, roomTtl, seats }, { defaults }) {
  return {
    policy,
    messageTtl: messageTtl ?? defaults.messageTtl,
    roomTtl: roomTtl ?? defaults.roomTtl,
    seats: seats ?? defaults.seats,
  };
}

const within = (value, [least, most]) => Math.min(Math.max(value, least), most);

const field = (id, label, control, hint) =>
  el("div", { class: "field" }, el("label", { for: id }, label), control,
    hint === undefined ? null : el("p", { class: "hint", id: `${id}-hint` }, hint));

/**
 * The folded options; every change goes into `choices` at once. `server()` promises the limits and
 * defaults of the server, for what holds for a room that is made; without it there is none of that.
 */
export function entryOptions(choices, { server = null, unfolded = false }) {
  const resumable = el("input", { id: "option-resume", type: "checkbox", checked: choices.resumable,
    "aria-describedby": "option-resume-hint",
    on: { change: () => { choices.resumable = resumable.checked; } } });
  const body = el("div", { class: "options-body" },
    el("div", { class: "field check" }, resumable,
      el("label", { for: "option-resume" }, say("options.resume")),
      el("p", { class: "hint", id: "option-resume-hint" }, say("options.resume_hint"))));
  const node = el("details", { class: "options", open: unfolded },
    el("summary", {}, say("options.title")), body);
  if (server === null) return node;
  let room = creation(choices, USUAL);
  body.append(room);
  node.addEventListener("toggle", ask);
  return node;

  // Asked for when somebody wants to see it.
  async function ask() {
    if (!node.open) return;
    try {
      const settings = await server();
      node.removeEventListener("toggle", ask);
      // Who is at one of the fields already is not thrown out of it.
      if (room.contains(document.activeElement)) return;
      const known = creation(choices, settings);
      room.replaceWith(known);
      room = known;
    } catch {
      // The usual ones stand there; creating says what is wrong.
    }
  }
}

function choice(id, label, { usual, range, chosen, standard, pick }) {
  const values = [...new Set([...usual, standard])].sort((a, b) => a - b)
    .filter((seconds) => within(seconds, range) === seconds);
  const current = chosen ?? standard;
  const control = el("select", { id, on: { change: () => pick(Number(control.value)) } },
    values.map((seconds) => el("option", { value: seconds, selected: seconds === current }, duration(seconds))));
  return field(id, label, control);
}

function creation(choices, { limits, defaults }) {
  const seats = el("input", { id: "option-seats", type: "number", inputmode: "numeric",
    value: choices.seats ?? defaults.seats, min: limits.seats[0], max: limits.seats[1],
    "aria-describedby": "option-seats-hint",
    on: { change: () => {
      const wanted = Math.round(Number(seats.value)) || defaults.seats;
      choices.seats = within(wanted, limits.seats);
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
      choice("option-message-ttl", say("options.message_ttl"), { usual: MESSAGE_TTLS,
        range: limits.messageTtl, chosen: choices.messageTtl, standard: defaults.messageTtl,
        pick: (seconds) => { choices.messageTtl = seconds; } }),
      choice("option-room-ttl", say("options.room_ttl"), { usual: ROOM_TTLS,
        range: limits.roomTtl, chosen: choices.roomTtl, standard: defaults.roomTtl,
        pick: (seconds) => { choices.roomTtl = seconds; } })),
    field("option-seats", say("options.seats"), seats, say("options.seats_hint")),
    el("fieldset", { class: "plain" }, el("legend", {}, say("options.policy")), policies));
}
