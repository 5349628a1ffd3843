// Who is who: a label and a colour for every member, also for those who have left, so that two
// people are told apart at a glance whatever they call themselves.

import { el } from "../../ui/el.js";
import { firstGraphemes } from "../../ui/graphemes.js";
import { isolated, say } from "../../ui/i18n.js";

const COLOURS = 12;
const NAME_LIMIT = 64;
const LONGEST_INITIAL = 8;

// Characters that show nothing or turn the text around; a name made of them alone is no name.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The name that is shown of what a peer calls itself, or null if nothing of it can be seen. */
export function readableName(name) {
  if (typeof name !== "string") return null;
  const visible = name.replace(INVISIBLE, "").trim().slice(0, NAME_LIMIT);
  return visible === "" ? null : visible;
}

/** The first character of a name; of one with too many marks on it, the bare one. */
function initialOf(label) {
  const [first = ""] = firstGraphemes(label, 1);
  return (first.length <= LONGEST_INITIAL ? first : [...first][0]).toUpperCase();
}

function freeColour(wanted, taken) {
  const start = Number.isInteger(wanted) && wanted >= 0 && wanted < COLOURS ? wanted : 0;
  for (let step = 0; step < COLOURS; step += 1) {
    const colour = (start + step * 5) % COLOURS;
    if (!taken.has(colour)) return colour;
  }
  return start;
}

const NOBODY = { id: null, me: false, colour: null, badge: "–", present: false, here: false };

/**
 * Remembers the members of one room by their ids. A person is
 * `{id, name, label, colour, badge, me, present, seenAt, here}`; `badge` is the initial, with a number
 * for the second one of a name; `here` is false for those who have left.
 */
export class People {
  #known = new Map();
  /** Grows whenever somebody is met or is called something else. */
  version = 0;

  /** Takes the members of the newest state, and the authors of cards who had left before. */
  update({ members, cards }) {
    for (const person of this.#known.values()) person.here = false;
    for (const member of members) {
      const known = this.#meet(member);
      Object.assign(known, { here: true, present: member.present === true, seenAt: member.seenAt });
    }
    for (const { author, authorName, authorColour } of cards) {
      if (typeof author !== "string" || readableName(authorName) === null) continue;
      this.#meet({ id: author, name: authorName, colour: authorColour });
    }
  }

  #meet(member) {
    const known = this.#known.get(member.id);
    const name = readableName(member.name);
    if (known !== undefined && (name === null || name === known.name)) return known;
    const others = [...this.#known.values()].filter((other) => other !== known);
    const taken = new Set(others.map((other) => other.colour));
    // The fifth step visits all twelve colours and keeps neighbours far apart on the wheel.
    const wanted = Number.isInteger(member.colour) ? member.colour : (others.length * 5 + 7) % COLOURS;
    const me = member.me === true || known?.me === true;
    const { label, number } = me ? { label: name ?? say("people.you"), number: 1 } : this.#label(name, others);
    const initial = initialOf(label);
    const person = Object.assign(known ?? { here: false, present: false, seenAt: NaN }, {
      id: member.id, me, name, label,
      colour: freeColour(wanted, taken.size < COLOURS ? taken : new Set()),
      badge: number === 1 ? initial : say("people.badge", { initial, number }),
    });
    this.#known.set(member.id, person);
    this.version += 1;
    // A profile is decrypted after its member was first seen, and the name may be shown already.
    if (known !== undefined) redress(person);
    return person;
  }

  #label(name, others) {
    const base = name ?? say("people.guest");
    // The page calls the reader by this name, in quotes too; nobody else may have it to themselves.
    const labels = new Set([say("people.you"), ...others.map((other) => other.label)]);
    let label = base;
    let number = 1;
    while (labels.has(label)) {
      number += 1;
      label = say("people.numbered", { name: base, number });
    }
    return { label, number };
  }

  /** The person with this id; one who was never seen is somebody who has left. */
  get(id) {
    return this.#known.get(id) ?? { ...NOBODY, id, label: say("people.gone") };
  }

  /** Who is said to have written what a message quotes: `author` is what its sender claims. */
  quoted(author) {
    const person = this.#known.get(author);
    if (person === undefined) return { ...NOBODY, label: say("people.someone") };
    return person.me ? { ...person, id: null, label: say("people.you") } : person;
  }

  /** Those who hold a seat now, oneself last. */
  here() {
    const people = [...this.#known.values()].filter((person) => person.here);
    return [...people.filter((person) => !person.me), ...people.filter((person) => person.me)];
  }
}

/** A person's name as an element, isolated from the text around it. */
export const who = (person) => dress(el("bdi", known(person)), "who", person);

/** A person's name for attributes, titles and announcements. */
export const called = (person) => isolated(person.label);

/** The round mark of a person: colour and initial, so that either alone tells two people apart. */
export const mark = (person) =>
  dress(el("span", { "aria-hidden": "true", ...known(person) }), "mark", person);

const known = ({ id }) => ({ data: id === null ? null : { person: id } });

/** The class that gives an element a person's colour; somebody unknown has none. */
export const hue = (person) => (person.colour === null ? "hueless" : `hue-${person.colour}`);

function dress(node, kind, person) {
  node.className = `${kind} ${hue(person)}`;
  node.textContent = kind === "mark" ? person.badge : person.label;
  if (kind === "who") node.title = person.label;
  return node;
}

function redress(person) {
  for (const node of document.querySelectorAll(`[data-person="${CSS.escape(person.id)}"]`)) {
    dress(node, node.classList.contains("mark") ? "mark" : "who", person);
  }
}
