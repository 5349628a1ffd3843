/**
 * With whom this account has agreed to talk, by their chains. The server says whose chain is whose; the first that it
 * said is kept, and another one for the same account counts for nothing until somebody has agreed to that.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal, refuse } from "../protocol/errors.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { Lines } from "../protocol/conversations/lines.js";
import { CONTACT, FORMER } from "./store.js";

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
        const kept = await within.read(CONTACT + account);
        if (kept === undefined) await within.put(CONTACT + account, { chain: said });
        if (kept === undefined || kept.chain === said) known.push({ account, chain: fromBase64url(said, 32) });
      }
      return known;
    });
  }

  /**
   * Agrees to a chain: what an invitation has named, or what somebody has compared.
   * @param {string} account
   * @param {Uint8Array} chain
   * @returns {Promise<boolean>} whether the account had another one here
   */
  async agree(account, chain) {
    const agreed = toBase64url(chain);
    return this.#store.change(async (within) => {
      const before = await within.read(CONTACT + account);
      const isOther = before !== undefined && before.chain !== agreed;
      if (isOther) await within.put(FORMER + before.chain, { account });
      await within.remove(FORMER + agreed);
      await within.put(CONTACT + account, { chain: agreed });
      return isOther;
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
    const kept = await this.#store.read(CONTACT + account);
    refuse(kept !== undefined && kept.chain !== toBase64url(person.chain), "contact_changed");
    if (kept === undefined) await this.agree(account, person.chain);
    return person;
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
