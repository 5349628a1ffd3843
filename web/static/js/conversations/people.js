/**
 * With whom somebody talks, or might: contacts, who asks to be one, and whom they have asked (docs/accounts.md, 17). The
 * server keeps who is what to whom; names, whether a number was compared, and addresses are told to own devices alone, by
 * registers (docs/conversations.md, 9.2).
 */

import { fromBase64url } from "../protocol/encoding.js";
import { Refusal, refuse } from "../protocol/errors.js";
import { isAddress, readAddress } from "../protocol/accounts/addresses.js";
import { safetyNumber } from "../protocol/accounts/safety-number.js";
import { isName } from "../protocol/names.js";
import { HASH_BYTES } from "../protocol/accounts/statements.js";
import { PeopleApi } from "./people-api.js";
import { REQUEST, chainOf, formerOf, isElse, toldOf } from "./told.js";
import { CHANGED, CONTACT, FORMER, RECOVERED, SAID } from "./store.js";

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
 * Who asks. `former`: the chain that this account had, as far as it was known as another before.
 * @typedef {import("./people-api.js").Asking & {name: string|null, former: string|null}} Asks
 * @typedef {{request: string, address: string|null, day: number}} Asked
 * @typedef {{contacts: Contact[], asking: Asks[], asked: Asked[], isFindable: boolean, address: string|null}} Listed
 *
 * What has become of somebody, and wasn't agreed to yet: their account has another chain now (`changed`), or none that
 * was agreed to (`ended`), or its devices were all replaced by the ten words (`recovered`).
 * @typedef {{chain: string, account: string|null, kind: "changed"|"ended"|"recovered", now?: string}} Change  `now`: the
 *   chain that the account has by what the server says
 */

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
    const recovered = await this.#recovered(registers);
    /** @type {{[chain: string]: Omit<Change, "chain">}} */
    const changed = {};
    for (const { account, chain: served, request, state, day } of contacts) {
      const before = (await this.#store.read(CONTACT + account))?.chain ?? null;
      let kept = served !== null && state === "accepted" ? await this.#contacts.kept(account, served) : before;
      if (kept !== null && served !== null && kept !== served && toldOf(registers, served).account === account) {
        // Another own device has agreed to it.
        await this.#contacts.agree(account, fromBase64url(served));
        kept = served;
      }
      const chain = kept ?? (served === null || isElse(registers, account, served) ? chainOf(registers, account) : served);
      const told = request === null ? null : toldOf(registers, request).address ?? null;
      // Whom that request has reached is known by this device, and by all others from now on: not by what was just served.
      const isAgreed = chain !== null && (chain === before || toldOf(registers, chain).account === account);
      if (chain !== null && isAgreed && told !== null && toldOf(registers, chain).address === undefined) {
        await this.#tell(chain, { ...toldOf(registers, chain), account, address: told });
      }
      found.push({
        account, chain, state, day, name: null, address: told ?? (chain === null ? null : toldOf(registers, chain).address ?? null),
        isVerified: chain !== null && registers.get("verified", chain) === true && !recovered.has(chain),
        isChanged: served !== null && kept !== null && served !== kept,
      });
      const kind = state === "ended" ? "ended" : served !== null && kept !== null && served !== kept ? "changed" : null;
      if (chain !== null && kind !== null && ["accepted", "ended"].includes(state)) changed[chain] = { account, kind, ...(kind === "changed" ? { now: String(served) } : {}) };
    }
    if (JSON.stringify(await this.#store.read(CHANGED) ?? {}) !== JSON.stringify(changed)) {
      await this.#store.change(async (within) => within.put(CHANGED, changed));
    }
    const known = [...found, ...asking].flatMap(({ chain }) => (chain === null ? [] : [chain]));
    const called = await this.#called(known, registers);
    const name = (/** @type {string|null} */ chain) => (chain === null ? null : called[chain] ?? null);
    return {
      contacts: found.map((one) => ({ ...one, name: name(one.chain) })),
      asking: asking.filter((one) => isAddress(one.address)).map((one) =>
        ({ ...one, name: name(one.chain), former: formerOf(found, registers, one) })),
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

  /**
   * What has become of these people since it was agreed to them, as far as this device knows: nobody is asked.
   * @param {readonly string[]} chains
   * @returns {Promise<Change[]>} what interrupts whoever is about to say something to them
   */
  async changes(chains) {
    const registers = await this.#own.registers();
    const [changed, recovered] = await Promise.all([this.#store.read(CHANGED), this.#recovered(registers)]);
    /** @type {Change[]} */
    const found = [];
    for (const chain of chains) {
      const told = toldOf(registers, chain);
      const former = await this.#store.read(FORMER + chain);
      const known = changed?.[chain] ?? (former === undefined ? null : { account: former.account, kind: "ended" });
      if (known !== null && !(known.kind === "ended" && told.ended === true)) found.push({ chain, ...known });
      else if (known === null && recovered.has(chain)) found.push({ chain, account: told.account ?? null, kind: "recovered" });
    }
    return found;
  }

  /** Somebody was told of it, and goes on: nobody counts as compared by that. @param {Change} change */
  async goOn({ chain, account, kind, now }) {
    if (kind === "changed" && account !== null) return this.agree(account, now ?? "");
    const registers = await this.#own.registers();
    const founded = (await this.#recovered(registers)).get(chain);
    await this.#tell(chain, { ...toldOf(registers, chain), ...(kind === "ended" ? { ended: true } : { founded: founded ?? 0 }) });
    if (registers.get("verified", chain) === true) await this.#own.set("verified", chain, false).catch(later);
  }

  /** Chains that were recovered, with the statement by which, of which nobody was told yet. @param {Registers} registers */
  async #recovered(registers) {
    /** @type {Map<string, number>} */
    const found = new Map();
    for (const key of await this.#store.keys(RECOVERED)) {
      const chain = key.slice(RECOVERED.length);
      const { founded } = await this.#store.read(key);
      if (founded > (toldOf(registers, chain).founded ?? -1)) found.set(chain, founded);
    }
    return found;
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
   * @param {string} expected  the chain that somebody was told of, or has compared
   * @throws {Refusal} `contact_changed`: the server names yet another one, which is told of anew
   */
  async agree(account, expected) {
    const one = (await this.#api.list()).contacts.find((each) => each.account === account);
    if (one === undefined || one.chain === null) throw new Refusal("not_found");
    if (one.chain !== expected) {
      await this.list();
      throw new Refusal("contact_changed");
    }
    const before = (await this.#store.read(CONTACT + account))?.chain;
    await this.#contacts.agree(account, fromBase64url(one.chain, HASH_BYTES));
    await this.#tell(one.chain, { ...toldOf(await this.#own.registers(), one.chain), account });
    await this.#store.change(async (within) => {
      const { [before ?? ""]: _, ...others } = await within.read(CHANGED) ?? {};
      await within.put(CHANGED, others);
    });
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

  /** @param {string} key  @param {import("./told.js").Told} value */
  async #tell(key, value) {
    await this.#own.set(REQUEST, key, value).catch(later);
  }
}

/** It waits in the outbox, and goes with what is said next. @param {unknown} error */
function later(error) {
  if (!(error instanceof Refusal)) throw error;
}
