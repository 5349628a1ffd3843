/** What people and conversations are called, and the round marks beside them. */

import { el } from "../../ui/el.js";
import { firstGraphemes } from "../../ui/graphemes.js";
import { isolated, listed, say } from "../../ui/i18n.js";
import { addressOf } from "./pictures.js";

/**
 * @typedef {{chain: string, label: string, name: string|null, badge: string, hue: number, me: boolean, picture: string|null}} Person
 *   `picture`: an address
 * @typedef {{[chain: string]: string}} Called  names by chains, as far as there are any
 *
 * What is to be known of a conversation to name it: a Summary, or what a View and names make.
 * @typedef {{id: string, card: {name: string, picture?: unknown}|null, people: readonly {chain: string}[], names: Called, pictures?: Pictures}} Named
 *
 * Pictures by chains, as they were sent.
 * @typedef {{[chain: string]: unknown}} Pictures
 */

const HUES = 12;
const LONGEST_INITIAL = 8;
/** More people than these are counted. */
const MOST_NAMED = 3;
/** So much of an id stands for somebody who has no name here. */
const END = 4;

/** The first character of a name; of one with too many marks on it, the bare one. @param {string} label */
function initialOf(label) {
  const [first = ""] = firstGraphemes(label, 1);
  return (first.length <= LONGEST_INITIAL ? first : [...first][0]).toUpperCase();
}

/** The same person has the same colour in every conversation and on every device. @param {string} id */
const hueOf = (id) => [...id].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9973, 7) % HUES;

/**
 * @param {string} chain
 * @param {Called} called
 * @param {string} me  own chain
 * @param {Pictures} [pictures]
 * @returns {Person}
 */
export function personOf(chain, called, me, pictures = {}) {
  const isMe = chain === me;
  const name = isMe ? null : called[chain] ?? null;
  const label = isMe ? say("conversations.you") : name ?? say("conversations.nameless", { id: chain.slice(-END) });
  return { chain, label, name, me: isMe, badge: isMe || name !== null ? initialOf(label) : "?", hue: hueOf(chain),
    picture: addressOf(pictures[chain]) };
}

/** What a conversation is called. @param {Named} of  @param {string} me */
export function titleOf({ card, people, names }, me) {
  if (card !== null) return card.name;
  const others = people.filter(({ chain }) => chain !== me).map(({ chain }) => personOf(chain, names, me).label);
  if (others.length === 0) return say("conversations.alone");
  if (others.length === 1) return others[0];
  if (others.length <= MOST_NAMED) return listed(others.map(isolated));
  const first = others.slice(0, MOST_NAMED - 1).map(isolated);
  return say("conversations.and_more", { names: listed(first), count: others.length - first.length });
}

/** Of which colour and letter the mark of a conversation is. @param {Named} of  @param {string} me @returns {Pick<Person, "badge"|"hue"|"picture">} */
export function markOf({ id, card, people, names, pictures }, me) {
  const others = people.filter(({ chain }) => chain !== me);
  if (card === null && others.length === 1) return personOf(others[0].chain, names, me, pictures);
  return { picture: card === null ? null : addressOf(card.picture), badge: card === null ? String(Math.max(others.length, 1)) : initialOf(card.name), hue: hueOf(id) };
}

/** A name that stands among other words. @param {Pick<Person, "label"|"hue">} person */
export const nameNode = ({ label, hue }) => el("bdi", { class: `who hue-${hue} notranslate`, translate: "no" }, label);

/** The round mark of a person or a conversation. @param {{badge: string, hue: number, picture?: string|null}} of */
export const markNode = ({ badge, hue, picture = null }) => el("span", { class: `mark hue-${hue} notranslate`, translate: "no", "aria-hidden": "true" },
  picture === null ? badge : el("img", { class: "mark-picture", src: picture, alt: "", width: 128, height: 128, decoding: "async" }));
