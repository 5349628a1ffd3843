/** What may be chosen before entering a room (entry-options.js unfolds it): everything has a good default. */

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";
import { usualPolicy } from "./choices.js";

/**
 * @typedef {import("./choices.js").Choices} Choices
 * @typedef {import("./choices.js").Settings} Settings
 */

const MESSAGE_TTLS = [60, 300, 3600, 86400, 604800];
const ROOM_TTLS = [3600, 86400, 604800, 2592000];
const POLICIES = /** @type {const} */ ([[1, "first_view"], [2, "everyone"]]);

/**
 * What every server may allow at most, and what most propose; used until the server has said.
 * @type {Settings}
 */
const USUAL = {
  limits: { messageTtl: [60, 604800], roomTtl: [300, 2592000], seats: [2, 50] },
  defaults: { messageTtl: 86400, roomTtl: 604800, seats: 2 },
};

/** @param {number} value  @param {readonly [number, number]} range */
const within = (value, [least, most]) => Math.min(Math.max(value, least), most);

/** @param {string} id  @param {string} label  @param {Element} control  @param {string} [hint] */
const field = (id, label, control, hint) =>
  el("div", { class: "field" }, el("label", { for: id }, label), control,
    hint === undefined ? null : el("p", { class: "hint", id: `${id}-hint` }, hint));

/**
 * The options; every change goes into `choices` at once. `server()` promises the limits and defaults of the server,
 * for what holds for a room that is made; without it there is none of that.
 * @param {Choices} choices
 * @param {(() => Promise<Settings>)|null} server
 * @returns {HTMLElement[]}
 */
export function optionFields(choices, server) {
  const resumable = el("input", { id: "option-resume", type: "checkbox", checked: choices.resumable,
    "aria-describedby": "option-resume-hint",
    on: { change: () => { choices.resumable = resumable.checked; } } });
  const seat = el("div", { class: "field check" }, resumable,
    el("label", { for: "option-resume" }, say("options.resume")),
    el("p", { class: "hint", id: "option-resume-hint" }, say("options.resume_hint")));
  if (server === null) return [seat];
  const room = creation(choices, USUAL);
  server().then((settings) => {
    // Who is at one of the fields already is not thrown out of it.
    if (!room.contains(document.activeElement)) room.replaceWith(creation(choices, settings));
  }, () => {
    // The usual ones stand there; creating says what is wrong.
  });
  return [seat, room];
}

/**
 * @param {string} id  @param {string} label
 * @param {{usual: number[], range: readonly [number, number], chosen: number|null, standard: number,
 *   pick: (seconds: number) => void}} options
 */
function choice(id, label, { usual, range, chosen, standard, pick }) {
  const values = [...new Set([...usual, standard])].sort((a, b) => a - b)
    .filter((seconds) => within(seconds, range) === seconds);
  const current = chosen ?? standard;
  /** @type {HTMLSelectElement} */
  const control = el("select", { id, on: { change: () => pick(Number(control.value)) } },
    values.map((seconds) => el("option", { value: seconds, selected: seconds === current }, duration(seconds))));
  return field(id, label, control);
}

/** What holds for a room that is made. @param {Choices} choices  @param {Settings} settings */
function creation(choices, { limits, defaults }) {
  const seats = el("input", { id: "option-seats", type: "number", inputmode: "numeric",
    value: choices.seats ?? defaults.seats, min: limits.seats[0], max: limits.seats[1],
    "aria-describedby": "option-seats-hint",
    on: {
      // What is being typed is followed at once, and put right when it is done.
      input: suit,
      change: () => {
        choices.seats = wanted();
        seats.value = String(choices.seats);
        suit();
      },
    } });
  const seatsHint = el("p", { class: "hint", id: "option-seats-hint" });
  const policyHint = el("p", { class: "hint", id: "option-policy-hint" });
  const policies = POLICIES.map(([policy, key]) => {
    const radio = el("input", { id: `option-policy-${policy}`, type: "radio", name: "policy", value: policy,
      on: { change: () => { choices.policy = policy; suit(); } } });
    return { policy, radio, node: el("div", { class: "field check" }, radio,
      el("label", { for: `option-policy-${policy}` }, say(`policy.${key}`))) };
  });

  const wanted = () => within(Math.round(Number(seats.value)) || defaults.seats, limits.seats);

  /** What is proposed and explained follows the number of people. */
  function suit() {
    const count = wanted();
    const now = choices.policy ?? usualPolicy(count);
    for (const { policy, radio } of policies) radio.checked = policy === now;
    setText(seatsHint, say(count > 2 ? "options.seats_hint_many" : "options.seats_hint", { count }));
    // Between two it makes next to no difference.
    setText(policyHint, count > 2 ? say(now === 2 ? "policy.everyone_hint" : "policy.first_view_hint", { count }) : "");
  }

  suit();
  return el("fieldset", {},
    el("legend", {}, say("options.room")),
    el("div", { class: "field-pair" },
      choice("option-message-ttl", say("options.message_ttl"), { usual: MESSAGE_TTLS,
        range: limits.messageTtl, chosen: choices.messageTtl, standard: defaults.messageTtl,
        pick: (seconds) => { choices.messageTtl = seconds; } }),
      choice("option-room-ttl", say("options.room_ttl"), { usual: ROOM_TTLS,
        range: limits.roomTtl, chosen: choices.roomTtl, standard: defaults.roomTtl,
        pick: (seconds) => { choices.roomTtl = seconds; } })),
    el("div", { class: "field" }, el("label", { for: "option-seats" }, say("options.seats")), seats, seatsHint),
    el("fieldset", { class: "plain", "aria-describedby": "option-policy-hint" },
      el("legend", {}, say("options.policy")), policies.map(({ node }) => node), policyHint));
}
