/**
 * Who is who: a label and a colour for every member, also for those who have left, so that two people are
 * told apart at a glance whatever they call themselves.
 */

import { numbers } from "../../protocol/equal-names.js";
import { el } from "../../ui/el.js";
import { firstGraphemes } from "../../ui/graphemes.js";
import { isolated, listed, say } from "../../ui/i18n.js";

/**
 * @typedef {object} Person
 * @property {string|null} id  null: nobody in particular
 * @property {string|null} name  what they call themselves, if that is a name
 * @property {string} label  what they are called here
 * @property {string} badge  the initial, with a number for the second one of a name
 * @property {number|null} colour  0 to 11
 * @property {boolean} me
 * @property {boolean} present
 * @property {boolean} here  false for those who have left
 * @property {number} seenAt
 *
 * @typedef {{id: string, name: string|null, colour: number|null, me?: boolean}} Met  what is known of whom one meets
 */

const COLOURS = 12;
/** More people than this are counted instead of named. */
const MOST_NAMED = 3;
const LONGEST_INITIAL = 8;

/** The first character of a name; of one with too many marks on it, the bare one. @param {string} label */
function initialOf(label) {
  const [first = ""] = firstGraphemes(label, 1);
  return (first.length <= LONGEST_INITIAL ? first : [...first][0]).toUpperCase();
}

/** What no name has, whoever let it through: what can't be seen, and what turns the text around. */
const UNSEEN = /(?![\u200C\u200D])[\p{C}\p{Zl}\p{Zp}]/u;

/** What a peer calls itself, which was found to be a name when it was read (7.5); else null. @param {unknown} name */
const nameOf = (name) => (typeof name === "string" && name !== "" && !UNSEEN.test(name) ? name : null);

/** @param {unknown} colour  @returns {colour is number} */
const isColour = (colour) => Number.isInteger(colour);

/** @param {number} wanted  @param {Set<number|null>} taken */
function freeColour(wanted, taken) {
  const start = wanted >= 0 && wanted < COLOURS ? wanted : 0;
  for (let step = 0; step < COLOURS; step += 1) {
    const colour = (start + step * 5) % COLOURS;
    if (!taken.has(colour)) return colour;
  }
  return start;
}

const NOBODY = { id: null, name: null, me: false, colour: null, badge: "–", present: false, here: false, seenAt: NaN };

/** Remembers the members of one room by their ids. */
export class People {
  /** @type {Map<string, Person>} */
  #known = new Map();
  /** Grows whenever somebody is met or is called something else. */
  version = 0;

  /**
   * Takes the members of the newest state, and the authors of cards who had left before.
   * @param {Pick<import("../room-state.js").RoomState, "members"|"cards">} state
   */
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

  /** @param {Met} member  @returns {Person} */
  #meet(member) {
    const known = this.#known.get(member.id);
    const name = nameOf(member.name);
    if (known !== undefined && (name === null || name === known.name)) return known;
    const others = [...this.#known.values()].filter((other) => other !== known);
    const taken = new Set(others.map((other) => other.colour));
    // The fifth step visits all twelve colours and keeps neighbours far apart on the wheel.
    const wanted = isColour(member.colour) ? member.colour : (others.length * 5 + 7) % COLOURS;
    const person = Object.assign(known ?? { here: false, present: false, seenAt: NaN, badge: "" }, {
      id: member.id, me: member.me === true || known?.me === true, name, label: "",
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

  /** The person with this id; one who was never seen is somebody who has left. @param {string|null} id  @returns {Person} */
  get(id) {
    return this.#known.get(id ?? "") ?? { ...NOBODY, id, label: say("people.gone") };
  }

  /** The person with this id, or null for one who was never seen here. @param {string} id */
  met(id) {
    return this.#known.get(id) ?? null;
  }

  /**
   * Who is said to have written what a message quotes: `author` is what its sender claims.
   * @param {string|null} author  @returns {Person}
   */
  quoted(author) {
    const person = this.#known.get(author ?? "");
    if (person === undefined) return { ...NOBODY, label: say("people.someone") };
    return person.me ? { ...person, id: null, label: say("people.you") } : person;
  }

  /** Those who hold a seat now, oneself last. */
  here() {
    const people = [...this.#known.values()].filter((person) => person.here);
    return [...people.filter((person) => !person.me), ...people.filter((person) => person.me)];
  }
}

/** A person's name as an element, isolated from the text around it. @param {Person} person */
export const who = (person) => dress(el("bdi", { ...known(person), translate: "no" }), "who", person);

/** A person's name for attributes, titles and announcements. @param {Person} person */
export const called = (person) => isolated(person.label);

/** The names of several for a sentence: of many only the first, and how many more. @param {Person[]} people */
export function calledAll(people) {
  // One left over takes no more room by its name than by being counted.
  const named = people.length <= MOST_NAMED + 1 ? people : people.slice(0, MOST_NAMED);
  const rest = people.length - named.length;
  return listed([...named.map(called), ...(rest > 0 ? [say("people.more", { count: rest })] : [])]);
}

/**
 * The round mark of a person: colour and initial, so that either alone tells two people apart.
 * @param {Person} person
 */
export const mark = (person) =>
  dress(el("span", { "aria-hidden": "true", ...known(person), translate: "no" }), "mark", person);

/** @param {Person} person */
const known = ({ id }) => ({ data: id === null ? undefined : { person: id } });

/** The class that gives an element a person's colour; somebody unknown has none. @param {Person} person */
export const hue = (person) => (person.colour === null ? "hueless" : `hue-${person.colour}`);

/** @template {Element} N  @param {N} node  @param {"mark"|"who"} kind  @param {Person} person  @returns {N} */
function dress(node, kind, person) {
  node.className = `${kind} notranslate ${hue(person)}`;
  node.textContent = kind === "mark" ? person.badge : person.label;
  if (kind === "who") node.setAttribute("title", person.label);
  return node;
}

/** @param {Person} person */
function redress(person) {
  for (const node of document.querySelectorAll(`[data-person="${CSS.escape(person.id ?? "")}"]`)) {
    dress(node, node.classList.contains("mark") ? "mark" : "who", person);
  }
}
