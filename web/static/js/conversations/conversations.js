/**
 * All conversations of an account, as one of its devices has them: a client without a page. Whoever shows it listens
 * to `changed`.
 */

import { fromBase64url, hex, toBase64url } from "../protocol/encoding.js";
import { Refusal, refuse } from "../protocol/errors.js";
import { ID_BYTES } from "../protocol/limits.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { Invitation, openInvitation, openRedemption, sealInvitation, sealRedemption } from "../protocol/conversations/invitations.js";
import { Chains } from "./chains.js";
import { Contacts } from "./contacts.js";
import { Conversation } from "./conversation.js";
import { ConversationApi, readPage } from "./conversation-api.js";
import { OwnDevices } from "./own-devices.js";
import { readState } from "./state.js";
import { POSTING, OUTBOX, STATES } from "./store.js";

/**
 * @typedef {import("./member.js").Member} Member
 * @typedef {import("./conversation-api.js").PersonNow} PersonNow
 * @typedef {import("./conversation.js").View} View
 * @typedef {import("./conversation.js").Role} Role
 *
 * What happened to one of them while all were read.
 * @typedef {{conversation: string, refusal: Refusal}} Trouble
 *
 * Told of what has changed; `event` is of the socket where nothing is kept of it: `typing`, `receipt`.
 * @typedef {(conversation: string, event: Record<string, any>|null) => void} Listener
 */

export class Conversations {
  #member;
  #store;
  #api;
  #chains;
  #contacts;
  #own;
  /** @type {Map<string, Conversation>} */
  #open = new Map();
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** At which somebody looks. @type {string|null} */
  #looked = null;

  /**
   * @param {Member} member
   * @param {import("./store.js").Store} store
   */
  constructor(member, store) {
    this.#member = member;
    this.#store = store;
    this.#api = new ConversationApi(member.ask, member.line);
    this.#chains = new Chains(store, this.#api);
    this.#contacts = new Contacts(store, this.#api, this.#chains);
    this.#own = new OwnDevices(member, store, this.#chains, (id) => this.of(id), (people) => this.#people(people));
  }

  /** The own chain, base64url. */
  get me() {
    return toBase64url(this.#member.chain);
  }

  /** Registers of all own devices. */
  get own() {
    return this.#own;
  }

  get contacts() {
    return this.#contacts;
  }

  /** @param {Listener} listener  @returns {() => void} ends it */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {string} id  base64url  @returns {Conversation} whether there is one or not */
  of(id) {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const parts = {
      member: this.#member, store: this.#store, api: this.#api, chains: this.#chains, contacts: this.#contacts,
      changed: (/** @type {string} */ one) => this.#tell(one, null),
      urgency: () => /** @type {import("./member.js").Priority} */ (this.#looked === id ? "open" : "other"),
    };
    const made = new Conversation(id, parts);
    this.#open.set(id, made);
    return made;
  }

  /** Somebody looks at this one: what it needs comes before what others need. @param {string|null} id */
  look(id) {
    this.#looked = id;
  }

  /** Those that are kept here. @returns {Promise<View[]>} */
  async views() {
    const ids = await this.#ids();
    return Promise.all(ids.map((id) => this.of(id).view()));
  }

  /**
   * Reads what is new in all of them, and sends what waits. One that is stopped doesn't stop the others.
   * @param {readonly {conversation: string, s: number, epoch: number}[]|null} [list]  as the socket welcomes
   * @returns {Promise<Trouble[]>}
   * @throws {Refusal} where the server can't be asked at all
   */
  async sync(list = null) {
    const began = this.#member.now();
    await this.#store.expire(began);
    /** @type {Trouble[]} */
    const trouble = [];
    await this.#own.begin().catch(told(trouble, ""));
    const served = list ?? await this.#api.listed();
    const there = new Set(served.map(({ conversation }) => conversation));
    for (const id of await idsOf(this.#store, POSTING)) await this.of(id).finish().catch(told(trouble, id));
    for (const id of await this.#ids()) if (!there.has(id)) await this.of(id).catchUp().catch(told(trouble, id));
    const waiting = new Set(await idsOf(this.#store, OUTBOX));
    for (const { conversation, s } of served) {
      const state = await readState(this.#store, conversation);
      const isHere = state?.standing === "following" && state.place === s && state.acknowledged === s;
      if (!isHere) await this.of(conversation).catchUp({ again: true }).catch(told(trouble, conversation));
      if (waiting.has(conversation)) await this.of(conversation).flush().catch(told(trouble, conversation));
    }
    await this.#own.pin(await this.#ids()).catch(told(trouble, ""));
    await this.#admit().catch(told(trouble, ""));
    for (const { conversation } of served) await this.of(conversation).mind().catch(told(trouble, conversation));
    if (trouble.every(({ refusal }) => SETTLED.includes(refusal.code))) await this.#member.synced(began);
    return trouble;
  }

  /**
   * Something that the account's socket has told (docs/conversations.md, 12.4).
   * @param {Record<string, any>} event
   * @throws {Refusal} the server's, where something had to be asked; the next `sync` makes good for it
   */
  async heard(event) {
    const { type, conversation } = event;
    switch (type) {
      case "entry":
        await this.of(conversation).take(readPage(event));
        break;
      case "people":
        await this.of(conversation).lookAtPeople();
        break;
      case "chain":
        await this.#chains.newest(fromBase64url(event.chain, 32));
        break;
      case "device":
        await this.#chains.newest(this.#member.chain);
        break;
      case "conversations":
        for (const { conversation: come } of event.come) await this.of(come).catchUp({ again: true });
        for (const gone of event.gone) await this.of(gone).catchUp();
        break;
      case "typing":
      case "receipt":
        this.#tell(conversation, event);
        break;
      default:
        // The record of an `epoch` comes as an entry; a `contact` is looked at by whoever shows contacts.
    }
  }

  /**
   * Gives another key at once to all conversations in which one is due, as after a device of the account was removed.
   * @param {(open: number) => void} [told]  how many are still to be done
   * @returns {Promise<number>} how many could not be done now; whoever speaks there next does it
   */
  async renewAll(told = () => undefined) {
    await this.#chains.newest(this.#member.chain);
    const ids = await this.#ids();
    let left = 0;
    for (const [at, id] of ids.entries()) {
      told(ids.length - at + left);
      if ((await readState(this.#store, id))?.standing !== "following") continue;
      await this.of(id).renew().catch((error) => {
        if (!(error instanceof Refusal)) throw error;
        left += 1;
      });
    }
    told(left);
    return left;
  }

  /** Another tab has changed them in the store that both have. @param {readonly string[]} ids */
  reload(ids) {
    for (const id of ids) this.#tell(id, null);
  }

  /**
   * @param {object} wish
   * @param {readonly string[]} wish.accounts  contacts
   * @param {Role} [wish.role]  of all others
   * @param {number} [wish.timer]  seconds
   * @param {Uint8Array|null} [wish.joining]
   * @returns {Promise<Conversation>}
   * @throws {Refusal} `contact_needed`, `contact_changed`, `conversations_full`
   */
  async found({ accounts, role = "member", timer = 0, joining = null }) {
    const others = await Promise.all(accounts.map((account) => this.#contacts.person(account)));
    const conversation = this.of(toBase64url(this.#member.random(ID_BYTES)));
    await conversation.found({ people: await this.#people(others), role: () => role, timer, joining });
    await this.#own.pin([conversation.id]).catch(() => undefined);
    return conversation;
  }

  /**
   * The conversation with one person alone that has no name. Where both have begun one, both write into the same.
   * @param {string} chain
   * @returns {Promise<string|null>}
   */
  async direct(chain) {
    const found = (await this.views()).filter(({ standing, people, card }) =>
      standing === "following" && card === null && people.length === 2 && people.some((one) => one.chain === chain));
    return found.map(({ id }) => id).sort((one, other) => (inBytes(one) < inBytes(other) ? -1 : 1))[0] ?? null;
  }

  /** Contacts as they are now, to be added. @param {readonly string[]} accounts */
  people(accounts) {
    return Promise.all(accounts.map((account) => this.#contacts.person(account)));
  }

  /**
   * Goes on elsewhere with those who are still there, where a record broke a rule or the server went back.
   * @param {string} id
   * @returns {Promise<Conversation>}
   * @throws {Refusal} `not_admin`
   */
  async repair(id) {
    const { signed, members } = await this.of(id).ground();
    const { record } = signed;
    const own = this.#member.chain;
    refuse(record.person(own)?.role !== "admin", "not_admin");
    const others = members.people.filter(({ chain }) => record.person(chain) !== null && !isSame(chain, own));
    const conversation = this.of(toBase64url(this.#member.random(ID_BYTES)));
    await conversation.found({
      people: await this.#people(others), role: (chain) => record.person(chain)?.role ?? "member", timer: record.timer,
      continues: { conversation: record.conversation, record: signed.hash },
    });
    return conversation;
  }

  /**
   * An invitation, to be a contact or into a conversation.
   * @param {{conversation?: string|null, name?: string|null}} [how]
   * @returns {Promise<Invitation>} its link ends with `fragment()`
   */
  async invite({ conversation = null, name = null } = {}) {
    const invitation = Invitation.generate(this.#member.random);
    await this.#api.invite(invitation.id, await sealInvitation(invitation, await this.#introduction(name, conversation), this.#member.random), conversation);
    const epoch = conversation === null ? 0 : (await readState(this.#store, conversation))?.record.epoch ?? 0;
    await this.#store.change(async (within) => within.put(INVITATION + toBase64url(invitation.id), {
      secret: toBase64url(invitation.secret), conversation, epoch, until: this.#member.now() + INVITED_MS,
    }));
    return invitation;
  }

  /**
   * Becomes a contact of whoever made it, and waits to be added where it leads into a conversation.
   * @param {Invitation} invitation
   * @param {string|null} [name]  what one is called there
   * @returns {Promise<{account: string, name: string|null, conversation: string|null}>}
   */
  async redeem(invitation, name = null) {
    const said = await sealRedemption(invitation, await this.#introduction(name, null), this.#member.random);
    const { account, sealed } = await this.#api.redeem(invitation.id, said);
    const { pin, name: theirs, conversation: into } = await openInvitation(invitation, sealed);
    await this.#contacts.agree(account, pin.chain);
    const conversation = into === null ? null : toBase64url(into);
    if (conversation !== null) {
      await this.#contacts.invitedBy(conversation, pin.chain);
      await this.#api.join(conversation, invitation.id, said);
    }
    return { account, name: theirs, conversation };
  }

  /**
   * Who has redeemed the invitations of this device: contacts from now on, with the chains that they named themselves.
   * Those who were invited into a conversation are added to it by `sync`.
   * @returns {Promise<{account: string, name: string|null, conversation: string|null}[]>}
   */
  async redeemed() {
    const found = [];
    for (const { invitation: id, account, sealed, conversation } of (await this.#api.contacts()).redemptions) {
      const opened = await this.#redemption(id, sealed);
      if (opened === null) continue;
      await this.#contacts.agree(account, opened.pin.chain);
      found.push({ account, name: opened.name, conversation });
      if (conversation === null) await this.#forget(id);
    }
    return found;
  }

  /** Adds those who have redeemed an invitation into a conversation. */
  async #admit() {
    /** @type {Set<string>} */
    const conversations = new Set();
    for (const id of await idsOf(this.#store, INVITATION)) {
      const { conversation, until } = await this.#store.read(INVITATION + id);
      if (until < this.#member.now()) await this.#store.change(async (within) => within.remove(INVITATION + id));
      else if (conversation !== null) conversations.add(conversation);
    }
    for (const conversation of conversations) {
      /** @type {Uint8Array[]} */
      const come = [];
      await this.of(conversation).admit(async ({ chain, invitation, sealed }) => {
        const kept = await this.#store.read(INVITATION + toBase64url(invitation));
        // It leads to one place, whatever the server says who waits where.
        if (kept?.conversation !== conversation) return false;
        const opened = await this.#redemption(invitation, sealed);
        if (opened === null || !isSame(opened.pin.chain, chain)) return false;
        come.push(invitation);
        // Whoever was there since has used it up, also if others have added and removed them.
        return !(await this.of(conversation).hadSince(kept.epoch, chain));
      });
      for (const id of come) await this.#forget(id);
    }
  }

  /** What whoever redeemed an invitation of this device has answered. @param {Uint8Array} id  @param {Uint8Array} sealed */
  async #redemption(id, sealed) {
    const kept = await this.#store.read(INVITATION + toBase64url(id));
    if (kept === undefined) return null;
    try {
      return await openRedemption(new Invitation(id, fromBase64url(kept.secret, 32)), sealed);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return null;
    }
  }

  /** @param {Uint8Array} id  of an invitation that was used */
  async #forget(id) {
    await this.#api.withdraw(id);
    await this.#store.change(async (within) => within.remove(INVITATION + toBase64url(id)));
  }

  /** @param {string} conversation  @param {Record<string, any>|null} event */
  #tell(conversation, event) {
    for (const listener of this.#listeners) listener(conversation, event);
  }

  /** @param {string|null} name  @param {string|null} conversation */
  async #introduction(name, conversation) {
    const line = await this.#chains.newest(this.#member.chain);
    if (line === null) throw new Refusal("waiting");
    return { pin: line.last.pin, name, conversation: conversation === null ? null : fromBase64url(conversation, ID_BYTES) };
  }

  /** These and oneself, with keys. @param {readonly PersonNow[]} others */
  async #people(others) {
    return [await this.#api.own(this.#member.chain), ...others];
  }

  /** Those that are kept here. */
  #ids() {
    return idsOf(this.#store, STATES);
  }
}

/** Ids in the order of their bytes. @param {string} id */
const inBytes = (id) => hex(fromBase64url(id));

const INVITATION = "invitation/";
/** An invitation is good for a week, and who redeems it waits for another. */
const INVITED_MS = 14 * 86_400_000;

/** What nothing can be done about: nothing that was sealed to this device is still to be opened there. */
const SETTLED = ["record_uninvited", "not_member"];

/** Whose rows there are. @param {import("./store.js").Store} store  @param {string} prefix */
async function idsOf(store, prefix) {
  const keys = await store.keys(prefix);
  return [...new Set(keys.map((key) => key.slice(prefix.length).split("/")[0]))];
}

/** @param {Trouble[]} trouble  @param {string} conversation */
const told = (trouble, conversation) => (/** @type {unknown} */ error) => {
  if (!(error instanceof Refusal)) throw error;
  trouble.push({ conversation, refusal: error });
};
