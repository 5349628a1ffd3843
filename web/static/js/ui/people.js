// Who is who: a label and a colour for every member, also for those who have left, so that two
// people are told apart at a glance whatever they call themselves.

import { el } from "./el.js";
import { isolated, say } from "./say.js";

const COLOURS = 12;
const NAME_LIMIT = 64;

// Characters that show nothing or turn the text around; a name made of them alone is no name.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The name that is shown of what a peer calls itself, or null if nothing of it can be seen. */
export function readableName(name) {
  if (typeof name !== "string") return null;
  const visible = name.replace(INVISIBLE, "").trim().slice(0, NAME_LIMIT);
  return visible === "" ? null : visible;
}

function freeColour(wanted, taken) {
  const start = Number.isInteger(wanted) && wanted >= 0 && wanted < COLOURS ? wanted : 0;
  for (let step = 0; step < COLOURS; step += 1) {
    const colour = (start + step * 5) % COLOURS;
    if (!taken.has(colour)) return colour;
  }
  return start;
}

/**
 * Remembers the members of one room by their ids. A person is
 * `{id, label, colour, initial, me, present, seenAt, here}`; `here` is false for those who have left.
 */
export class People {
  #known = new Map();

  /** Takes the members of the newest state. */
  update(members) {
    for (const person of this.#known.values()) person.here = false;
    for (const member of members) {
      const known = this.#known.get(member.id) ?? this.#meet(member);
      Object.assign(known, { here: true, present: member.present === true, seenAt: member.seenAt });
    }
  }

  #meet(member) {
    const others = [...this.#known.values()];
    const name = readableName(member.name);
    const taken = new Set(others.map((other) => other.colour));
    // The fifth step visits all twelve colours and keeps neighbours far apart on the wheel.
    const wanted = Number.isInteger(member.colour) ? member.colour : (others.length * 5 + 7) % COLOURS;
    const person = {
      id: member.id,
      me: member.me === true,
      colour: freeColour(wanted, taken.size < COLOURS ? taken : new Set()),
      label: member.me === true ? (name ?? say("people.you")) : this.#label(name, others),
      initial: "",
    };
    person.initial = [...person.label][0].toUpperCase();
    this.#known.set(member.id, person);
    return person;
  }

  #label(name, others) {
    const base = name ?? say("people.guest");
    const labels = new Set(others.map((other) => other.label));
    let label = base;
    for (let count = 2; labels.has(label); count += 1) {
      label = say("people.numbered", { name: base, number: count });
    }
    return label;
  }

  /** The person with this id; one who was never seen is somebody who has left. */
  get(id) {
    return this.#known.get(id) ?? {
      id, me: false, colour: 0, label: say("people.gone"), initial: "–", present: false, here: false,
    };
  }

  /** Those who hold a seat now, oneself last. */
  here() {
    const people = [...this.#known.values()].filter((person) => person.here);
    return [...people.filter((person) => !person.me), ...people.filter((person) => person.me)];
  }
}

/** A person's name as an element, isolated from the text around it. */
export const who = (person) =>
  el("bdi", { class: `who hue-${person.colour}`, title: person.label }, person.label);

/** A person's name for attributes, titles and announcements. */
export const called = (person) => isolated(person.label);

/** The round mark of a person. */
export const mark = (person) =>
  el("span", { class: `mark hue-${person.colour}`, "aria-hidden": "true" }, person.initial);
