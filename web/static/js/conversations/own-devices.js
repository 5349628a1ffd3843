/**
 * What all devices of an account share: they tell each other in a conversation of their own (docs/conversations.md, 9).
 */

import { toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { due } from "../protocol/conversations/judge.js";
import { Registers, ownConversation } from "../protocol/conversations/registers.js";
import { readState, standpoint } from "./state.js";
import { keysOf, readRegister, registerNames } from "./store.js";

/** Reasons to follow a conversation that this device has alone. */
const ALONE = ["invitation", "agreed"];

export class OwnDevices {
  #member;
  #store;
  #chains;
  #of;
  #people;

  /**
   * @param {import("./member.js").Member} member
   * @param {import("./store.js").Store} store
   * @param {import("./chains.js").Chains} chains
   * @param {(id: string) => import("./conversation.js").Conversation} of
   * @param {(others: import("./conversation-api.js").PersonNow[]) => Promise<import("./conversation-api.js").PersonNow[]>} people
   */
  constructor(member, store, chains, of, people) {
    this.#member = member;
    this.#store = store;
    this.#chains = chains;
    this.#of = of;
    this.#people = people;
  }

  /** @returns {Promise<string>} the id of the conversation with oneself */
  async id() {
    const own = await this.#chains.known(this.#member.chain) ?? await this.#chains.newest(this.#member.chain);
    if (own === null) throw new Refusal("waiting");
    return toBase64url(await ownConversation(own.last));
  }

  /** Reads it, and founds it where there is none yet. */
  async begin() {
    await this.#chains.newest(this.#member.chain);
    const id = await this.id();
    const conversation = this.#of(id);
    try {
      await conversation.catchUp();
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (code !== "not_found" && code !== "conversation_unknown") throw error;
      await this.#found(conversation);
    }
    await this.#tellNewDevices(conversation);
    return conversation;
  }

  /** @param {import("./conversation.js").Conversation} conversation */
  async #found(conversation) {
    try {
      await conversation.found({ people: await this.#people([]), role: () => "admin" });
    } catch (error) {
      // Another own device was faster.
      if (/** @type {Refusal} */ (error).code !== "conflict") throw error;
      await conversation.catchUp();
    }
  }

  /**
   * A device that was linked since can't read what was said before: the oldest one says it again.
   * @param {import("./conversation.js").Conversation} conversation
   */
  async #tellNewDevices(conversation) {
    const { id } = conversation;
    const before = await readState(this.#store, id);
    if (before?.standing !== "following") return;
    const { signed: { record } } = await standpoint(this.#store, id, before);
    const isDue = !before.keyed || due(record, await this.#chains.linesOf(record.people)) !== null;
    const after = isDue ? await conversation.renew() : before;
    if (!after.unnamed) return;
    for (const [register, entries] of (await this.registers()).values) {
      for (const [key, value] of entries) await conversation.say("sync", { register, key, value });
    }
    await conversation.named();
    await conversation.flush();
  }

  /** As this device has read them, with what it is still to say. */
  async registers() {
    const names = await registerNames(this.#store);
    const all = await Promise.all(names.map(async (name) => [name, await readRegister(this.#store, name)]));
    let registers = Registers.fromJson(Object.fromEntries(all));
    const state = await readState(this.#store, await this.id());
    if (state === null) return registers;
    for (const waiting of (await this.#of(await this.id()).view()).waiting) registers = registers.with(waiting);
    return registers;
  }

  /** Whether this account has other devices. */
  async areSeveral() {
    const own = await this.#chains.known(this.#member.chain);
    return own !== null && own.last.devices.length > 1;
  }

  /**
   * @param {string} register
   * @param {string} key
   * @param {unknown} value  null removes it
   */
  async set(register, key, value) {
    await this.note(register, key, value);
    await this.flush();
  }

  /** The same, to be sent by `flush`. @param {string} register  @param {string} key  @param {unknown} value */
  async note(register, key, value) {
    const conversation = this.#of(await this.id());
    if ((await readState(this.#store, conversation.id)) === null) await this.begin();
    await conversation.say("sync", { register, key, value }, ({ kind, body }) =>
      kind === "sync" && body.register === register && body.key === key);
  }

  /** Sends all that waits. */
  async flush() {
    await this.#of(await this.id()).flush();
  }

  /**
   * Tells the other devices which records this one follows: from these they may go on by themselves.
   * @param {readonly string[]} ids
   */
  async pin(ids) {
    const own = await this.id();
    const conversation = this.#of(own);
    const registers = await this.registers();
    const followed = { ...await this.#member.pinned() };
    let said = 0;
    for (const id of ids) {
      const state = await readState(this.#store, id);
      if (id === own || state === null || state.standing === "request" || state.standing === "refused") continue;
      const isFollowed = state.standing === "following";
      if (isFollowed) followed[id] = state.record.R;
      else delete followed[id];
      const isTold = registers.get("conversation", id) !== null;
      // The others follow by themselves what began with a contact; a device that is linked later is told by its link.
      if (isFollowed ? isTold || !ALONE.includes(state.reason ?? "") : !isTold) continue;
      const value = isFollowed ? await this.#pinOf(id, state) : null;
      await conversation.say("sync", { register: "conversation", key: id, value });
      said += 1;
    }
    if (said > 0) await conversation.flush();
    await this.#member.pin(followed);
  }

  /** @param {string} id  @param {import("./state.js").State} state */
  async #pinOf(id, { record: { R, place } }) {
    return { R, sequence: place, log: (await this.#store.read(keysOf(id).log(place))) ?? null };
  }
}
