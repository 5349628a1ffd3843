/** The room and its members, as the server tells of them (docs/protocol.md, sections 7 and 9). */

import { TYPING_SECONDS } from "./limits.js";
import { forgetStrangers } from "./strangers.js";

/**
 * @typedef {import("./objects.js").Member} Member
 * @typedef {import("./profile.js").Profile} Profile
 */

export class Roster {
  #me;
  #roomTtl;
  /** @type {import("./objects.js").Room|null} */
  #room = null;
  /** @type {Map<string, Member>} */
  #members = new Map();
  /** Who types, and until when by this device's clock. @type {Map<string, number>} */
  #typing = new Map();
  /** Names of those who have left too: their messages may still wait. @type {Map<string, Profile>} */
  #profiles = new Map();

  /**
   * @param {string} me  member id
   * @param {number} roomTtl  seconds
   */
  constructor(me, roomTtl) {
    this.#me = me;
    this.#roomTtl = roomTtl;
  }

  get room() {
    return this.#room;
  }

  /**
   * The complete present state.
   * @param {import("./objects.js").Room} room
   * @param {Member[]} members
   * @returns {Member[]} whose profiles are new
   */
  replace(room, members) {
    this.#room = room;
    const before = this.#members;
    this.#members = new Map();
    this.#typing.clear();
    const fresh = [];
    for (const member of members) {
      this.#members.set(member.id, member);
      if (before.get(member.id)?.profile !== member.profile) fresh.push(member);
    }
    return fresh;
  }

  /** Members whose first message we can't have missed. */
  cameAfterMe() {
    const mine = this.#members.get(this.#me)?.joinedAt ?? Infinity;
    return [...this.#members.values()].filter((one) => one.joinedAt > mine).map((one) => one.id);
  }

  /**
   * @param {Member} member
   * @param {number} joins
   * @returns {Member[]} whose profiles are new
   */
  joined(member, joins) {
    this.#members.set(member.id, member);
    if (this.#room !== null) this.#room.joins = joins;
    return [member];
  }

  /** @param {string} id */
  left(id) {
    this.#members.delete(id);
    this.#typing.delete(id);
  }

  /**
   * @param {string} id
   * @param {boolean} present
   * @param {number} serverNow
   */
  present(id, present, serverNow) {
    const member = this.#members.get(id);
    if (member !== undefined) Object.assign(member, { present, seenAt: serverNow });
    if (!present) this.#typing.delete(id);
  }

  /**
   * @param {string} id
   * @param {Profile} profile
   */
  named(id, profile) {
    this.#profiles.set(id, profile);
  }

  /**
   * @param {string} id
   * @returns {{name: string|null, colour: number|null}}
   */
  profile(id) {
    return this.#profiles.get(id) ?? { name: null, colour: null };
  }

  /**
   * @param {string} id
   * @param {boolean} typing
   * @param {number} now
   */
  types(id, typing, now) {
    if (typing && this.#members.has(id) && id !== this.#me) {
      this.#typing.set(id, now + 1000 * TYPING_SECONDS);
    } else {
      this.#typing.delete(id);
    }
  }

  /** Members who are here. */
  ids() {
    return [...this.#members.keys()];
  }

  /** @param {Set<string>} known  members, and authors of what is kept */
  forgetStrangers(known) {
    forgetStrangers(this.#profiles, known);
  }

  nobodyTypes() {
    this.#typing.clear();
  }

  /** @param {boolean} locked */
  locked(locked) {
    if (this.#room !== null) this.#room.locked = locked;
  }

  /** The room's end moves with its use; nobody tells by how much. @param {number} serverNow */
  used(serverNow) {
    if (this.#room === null) return;
    this.#room.expiresAt = Math.max(this.#room.expiresAt, serverNow + 1000 * this.#roomTtl);
  }

  /** @param {number} now */
  tick(now) {
    for (const [id, until] of this.#typing) if (until <= now) this.#typing.delete(id);
  }

  nextDeadline() {
    return Math.min(Infinity, ...this.#typing.values());
  }

  /** Members as pages see them, in order of joining. */
  views() {
    return [...this.#members.values()]
      .sort((a, b) => a.joinedAt - b.joinedAt || (a.id < b.id ? -1 : 1))
      .map(({ profile, ...member }) =>
        ({ ...member, ...this.profile(member.id), me: member.id === this.#me }));
  }

  typing() {
    return [...this.#typing.keys()];
  }
}
