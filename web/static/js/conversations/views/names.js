/** What people are called: by whoever looks, else by themselves; and in which colour. */

import { el } from "../../ui/el.js";
import { firstGraphemes } from "../../ui/graphemes.js";
import { isolated, listed, say } from "../../ui/i18n.js";

/**
 * As the engine gives it, with what not every one of them has: what people call themselves, how far devices have stored
 * it, and whose they are.
 * @typedef {import("../conversation.js").View & {profiles?: Profiles, delivered?: {[device: string]: number},
 *   devices?: {[device: string]: string}}} View
 * @typedef {{chain: string, label: string, name: string|null, badge: string, hue: number, me: boolean}} Person
 * @typedef {{[chain: string]: {name: string}}} Profiles
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

/** The same person has the same colour in every conversation and on every device. @param {string} chain */
const hueOf = (chain) => [...chain].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9973, 7) % HUES;

export class Names {
  #talk;
  /** @type {Map<string, string>} */
  #given = new Map();
  /** Grows when somebody is called something else. */
  version = 0;

  /** @param {import("../conversations.js").Conversations} talk */
  constructor(talk) {
    this.#talk = talk;
  }

  /** Reads what this account calls others, which its devices tell each other. */
  async refresh() {
    const registers = await this.#talk.own.registers();
    const aliases = registers.values.get("alias") ?? new Map();
    const given = new Map([...aliases].map(([chain, name]) => [chain, String(name)]));
    if (JSON.stringify([...given]) !== JSON.stringify([...this.#given])) this.version += 1;
    this.#given = given;
  }

  /**
   * @param {string} chain
   * @param {Profiles} [profiles]  what people call themselves where they are met
   * @returns {Person}
   */
  of(chain, profiles = {}) {
    const me = chain === this.#talk.me;
    const name = me ? null : this.#given.get(chain) ?? profiles[chain]?.name ?? null;
    const label = me ? say("conversations.you") : name ?? say("conversations.nameless", { id: chain.slice(-END) });
    return { chain, label, name, me, badge: me || name !== null ? initialOf(label) : "?", hue: hueOf(chain) };
  }

  /** What a conversation is called. @param {View} view */
  title(view) {
    if (view.card !== null) return view.card.name;
    const others = view.people.filter(({ chain }) => chain !== this.#talk.me).map(({ chain }) => this.of(chain, profilesOf(view)).label);
    if (others.length === 0) return say("conversations.alone");
    if (others.length <= MOST_NAMED) return listed(others.map(isolated));
    const rest = others.slice(0, MOST_NAMED - 1).map(isolated);
    return say("conversations.and_more", { names: listed(rest), count: others.length - rest.length });
  }

  /** Of which colour and letter the mark of a conversation is. @param {View} view @returns {{badge: string, hue: number}} */
  mark(view) {
    const others = view.people.filter(({ chain }) => chain !== this.#talk.me);
    if (view.card === null && others.length === 1) return this.of(others[0].chain, profilesOf(view));
    return { badge: view.card === null ? String(Math.max(others.length, 1)) : initialOf(view.card.name), hue: hueOf(view.id) };
  }
}

/** @param {View} view  @returns {Profiles} */
export const profilesOf = (view) => view.profiles ?? {};

/** A name that stands among other words. @param {Pick<Person, "label"|"hue">} person */
export const nameNode = ({ label, hue }) => el("bdi", { class: `who hue-${hue} notranslate`, translate: "no" }, label);

/** The round mark of a person or a conversation. @param {{badge: string, hue: number}} of */
export const markNode = ({ badge, hue }) => el("span", { class: `mark hue-${hue} notranslate`, translate: "no", "aria-hidden": "true" }, badge);
