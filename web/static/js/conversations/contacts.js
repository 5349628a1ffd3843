/**
 * With whom this account has agreed to talk, by their chains. The server says whose chain is whose; the first that it
 * said is kept, and another one for the same account counts for nothing until somebody has agreed to that.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal, refuse } from "../protocol/errors.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { Lines } from "../protocol/conversations/lines.js";
import { Registers } from "../protocol/conversations/registers.js";
import { CONTACT, FORMER, readRegister } from "./store.js";
import { REQUEST, chainOf, isElse } from "./told.js";

const INVITED = "invited/";

/** @typedef {import("./conversation-api.js").PersonNow} PersonNow */

export class Contacts {
  #store;
  #api;
  #chains;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./conversation-api.js").ConversationApi} api
   * @param {import("./chains.js").Chains} chains
   */
  constructor(store, api, chains) {
    this.#store = store;
    this.#api = api;
    this.#chains = chains;
  }

  /**
   * Chains of accepted contacts; whoever is new is kept.
   * @returns {Promise<{account: string, chain: Uint8Array}[]>} without those whose chain has changed
   */
  async accepted() {
    const { contacts } = await this.#api.contacts();
    const found = contacts.filter(({ state, chain }) => state === "accepted" && chain !== null);
    return this.#store.change(async (within) => {
      const known = [];
      for (const { account, chain } of found) {
        const said = toBase64url(/** @type {Uint8Array} */ (chain));
        if (await keep(within, account, said) === said) known.push({ account, chain: fromBase64url(said, 32) });
      }
      return known;
    });
  }

  /**
   * Agrees to a chain: what an invitation has named, or what somebody has compared.
   * @param {string} account
   * @param {Uint8Array} chain
   */
  async agree(account, chain) {
    const agreed = toBase64url(chain);
    return this.#store.change(async (within) => {
      const before = await within.read(CONTACT + account);
      if (before !== undefined && before.chain !== agreed) await within.put(FORMER + before.chain, { account });
      await within.remove(FORMER + agreed);
      await within.put(CONTACT + account, { chain: agreed });
    });
  }

  /**
   * A contact as they are now, with the chain that was agreed to.
   * @param {string} account
   * @returns {Promise<PersonNow>}
   * @throws {Refusal} `contact_changed`; `not_found`
   */
  async person(account) {
    const person = await this.#api.contact(account);
    const said = toBase64url(person.chain);
    refuse(await this.kept(account, said) !== said, "contact_changed");
    return person;
  }

  /** Whose chain an account has here, from now on if nothing was known of it. @param {string} account  @param {string} served  @returns {Promise<string>} */
  async kept(account, served) {
    const row = await this.#store.read(CONTACT + account);
    return row !== undefined && row.isServed !== true ? row.chain : this.#store.change((within) => keep(within, account, served));
  }

  /** Who has invited into a conversation. @param {string} conversation  @param {Uint8Array} chain */
  async invitedBy(conversation, chain) {
    await this.#store.change(async (within) => within.put(INVITED + conversation, { chain: toBase64url(chain) }));
  }

  /** @param {string} conversation  @returns {Promise<Uint8Array[]>} */
  async invitersOf(conversation) {
    const kept = await this.#store.read(INVITED + conversation);
    return kept === undefined ? [] : [fromBase64url(kept.chain, 32)];
  }

  /**
   * Chains of people at least as far as the server says they go.
   * @param {readonly PersonNow[]} people
   * @returns {Promise<Lines>}
   * @throws {Refusal} `chain_back` for a chain that the server shows no more of
   */
  async lines(people) {
    const lines = await this.#chains.upTo(people);
    for (const { chain, sequence } of people) {
      const line = lines.get(chain);
      if (line === null || line.last.sequence < sequence || !isSame(line.id, chain)) throw new Refusal("chain_back");
    }
    return lines;
  }
}

/**
 * Keeps whose chain an account has. What the server alone has said yields to what own devices have agreed to, whenever
 * they tell it: a device that was just linked may see contacts before.
 * @param {import("./store.js").Within} within
 * @param {string} account
 * @param {string} served
 * @returns {Promise<string>}
 */
async function keep(within, account, served) {
  const row = await within.read(CONTACT + account);
  if (row !== undefined && row.isServed !== true) return row.chain;
  const before = row?.chain ?? served;
  const registers = Registers.fromJson({ [REQUEST]: await readRegister(within, REQUEST) });
  const isOther = isElse(registers, account, before);
  const chain = isOther ? String(chainOf(registers, account)) : before;
  if (row !== undefined && !isOther) return chain;
  if (row !== undefined) await within.put(FORMER + before, { account });
  await within.remove(FORMER + chain);
  await within.put(CONTACT + account, isOther ? { chain } : { chain, isServed: true });
  return chain;
}
