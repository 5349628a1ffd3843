/**
 * With whom somebody talks, or might: contacts, who asks to be one, and whom they have asked (docs/accounts.md, 17). The
 * server keeps who is what to whom; names, whether a number was compared, and addresses are told to own devices alone, by
 * registers (docs/conversations.md, 9.2).
 */

import { fromBase64url, isBase64url, isObject } from "../protocol/encoding.js";
import { Refusal, refuse } from "../protocol/errors.js";
import { isAddress, readAddress } from "../protocol/accounts/addresses.js";
import { safetyNumber } from "../protocol/accounts/safety-number.js";
import { isName } from "../protocol/names.js";
import { HASH_BYTES } from "../protocol/accounts/statements.js";
import { ID_BYTES } from "../protocol/limits.js";
import { PeopleApi } from "./people-api.js";
import { CONTACT, SAID } from "./store.js";

/**
 * @typedef {import("../protocol/conversations/registers.js").Registers} Registers
 *
 * Ids and chains are base64url, days count from 1970. `isChanged`: the account has another chain than was agreed to.
 * @typedef {object} Contact
 * @property {string} account
 * @property {string|null} chain  to which was agreed; null: this device was never told
 * @property {import("./people-api.js").ContactState} state
 * @property {number} day  since when
 * @property {string|null} name
 * @property {string|null} address
 * @property {boolean} isVerified
 * @property {boolean} isChanged
 *
 * @typedef {import("./people-api.js").Asking & {name: string|null}} Asks
 * @typedef {{request: string, address: string|null, day: number}} Asked
 * @typedef {{contacts: Contact[], asking: Asks[], asked: Asked[], isFindable: boolean, address: string|null}} Listed
 *
 * What own devices tell each other of somebody whom they have asked, by the request, or have met, by the chain.
 * @typedef {{account?: string, address?: string}} Told
 */

const REQUEST = "request";

export class People {
  #api;
  #contacts;
  #member;
  #own;
  #store;

  /**
   * @param {object} of
   * @param {import("./member.js").Member} of.member
   * @param {import("./store.js").Store} of.store
   * @param {import("./contacts.js").Contacts} of.contacts
   * @param {import("./own-devices.js").OwnDevices} of.own
   */
  constructor({ member, store, contacts, own }) {
    this.#api = new PeopleApi(member.ask);
    this.#contacts = contacts;
    this.#member = member;
    this.#own = own;
    this.#store = store;
  }

  /** @returns {Promise<Listed>} */
  async list() {
    const [{ contacts, asking, asked, isFindable }, registers, address] =
      await Promise.all([this.#api.list(), this.#own.registers(), this.#member.address()]);
    /** @type {Contact[]} */
    const found = [];
    for (const { account, chain: served, request, state, day } of contacts) {
      const kept = (await this.#store.read(CONTACT + account))?.chain ?? null;
      const chain = kept ?? served ?? chainOf(registers, account);
      if (kept === null && served !== null && state === "accepted") await this.#contacts.agree(account, fromBase64url(served));
      const told = request === null ? null : toldOf(registers, request).address ?? null;
      found.push({
        account, chain, state, day, name: null, address: told ?? (chain === null ? null : toldOf(registers, chain).address ?? null),
        isVerified: chain !== null && registers.get("verified", chain) === true,
        isChanged: served !== null && kept !== null && served !== kept,
      });
    }
    const known = [...found, ...asking].flatMap(({ chain }) => (chain === null ? [] : [chain]));
    const called = await this.#called(known, registers);
    const name = (/** @type {string|null} */ chain) => (chain === null ? null : called[chain] ?? null);
    return {
      contacts: found.map((one) => ({ ...one, name: name(one.chain) })),
      asking: asking.filter((one) => isAddress(one.address)).map((one) => ({ ...one, name: name(one.chain) })),
      asked: asked.map((one) => ({ ...one, address: toldOf(registers, one.request).address ?? null })), isFindable, address,
    };
  }

  /** Whether whoever knows the own address may ask. @param {boolean} is */
  async findable(is) {
    await this.#api.findable(is);
  }

  /**
   * Asks somebody by an address. Whether there is such an account, nobody is told.
   * @param {string} typed
   * @throws {Refusal} `address_form`; `address_needed`: the own one isn't known here; `own_address`; `too_many`
   */
  async ask(typed) {
    const address = readAddress(typed);
    const own = await this.#member.address();
    if (own === null) throw new Refusal("address_needed");
    refuse(own === address, "own_address");
    const request = await this.#api.request(address, own);
    await this.#tell(request, { address });
  }

  /** Agrees to who asks. @param {string} account */
  async accept(account) {
    const { asking } = await this.#api.list();
    const one = asking.find((each) => each.account === account);
    await this.#api.put(account, { state: "accepted" });
    if (one === undefined) return;
    await this.#contacts.agree(account, fromBase64url(one.chain, HASH_BYTES));
    await this.#tell(one.chain, { account, address: one.address });
  }

  /** @param {string} account  who asks  @param {{tell?: boolean}} [how]  `tell`: they are to know */
  async deny(account, { tell = false } = {}) {
    await this.#api.put(account, tell ? { state: "denied", tell } : { state: "denied" });
  }

  /** Nothing is heard of them from now on, also where others are; they aren't told. @param {string} account */
  async block(account) {
    const { contacts, asking } = await this.list();
    const one = [...contacts, ...asking].find((each) => each.account === account);
    await this.#api.put(account, { state: "blocked" });
    if (one === undefined || one.chain === null) return;
    await this.#tell(one.chain, { account, ...(one.address === null ? {} : { address: one.address }) });
    await this.#own.set("block", one.chain, true).catch(later);
  }

  /** @param {string} account */
  async unblock(account) {
    const one = (await this.list()).contacts.find((each) => each.account === account);
    await this.#api.drop(account);
    if (one === undefined || one.chain === null) return;
    await this.#own.set("block", one.chain, null).catch(later);
    await this.#forget(account);
  }

  /** Is no contact of theirs any more; they see it. @param {string} account */
  async remove(account) {
    await this.#api.drop(account);
    await this.#forget(account);
  }

  /**
   * Goes on with a contact whose account has another chain than was agreed to: for all that is known, another person.
   * @param {string} account
   */
  async agree(account) {
    const one = (await this.#api.list()).contacts.find((each) => each.account === account);
    if (one === undefined || one.chain === null) throw new Refusal("not_found");
    await this.#contacts.agree(account, fromBase64url(one.chain, HASH_BYTES));
  }

  /** 60 digits that are the same on both sides. @param {string} chain  theirs */
  number(chain) {
    return safetyNumber(this.#member.chain, fromBase64url(chain, HASH_BYTES));
  }

  /** Whether its number was compared, and was the same. @param {string} chain  @param {boolean} is */
  verify(chain, is) {
    return this.#own.set("verified", chain, is);
  }

  /** What this account calls them; null: as they call themselves. @param {string} chain  @param {string|null} name  @throws {Refusal} `name_form` */
  async alias(chain, name) {
    refuse(name !== null && !isName(name), "name_form");
    await this.#own.set("alias", chain, name);
  }

  /**
   * What people are called: as this account calls them, else as they call themselves.
   * @param {readonly string[]} chains
   * @returns {Promise<{[chain: string]: string}>}
   */
  async called(chains) {
    return this.#called(chains, await this.#own.registers());
  }

  /** @param {readonly string[]} chains  @param {Registers} registers */
  async #called(chains, registers) {
    /** @type {{[chain: string]: string}} */
    const called = {};
    for (const chain of chains) {
      const name = registers.get("alias", chain) ?? (await this.#store.read(SAID + chain))?.name;
      if (typeof name === "string") called[chain] = name;
    }
    return called;
  }

  /** @param {string} account */
  async #forget(account) {
    await this.#store.change(async (within) => within.remove(CONTACT + account));
  }

  /** @param {string} key  @param {Told} value */
  async #tell(key, value) {
    await this.#own.set(REQUEST, key, value).catch(later);
  }
}

/** What was told of somebody, as far as it is in form. @param {Registers} registers  @param {string} key  @returns {Told} */
function toldOf(registers, key) {
  const told = registers.get(REQUEST, key);
  if (!isObject(told)) return {};
  const { account, address } = told;
  return {
    ...(isBase64url(account, ID_BYTES) ? { account: String(account) } : {}),
    ...(typeof address === "string" && isAddress(address) ? { address } : {}),
  };
}

/** @param {Registers} registers  @param {string} account  @returns {string|null} */
function chainOf(registers, account) {
  for (const [chain] of registers.all(REQUEST)) {
    if (isBase64url(chain, HASH_BYTES) && toldOf(registers, chain).account === account) return chain;
  }
  return null;
}

/** It waits in the outbox, and goes with what is said next. @param {unknown} error */
function later(error) {
  if (!(error instanceof Refusal)) throw error;
}
