/** Where conversations begin: with contacts, or anew with the people of one that can't go on. */

import { toBase64url } from "../protocol/encoding.js";
import { refuse } from "../protocol/errors.js";
import { ID_BYTES } from "../protocol/limits.js";
import { isSame } from "../protocol/accounts/derivation.js";

/**
 * @typedef {import("./conversation-api.js").PersonNow} PersonNow
 * @typedef {import("./conversation.js").Conversation} Conversation
 *
 * @typedef {object} FoundingWish
 * @property {readonly string[]} accounts  contacts
 * @property {import("./conversation.js").Role} [role]  of all others
 * @property {number} [timer]  seconds
 * @property {Uint8Array|null} [joining]
 */

export class Founding {
  #parts;

  /**
   * @param {object} parts
   * @param {import("./member.js").Member} parts.member
   * @param {import("./conversation-api.js").ConversationApi} parts.api
   * @param {import("./contacts.js").Contacts} parts.contacts
   * @param {(id: string) => Conversation} parts.of
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {FoundingWish} wish  @returns {Promise<Conversation>} */
  async found({ accounts, role = "member", timer = 0, joining = null }) {
    const others = await Promise.all(accounts.map((account) => this.#parts.contacts.person(account)));
    const conversation = this.#another();
    await conversation.found({ people: await this.withSelf(others), role: () => role, timer, joining });
    return conversation;
  }

  /** @param {string} id  @returns {Promise<Conversation>} @throws {Refusal} `not_admin` */
  async repair(id) {
    const { member, of } = this.#parts;
    const { signed, members } = await of(id).ground();
    const { record } = signed;
    refuse(record.person(member.chain)?.role !== "admin", "not_admin");
    const others = members.people.filter(({ chain }) => record.person(chain) !== null && !isSame(chain, member.chain));
    const conversation = this.#another();
    await conversation.found({
      people: await this.withSelf(others), role: (chain) => record.person(chain)?.role ?? "member", timer: record.timer,
      continues: { conversation: record.conversation, record: signed.hash },
    });
    return conversation;
  }

  /** These and oneself, with keys. @param {readonly PersonNow[]} others */
  async withSelf(others) {
    const { api, member } = this.#parts;
    return [await api.own(member.chain), ...others];
  }

  #another() {
    const { member, of } = this.#parts;
    return of(toBase64url(member.random(ID_BYTES)));
  }
}
