/** The list of conversations, as somebody sees them: what was said last, what is unread, what they are called. */

import { fromBase64url, hex, toBase64url } from "../protocol/encoding.js";
import { SAID, STATES, keysOf } from "./store.js";
import { toldOf } from "./told.js";

/**
 * @typedef {import("./shown.js").Line} Line
 * @typedef {import("./shown.js").Profile} Profile
 *
 * How it is to be shown and told, on all own devices: `mute` until then, in milliseconds.
 * @typedef {{mute?: number, pin?: boolean, archive?: boolean}} Settings
 *
 * @typedef {object} Summary  chains are base64url
 * @property {string} id
 * @property {import("./state.js").Standing} standing
 * @property {string|null} why
 * @property {Profile|null} card  what admins call it
 * @property {string|null} direct  with whom, if it is that with one person
 * @property {import("./shown.js").People} people
 * @property {{[chain: string]: string}} names  of others, as far as they have one
 * @property {{[chain: string]: unknown}} pictures  of others who show one
 * @property {Line|null} last
 * @property {number} at  when it was said, or when it began; milliseconds
 * @property {number} unread
 * @property {number} mentioned  how many of these name oneself
 * @property {number} waiting  what is still to be sent
 * @property {boolean} isBlocked  it is that with somebody who is blocked, or the request of one
 * @property {string|null} draft
 * @property {Settings} settings
 *
 * @typedef {import("../protocol/conversations/registers.js").Registers} Registers
 */

export class Overview {
  #member;
  #store;
  #own;
  #of;

  /**
   * @param {import("./member.js").Member} member
   * @param {import("./store.js").Store} store
   * @param {import("./own-devices.js").OwnDevices} own
   * @param {(id: string) => import("./conversation.js").Conversation} of
   */
  constructor(member, store, own, of) {
    this.#member = member;
    this.#store = store;
    this.#own = own;
    this.#of = of;
  }

  /** All but that of the own devices with each other: pinned ones first, then by what was said last. @returns {Promise<Summary[]>} */
  async list() {
    const [own, registers] = await Promise.all([this.#own.id(), this.#own.registers()]);
    const ids = (await this.#store.keys(STATES)).map((key) => key.slice(STATES.length)).filter((id) => id !== own);
    const all = await Promise.all(ids.map((id) => this.#summary(id, registers)));
    return all.sort(byOrder);
  }

  /** @param {string} id  @returns {Promise<Summary>} @throws {Refusal} `conversation_unknown` */
  async summary(id) {
    return this.#summary(id, await this.#own.registers());
  }

  /**
   * The conversation with one person alone that has no name. Where both have begun one, both write into the same.
   * @param {string} chain
   * @returns {Promise<string|null>}
   */
  async direct(chain) {
    const found = (await this.list()).filter(({ direct, standing }) => standing === "following" && direct === chain);
    return found.map(({ id }) => id).sort((one, other) => (inBytes(one) < inBytes(other) ? -1 : 1))[0] ?? null;
  }

  /**
   * What people of a conversation are called: as this account calls them, else as they call themselves, else by their
   * addresses.
   * @param {string} id
   * @returns {Promise<{[chain: string]: string}>}
   */
  async names(id) {
    const { people } = await this.#of(id).shown.people(await this.#of(id).shown.state());
    return this.#names(id, people, await this.#own.registers());
  }

  /**
   * What people of a conversation show of themselves there.
   * @param {string} id
   * @returns {Promise<{[chain: string]: unknown}>}
   */
  async pictures(id) {
    const { people } = await this.#of(id).shown.people(await this.#of(id).shown.state());
    return this.#pictures(id, people);
  }

  /** @param {string} id  @param {readonly {chain: string}[]} people */
  async #pictures(id, people) {
    const found = await Promise.all(people.map(async ({ chain }) => [chain, (await this.#store.read(keysOf(id).profile(chain)))?.picture ?? null]));
    return Object.fromEntries(found.filter(([, picture]) => picture !== null));
  }

  /** @param {string} id  @param {Registers} registers  @returns {Promise<Summary>} */
  async #summary(id, registers) {
    const { shown } = this.#of(id);
    const state = await shown.state();
    const [{ people }, card, last, waiting] = await Promise.all([
      shown.people(state), shown.card(), shown.last(state), this.#store.keys(keysOf(id).outbox),
    ]);
    const own = toBase64url(this.#member.chain);
    const others = people.filter(({ chain }) => chain !== own);
    const direct = card === null && people.length === 2 && others.length === 1 ? others[0].chain : null;
    const isAsked = state.standing === "request" && others.some(({ chain }) => registers.get("block", chain));
    const draft = /** @type {any} */ (registers.get("draft", id));
    return {
      id, standing: state.standing, why: state.why, card, direct, people,
      names: card === null ? await this.#names(id, others, registers) : {},
      pictures: direct === null ? {} : await this.#pictures(id, others),
      last, at: state.at, unread: state.unread, mentioned: state.mentioned, waiting: waiting.length,
      isBlocked: isAsked || (direct !== null && registers.get("block", direct) === true),
      draft: draft?.text ?? null, settings: /** @type {Settings} */ (registers.get("settings", id) ?? {}),
    };
  }

  /**
   * @param {string} id
   * @param {readonly {chain: string}[]} people
   * @param {Registers} registers
   */
  async #names(id, people, registers) {
    /** @type {{[chain: string]: string}} */
    const names = {};
    for (const { chain } of people) {
      const name = registers.get("alias", chain) ?? (await this.#store.read(keysOf(id).profile(chain)))?.name
        ?? (await this.#store.read(SAID + chain))?.name ?? toldOf(registers, chain).address;
      if (typeof name === "string") names[chain] = name;
    }
    return names;
  }
}

/** Ids in the order of their bytes. @param {string} id */
const inBytes = (id) => hex(fromBase64url(id));

/** @param {Summary} one  @param {Summary} other */
function byOrder(one, other) {
  const pinned = Number(other.settings.pin === true) - Number(one.settings.pin === true);
  return pinned || other.at - one.at || (one.id < other.id ? -1 : 1);
}
