// Who is who: a label and a colour for every member, also for those who have left, so that two
// people are told apart at a glance whatever they call themselves.

import { isName, numbers } from "../../protocol/names.js";
import { el } from "../../ui/el.js";
import { firstGraphemes } from "../../ui/graphemes.js";
import { isolated, say } from "../../ui/i18n.js";

const COLOURS = 12;
const LONGEST_INITIAL = 8;

/** The first character of a name; of one with too many marks on it, the bare one. */
function initialOf(label) {
  const [first = ""] = firstGraphemes(label, 1);
  return (first.length <= LONGEST_INITIAL ? first : [...first][0]).toUpperCase();
}

/** What a peer calls itself, if that is a name; else null. */
const nameOf = (name) => (typeof name === "string" && isName(name) ? name : null);

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
      if (typeof author !== "string" || nameOf(authorName) === null) continue;
      this.#meet({ id: author, name: authorName, colour: authorColour });
    }
    this.#label();
  }

  #meet(member) {
    const known = this.#known.get(member.id);
    const name = nameOf(member.name);
    if (known !== undefined && (name === null || name === known.name)) return known;
    const others = [...this.#known.values()].filter((other) => other !== known);
    const taken = new Set(others.map((other) => other.colour));
    // The fifth step visits all twelve colours and keeps neighbours far apart on the wheel.
    const wanted = Number.isInteger(member.colour) ? member.colour : (others.length * 5 + 7) % COLOURS;
    const person = Object.assign(known ?? { here: false, present: false, seenAt: NaN }, {
      id: member.id, me: member.me === true || known?.me === true, name, label: null,
      colour: freeColour(wanted, taken.size < COLOURS ? taken : new Set()),
    });
    this.#known.set(member.id, person);
    return person;
  }

  /**
   * Numbers those of one name in the order in which they were met, which is that of joining; also who
   * has left, so that nobody moves up to its place. The page calls the reader and those it doesn't know
   * by words of its own; nobody else may have one of these to itself.
   */
  #label() {
    const people = [...this.#known.values()];
    const nameless = people.find(({ me, name }) => me && name === null);
    const named = people.filter((person) => person !== nameless);
    const names = named.map(({ name }) => name ?? say("people.guest"));
    const found = numbers(names, ["people.you", "people.gone", "people.someone"].map((key) => say(key)));
    const labels = new Map(named.map((person, at) => [person, { name: names[at], number: found[at] }]));
    for (const person of people) {
      const { name, number } = labels.get(person) ?? { name: say("people.you"), number: 1 };
      const label = number === 1 ? name : say("people.numbered", { name, number });
      if (label === person.label) continue;
      const initial = initialOf(name);
      Object.assign(person, { label, badge: number === 1 ? initial : say("people.badge", { initial, number }) });
      this.version += 1;
      // A profile is decrypted after its member was first seen, and the name may be shown already.
      redress(person);
    }
  }

  /** The person with this id; one who was never seen is somebody who has left. */
  get(id) {
    return this.#known.get(id) ?? { ...NOBODY, id, label: say("people.gone") };
  }

  /** The person with this id, or null for one who was never seen here. */
  met(id) {
    return this.#known.get(id) ?? null;
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
