/**
 * That something was read here is told: to the other own devices, for which it counts as well, and to those who wrote it
 * where not too many are (docs/conversations.md, 6.2 and 9.2). What follows each other at once is told at once.
 */

import { isPassing } from "../protocol/errors.js";
import { toBase64url } from "../protocol/encoding.js";
import { marked } from "./marks.js";
import { readState } from "./state.js";
import { STATES, keysOf } from "./store.js";

/** Above so many people nobody tells what they have read. */
const PEOPLE_MOST = 20;
const PAUSE_MS = 1500;

export class Receipts {
  #member;
  #store;
  #own;
  #of;
  /** To be told of next. @type {Set<string>} */
  #waiting = new Set();

  /**
   * @param {import("./member.js").Member} member
   * @param {import("./store.js").Store} store
   * @param {import("./own-devices.js").OwnDevices} own
   * @param {(id: string) => import("./conversation.js").Conversation} of
   */
  constructor(member, store, own, of) {
    this.#member = member;
    this.#store = store;
    this.#own = own;
    this.#of = of;
  }

  /**
   * All up to a place was read.
   * @param {string} id
   * @param {number} place
   * @returns {Promise<boolean>} whether anybody is to be told, after a while
   */
  async read(id, place) {
    const chain = toBase64url(this.#member.chain);
    return this.#store.change(async (within) => {
      const state = await readState(within, id);
      if (state === null) return false;
      const after = await marked(within, id, state, Math.min(place, state.place), chain);
      if (after.mark === state.mark) return false;
      await within.put(keysOf(id).state, after);
      return true;
    });
  }

  /** Tells of this one, and of others of which is told just now. @param {string} id */
  async tell(id) {
    const isFirst = this.#waiting.size === 0;
    this.#waiting.add(id);
    if (!isFirst) return;
    await this.#member.pause(PAUSE_MS);
    const ids = [...this.#waiting];
    this.#waiting.clear();
    await this.#tell(ids);
  }

  /** Tells what was not told yet, as after a page was closed. */
  async tellAll() {
    await this.#tell((await this.#store.keys(STATES)).map((key) => key.slice(STATES.length)));
  }

  /** @param {readonly string[]} ids */
  async #tell(ids) {
    let isTold = false;
    for (const id of ids) {
      await this.#tellOthers(id);
      const state = await readState(this.#store, id);
      if (state === null || state.mark <= state.told || !(await this.#own.areSeveral())) continue;
      await this.#own.note("read", id, state.mark);
      await this.#of(id).note({ told: state.mark });
      isTold = true;
    }
    if (isTold) await this.#own.flush();
  }

  /** Those who have written something that was read, if they may know. @param {string} id */
  async #tellOthers(id) {
    const state = await readState(this.#store, id);
    if (state?.standing !== "following") return;
    const place = Math.min(state.mark, state.heard);
    if (place <= (state.reads[toBase64url(this.#member.chain)] ?? 0)) return;
    const conversation = this.#of(id);
    const { people } = await conversation.shown.people(state);
    if (people.length < 2 || people.length > PEOPLE_MOST) return;
    const { receipts } = /** @type {any} */ ((await this.#own.registers()).get("settings", "") ?? {});
    if (receipts === false) return;
    await conversation.say("read", { place }, ({ kind }) => kind === "read");
    await conversation.flush().catch((error) => {
      // It waits then, and is sent with what is said next.
      if (!isPassing(error)) throw error;
    });
  }
}
