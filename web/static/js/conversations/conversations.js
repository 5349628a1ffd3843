/**
 * All conversations of an account, as one of its devices has them: a client without a page.
 *
 * What a page calls. Of all: `list`, `summary`, `names`, `subscribe` (what has changed, who writes, how far things have
 * come), `look` (which one is open), `read` (up to a place), `hide` (for this account alone), `draft`; `found`, `direct`,
 * `people`, `repair` ("begin again with the same people"); `everybody` (contacts and who asks), `inviting` and `own`
 * (registers: docs/conversations.md, 9.2); `presence` (who is here).
 * Of one, `of(id)`: `says` (text, reply, edit, react, withdraw, name), `shown` (page, line, find, search, profiles,
 * receipts), `view`, `seen` (a timer runs), `add`, `remove`, `role`, `timer`, `leave`, `end`, `flush`, `discard`.
 * What is said waits in `view().waiting` until it stands in the log; nothing is lost when a call fails.
 */

import { fromBase64url, toBase64url, utf8 } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { Chains } from "./chains.js";
import { Contacts } from "./contacts.js";
import { Conversation } from "./conversation.js";
import { ConversationApi, readPage } from "./conversation-api.js";
import { Founding } from "./founding.js";
import { Histories } from "./histories.js";
import { Inviting } from "./inviting.js";
import { Overview } from "./overview.js";
import { OwnDevices } from "./own-devices.js";
import { People } from "./people.js";
import { Presence } from "./presence.js";
import { Receipts } from "./receipts.js";
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
 * Where the end of its log is, and what it comes to, where that is told.
 * @typedef {{conversation: string, s: number, epoch: number, hash?: Uint8Array}} Listed
 *
 * Told of what has changed; `event` is of the socket where nothing is kept of it: `typing`, `signal`, `receipt`,
 * and of no conversation `contact`, `presence`, `chain` (somebody's devices are others) and `history` (how it goes).
 * @typedef {(conversation: string, event: Record<string, any>|null) => void} Listener
 */

export class Conversations {
  #member;
  #store;
  #api;
  #chains;
  #contacts;
  #founding;
  #own;
  #overview;
  #receipts;
  /** What nobody waits for. @type {Set<Promise<void>>} */
  #beside = new Set();
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
    this.device = toBase64url(member.device);
    this.#store = store;
    this.#api = new ConversationApi(member.ask, member.line);
    this.#chains = new Chains(store, this.#api);
    this.#contacts = new Contacts(store, this.#api, this.#chains);
    const of = (/** @type {string} */ id) => this.of(id);
    this.#founding = new Founding({ member, api: this.#api, contacts: this.#contacts, of });
    this.#own = new OwnDevices(member, store, this.#chains, of, (people) => this.#founding.withSelf(people));
    this.inviting = new Inviting({
      member, store, api: this.#api, chains: this.#chains, contacts: this.#contacts, own: this.#own, of,
    });
    this.everybody = new People({ member, store, contacts: this.#contacts, own: this.#own });
    this.histories = new Histories({ member, store, chains: this.#chains, own: this.#own, told: (progress, conversations) => {
      this.reload(conversations);
      this.#tell("", { type: "history", ...progress });
    } });
    this.presence = new Presence(this.#own, store, this.#contacts, (event) => this.#tell("", event));
    this.#overview = new Overview(member, store, this.#own, of);
    this.#receipts = new Receipts(member, store, this.#own, of);
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
      profile: () => this.#profile(),
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

  /** All of them in the order in which they are shown, but for that of the own devices. */
  list() {
    return this.#overview.list();
  }

  /** One as it stands in the list. @param {string} id  @throws {Refusal} `conversation_unknown` */
  summary(id) {
    return this.#overview.summary(id);
  }

  /** What its people are called, by their chains, as far as they have a name. @param {string} id */
  names(id) {
    return this.#overview.names(id);
  }

  /** What its people show of themselves, by their chains. @param {string} id */
  pictures(id) {
    return this.#overview.pictures(id);
  }

  /**
   * All up to a place was read: it counts at once, and is told soon to whom it concerns.
   * @param {string} id
   * @param {number} place
   */
  async read(id, place) {
    if (!(await this.#receipts.read(id, place))) return;
    this.#tell(id, null);
    this.#besides(this.#receipts.tell(id));
  }

  /**
   * A message is to be gone from all own devices, and from nobody else's.
   * @param {string} id
   * @param {number} place
   */
  async hide(id, place) {
    const { at } = (await this.of(id).shown.line(place)) ?? { at: this.#member.now() };
    const key = await this.of(id).hide(place);
    if (key !== null) this.#besides(this.#own.set("hidden", key, { at }));
  }

  /**
   * What is being written and isn't said yet, for the other own devices.
   * @param {string} id
   * @param {string} text
   */
  async draft(id, text) {
    const kept = (await this.#own.registers()).get("draft", id);
    if ((/** @type {any} */ (kept)?.text ?? "") === text || utf8(text).length > DRAFT_BYTES) return;
    await this.#own.note("draft", id, text === "" ? null : { text });
    this.#besides(this.#own.flush());
  }

  /** Until all is done that nobody waits for. */
  async rest() {
    while (this.#beside.size > 0) await Promise.all(this.#beside);
  }

  /** Those that are kept here. @returns {Promise<View[]>} */
  async views() {
    const ids = await this.#ids();
    return Promise.all(ids.map((id) => this.of(id).view()));
  }

  /**
   * Reads what is new in all of them, and sends what waits. One that is stopped doesn't stop the others.
   * @param {readonly Listed[]|null} [list]  as the socket welcomes
   * @returns {Promise<Trouble[]>}
   * @throws {Refusal} where the server can't be asked at all
   */
  async sync(list = null) {
    const began = this.#member.now();
    await this.#store.expire(began);
    /** @type {Trouble[]} */
    const trouble = [];
    await this.#own.begin().catch(told(trouble, ""));
    /** @type {readonly Listed[]} */
    const served = list ?? await this.#api.listed();
    const there = new Set(served.map(({ conversation }) => conversation));
    for (const id of await idsOf(this.#store, POSTING)) await this.of(id).finish().catch(told(trouble, id));
    for (const id of await this.#ids()) if (!there.has(id)) await this.of(id).catchUp().catch(told(trouble, id));
    const waiting = new Set(await idsOf(this.#store, OUTBOX));
    for (const { conversation, s, epoch, hash } of served) {
      const state = await readState(this.#store, conversation);
      const isHere = state?.standing === "following" && state.place === s && state.acknowledged === s &&
        state.record.epoch === epoch && (hash === undefined || toBase64url(hash) === state.hash);
      if (!isHere) await this.of(conversation).catchUp({ again: true }).catch(told(trouble, conversation));
      if (waiting.has(conversation)) await this.of(conversation).flush().catch(told(trouble, conversation));
    }
    await this.inviting.admit().catch(told(trouble, ""));
    for (const { conversation } of served) await this.of(conversation).mind().catch(told(trouble, conversation));
    if (trouble.every(({ refusal }) => SETTLED.includes(refusal.code))) await this.#member.synced(began);
    this.#besides(this.#tellOwn());
    this.#besides(this.histories.work());
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
        this.#tell("", event);
        break;
      case "device":
        await this.#chains.newest(this.#member.chain);
        // One that was just linked is told what the others know, and doesn't wait for somebody to come online anew.
        this.#besides(this.#own.begin().then(() => this.histories.work()));
        break;
      case "conversations":
        for (const { conversation: come } of event.come) await this.of(come).catchUp({ again: true });
        for (const gone of event.gone) await this.of(gone).catchUp();
        break;
      case "typing":
        this.#tell(conversation, { ...event, chain: await this.of(conversation).shown.chainOf(event.device) });
        break;
      case "receipt":
        this.of(conversation).shown.hear(event.receipts);
        this.#tell(conversation, event);
        break;
      case "presence":
        await this.presence.hear(event);
        break;
      case "file": case "signal": case "contact": case "history":
        this.#tell(conversation ?? "", event);
        break;
      default:
        // The record of an `epoch` comes as an entry.
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
   * @param {import("./founding.js").FoundingWish} wish
   * @returns {Promise<Conversation>}
   * @throws {Refusal} `contact_needed`, `contact_changed`, `conversations_full`
   */
  async found(wish) {
    const conversation = await this.#founding.found(wish);
    this.#besides(this.#own.pin([conversation.id]));
    return conversation;
  }

  /** The conversation with one person alone that has no name. @param {string} chain */
  direct(chain) {
    return this.#overview.direct(chain);
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
  repair(id) {
    return this.#founding.repair(id);
  }

  /**
   * An invitation, to be a contact or into a conversation.
   * @param {Parameters<Inviting["invite"]>[0]} [how]
   */
  invite(how) {
    return this.inviting.invite(how);
  }

  /** @param {import("../protocol/conversations/invitations.js").Invitation} invitation  @param {string|null} [name]  what one is called there */
  redeem(invitation, name = null) {
    return this.inviting.redeem(invitation, name);
  }

  /** Who has redeemed invitations of this account. */
  redeemed() {
    return this.inviting.redeemed();
  }

  /** @returns {Promise<import("../protocol/conversations/contents.js").Body|null>} */
  async #profile() {
    // Where it isn't known yet who the own devices are nothing waits for them.
    if ((await this.#chains.known(this.#member.chain)) === null) return null;
    return /** @type {any} */ ((await this.#own.registers()).get("profile", ""));
  }

  /** What own devices are to know. */
  async #tellOwn() {
    await this.#own.pin(await this.#ids());
    await this.#receipts.tellAll();
  }

  /** What can't be done now is done by the next `sync`. @param {Promise<void>} work */
  #besides(work) {
    const done = work.catch((error) => {
      if (!(error instanceof Refusal)) throw error;
    }).finally(() => this.#beside.delete(done));
    this.#beside.add(done);
  }

  /** @param {string} conversation  @param {Record<string, any>|null} event */
  #tell(conversation, event) {
    for (const listener of this.#listeners) listener(conversation, event);
  }

  /** Those that are kept here. */
  #ids() {
    return idsOf(this.#store, STATES);
  }
}

/** Of what is longer the other own devices hear nothing until it is said. */
const DRAFT_BYTES = 4096;

/** Nothing can be done about that, and nothing sealed to this device is still to be opened there. */
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
