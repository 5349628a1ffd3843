/**
 * Invitations of this account: to be a contact, or into a conversation (docs/conversations.md, 11). What was sealed under
 * a link is opened by its secret, which all own devices know by the register `links`: whichever comes first lets in who
 * has redeemed it.
 */

import { fromBase64url, isBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { ID_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { isName, tidyName } from "../protocol/names.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { Invitation, openInvitation, openRedemption, sealInvitation, sealRedemption } from "../protocol/conversations/invitations.js";
import { SignedRecord } from "../protocol/conversations/records.js";
import { readRecord, readState } from "./state.js";
import { INVITATION, SAID, readRegister } from "./store.js";
import { REQUEST, toldOf } from "./told.js";

const LINKS = "links";
/** Whoever redeems an invitation on its last day waits for so long. */
const WAITED_MS = 7 * 86_400_000;

/**
 * `epoch`: of the conversation when it was made; `until` it may be redeemed, in milliseconds; `label`: for whom it is;
 * `isCalled`: whoever has used it was called so once.
 * @typedef {{secret: string, conversation: string|null, epoch: number, until: number, label: string|null, isCalled?: boolean}} Kept
 *
 * @typedef {object} Of  whose they are
 * @property {import("./member.js").Member} member
 * @property {import("./store.js").Store} store
 * @property {import("./conversation-api.js").ConversationApi} api
 * @property {import("./chains.js").Chains} chains
 * @property {import("./contacts.js").Contacts} contacts
 * @property {import("./own-devices.js").OwnDevices} own
 * @property {(id: string) => import("./conversation.js").Conversation} of
 */

export class Inviting {
  #parts;

  /** @param {Of} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {{conversation?: string|null, name?: string|null, label?: string|null}} [how]  `name`: what one calls oneself;
   *   `label`: for whom it is, in one's own words
   * @returns {Promise<Invitation>} its link ends with `fragment()`
   */
  async invite({ conversation = null, name = null, label = null } = {}) {
    const { api, member, own, store } = this.#parts;
    const invitation = Invitation.generate(member.random);
    const id = toBase64url(invitation.id);
    const epoch = conversation === null ? 0 : (await readState(store, conversation))?.record.epoch ?? 0;
    const sealed = await sealInvitation(invitation, await this.#introduction(name, conversation), member.random);
    /** @type {Kept} */
    const kept = { secret: toBase64url(invitation.secret), conversation, epoch, until: member.now() + WAITED_MS, label };
    // Before it is posted: who redeems it is to be known, whatever becomes of this page.
    await store.change(async (within) => within.put(INVITATION + id, kept));
    const until = await api.invite(invitation.id, sealed, conversation);
    await store.change(async (within) => within.put(INVITATION + id, { ...kept, until }));
    await own.set(LINKS, id, { ...kept, until }).catch(later);
    return invitation;
  }

  /** Those that may still be redeemed, or have been. @returns {Promise<(Kept & {id: string, fragment: string})[]>} */
  async all() {
    return [...await this.#kept()].map(([id, kept]) => ({ id, ...kept, fragment: invitationOf(id, kept).fragment() }));
  }

  /** It leads nowhere from now on. @param {string} id */
  withdraw(id) {
    return this.#forget(fromBase64url(id, ID_BYTES));
  }

  /**
   * Becomes a contact of whoever made it, and waits to be added where it leads into a conversation.
   * @param {Invitation} invitation
   * @param {string|null} [name]  what one is called there
   * @returns {Promise<{account: string, chain: string, name: string|null, conversation: string|null}>}
   */
  async redeem(invitation, name = null) {
    const { api, contacts, member } = this.#parts;
    const said = await sealRedemption(invitation, await this.#introduction(name, null), member.random);
    const { account, sealed } = await api.redeem(invitation.id, said);
    const { pin, name: theirs, conversation: into } = await openInvitation(invitation, sealed);
    await this.#meet(account, pin.chain, theirs);
    const conversation = into === null ? null : toBase64url(into);
    if (conversation !== null) {
      await contacts.invitedBy(conversation, pin.chain);
      await api.join(conversation, invitation.id, said);
    }
    return { account, chain: toBase64url(pin.chain), name: theirs, conversation };
  }

  /**
   * Who has redeemed invitations of this account: contacts from now on, with the chains that they named themselves. Those
   * who were invited into a conversation are added to it by `admit`.
   * @returns {Promise<{account: string, chain: string, name: string|null, conversation: string|null}[]>}
   */
  async redeemed() {
    const found = [];
    for (const { invitation: id, account, sealed, conversation } of (await this.#parts.api.contacts()).redemptions) {
      const opened = await this.#redemption(id, sealed);
      if (opened === null) continue;
      await this.#meet(account, opened.pin.chain, opened.name);
      await this.#call(toBase64url(id), opened.pin.chain);
      found.push({ account, chain: toBase64url(opened.pin.chain), name: opened.name, conversation });
      if (conversation === null) await this.#forget(id);
    }
    return found;
  }

  /** Adds those who have redeemed an invitation into a conversation. */
  async admit() {
    const { member, of, store } = this.#parts;
    /** @type {Set<string>} */
    const conversations = new Set();
    for (const [id, { conversation, until }] of await this.#kept()) {
      if (until + WAITED_MS < member.now()) await this.#drop(id);
      else if (conversation !== null) conversations.add(conversation);
    }
    for (const conversation of conversations) {
      if ((await readState(store, conversation))?.standing !== "following") continue;
      /** @type {Uint8Array[]} */
      const used = [];
      await of(conversation).admit(async ({ chain, invitation, sealed }) => {
        const kept = (await this.#kept()).get(toBase64url(invitation));
        // It leads to one place, whatever the server says who waits where.
        if (kept?.conversation !== conversation) return false;
        const opened = await this.#redemption(invitation, sealed);
        if (opened === null || !isSame(opened.pin.chain, chain)) return false;
        const wasIn = await this.#wasIn(conversation, kept.epoch, chain);
        // Another own device may know.
        if (wasIn === null) return false;
        used.push(invitation);
        await this.#say(chain, opened.name);
        // Whoever was there since has used it up, also if others have added and removed them.
        return !wasIn;
      });
      for (const id of used) await this.#forget(id);
    }
  }

  /** All that are known, by their ids: made here, or by another own device. @returns {Promise<Map<string, Kept>>} */
  async #kept() {
    const { store } = this.#parts;
    /** @type {Map<string, Kept>} */
    const found = new Map();
    for (const [id, told] of Object.entries(await readRegister(store, LINKS))) if (isKept(id, told)) found.set(id, told);
    for (const key of await store.keys(INVITATION)) {
      const kept = await store.read(key);
      const id = key.slice(INVITATION.length);
      // Another own device may have called them so.
      if (kept !== undefined) found.set(id, found.get(id)?.isCalled === true ? { ...kept, isCalled: true } : kept);
    }
    return found;
  }

  /** What whoever redeemed one has answered. @param {Uint8Array} id  @param {Uint8Array} sealed */
  async #redemption(id, sealed) {
    const name = toBase64url(id);
    const kept = (await this.#kept()).get(name);
    if (kept === undefined) return null;
    try {
      return await openRedemption(invitationOf(name, kept), sealed);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return null;
    }
  }

  /**
   * Whether somebody has been in a conversation in that epoch or since. Of what this device hasn't read, the records that
   * it has name those before by their hashes.
   * @param {string} id
   * @param {number} epoch
   * @param {Uint8Array} chain
   * @returns {Promise<boolean|null>} null: nobody can tell
   */
  async #wasIn(id, epoch, chain) {
    const { api, store } = this.#parts;
    const newest = (await readState(store, id))?.record.epoch ?? 0;
    /** @type {import("../protocol/conversations/records.js").Record|null} */
    let after = null;
    /** @type {Map<number, Uint8Array>|null} */
    let served = null;
    for (let at = newest; at >= Math.max(epoch, 1); at -= 1) {
      let signed = await readRecord(store, id, at);
      if (signed === null) {
        served ??= new Map((await api.epochs(id, epoch - 1)).map((one) => [one.epoch, one.entry]));
        const entry = served.get(at);
        signed = entry === undefined ? null : await SignedRecord.read(entry);
      }
      if (signed === null || (after !== null && !isSame(signed.hash, after.previous))) return null;
      if (signed.record.person(chain) !== null) return true;
      after = signed.record;
    }
    return false;
  }

  /** @param {Uint8Array} id  of an invitation that was used, or is of no more use */
  async #forget(id) {
    await this.#parts.api.withdraw(id).catch((error) => {
      // Another own device has done it.
      if (!["not_found", "invitation_unknown"].includes(error.code)) throw error;
    });
    await this.#drop(toBase64url(id));
  }

  /** @param {string} id */
  async #drop(id) {
    const { own, store } = this.#parts;
    await store.change(async (within) => within.remove(INVITATION + id));
    if ((await own.registers()).get(LINKS, id) !== null) await own.set(LINKS, id, null).catch(later);
  }

  /** @param {string} account  @param {Uint8Array} chain  @param {string|null} name */
  async #meet(account, chain, name) {
    const { contacts, own } = this.#parts;
    await contacts.agree(account, chain);
    // No server can tell own devices that it is somebody else.
    const said = toBase64url(chain);
    const known = toldOf(await own.registers(), said);
    if (known.account !== account) await own.set(REQUEST, said, { ...known, account }).catch(later);
    await this.#say(chain, name);
  }

  /**
   * For whom an invitation was, whoever has used it is called, until they are called otherwise: once, however long one
   * into a conversation is kept.
   * @param {string} id
   * @param {Uint8Array} chain
   */
  async #call(id, chain) {
    const { own, store } = this.#parts;
    const kept = (await this.#kept()).get(id);
    const name = tidyName(kept?.label ?? "");
    if (kept === undefined || kept.isCalled === true || !isName(name)) return;
    if ((await own.registers()).get("alias", toBase64url(chain)) === null) await own.set("alias", toBase64url(chain), name).catch(later);
    if (kept.conversation === null) return;
    const called = { ...kept, isCalled: true };
    await store.change(async (within) => {
      if (await within.read(INVITATION + id) !== undefined) await within.put(INVITATION + id, called);
    });
    await own.set(LINKS, id, called).catch(later);
  }

  /** What somebody has called themselves. @param {Uint8Array} chain  @param {string|null} name */
  async #say(chain, name) {
    if (name !== null) await this.#parts.store.change(async (within) => within.put(SAID + toBase64url(chain), { name }));
  }

  /** @param {string|null} name  @param {string|null} conversation */
  async #introduction(name, conversation) {
    const { chains, member } = this.#parts;
    const line = await chains.newest(member.chain);
    if (line === null) throw new Refusal("waiting");
    return { pin: line.last.pin, name, conversation: conversation === null ? null : fromBase64url(conversation, ID_BYTES) };
  }
}

/** @param {string} id  @param {Kept} kept */
const invitationOf = (id, { secret }) => new Invitation(fromBase64url(id, ID_BYTES), fromBase64url(secret, SECRET_BYTES));

/** Whether another device has told an invitation in the form that all know. @param {string} id  @param {any} told */
const isKept = (id, told) => isBase64url(id, ID_BYTES) && isObject(told) && isBase64url(told.secret, SECRET_BYTES) &&
  (told.conversation === null || isBase64url(told.conversation, ID_BYTES)) && isInteger(told.epoch) && isInteger(told.until);

/** It waits in the outbox, and goes with what is said next. @param {unknown} error */
function later(error) {
  if (!(error instanceof Refusal)) throw error;
}
