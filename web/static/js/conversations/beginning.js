/**
 * Beginning an epoch (docs/conversations.md, 4): the wish is made into a record upon what was read, written down with
 * its seed before anybody is asked, and made anew where somebody else was faster.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { SECRET_BYTES } from "../protocol/limits.js";
import { sealBoxes, signRecord } from "../protocol/conversations/epochs.js";
import { founding, renewal, sealingKeys } from "../protocol/conversations/making.js";
import { keysOfDevices } from "./conversation-api.js";
import { standpoint } from "./state.js";
import { keysOf } from "./store.js";

/** How often somebody else may be faster. */
const ATTEMPTS = 8;
/** What a record of somebody else, a chain or a key that was newer is answered with. */
const AGAIN = ["conflict", "record_epoch", "record_previous", "record_seen", "record_point", "record_devices", "broken"];
/** Nobody can tell whether it was taken. */
const UNSURE = ["unreachable", "not_ours", "unavailable", "internal", "too_many", "session_ended", "unauthorized", "proof_wrong"];

/**
 * @typedef {import("./state.js").Parts} Parts
 * @typedef {import("./state.js").State} State
 * @typedef {import("./conversation-api.js").PersonNow} PersonNow
 * @typedef {import("../protocol/conversations/records.js").Record} Record
 * @typedef {import("../protocol/conversations/making.js").Change} Change
 *
 * What somebody wants of the next record; null: nothing any more, since it is so.
 * @typedef {{change: Change, people?: readonly PersonNow[]}} Wanted  `people`: with the keys of who is to be added
 * @typedef {(before: Record, members: import("./conversation-api.js").Members) => Wanted|null|Promise<Wanted|null>} Wish
 *
 * @typedef {{epoch: number, R: string, previous: string, record: string, signature: string, boxes: string[], seed: string}} Draft
 */

export class Beginning {
  #id;
  #parts;
  #catchingUp;
  #keys;

  /**
   * @param {string} id
   * @param {Parts} parts
   * @param {import("./catching-up.js").CatchingUp} catchingUp
   */
  constructor(id, parts, catchingUp) {
    this.#id = id;
    this.#parts = parts;
    this.#catchingUp = catchingUp;
    this.#keys = keysOf(id);
  }

  /**
   * The first epoch. The same again, after a lost answer, is `finish`.
   * @param {Uint8Array} conversation
   * @param {object} wish
   * @param {readonly PersonNow[]} wish.people  with their keys, the own ones too
   * @param {(chain: Uint8Array) => "admin"|"member"} wish.role
   * @param {number} [wish.timer]
   * @param {Uint8Array|null} [wish.joining]
   * @param {import("../protocol/conversations/records.js").Continues|null} [wish.continues]
   */
  async found(conversation, { people, role, timer, joining, continues }) {
    const { contacts, member } = this.#parts;
    const lines = await contacts.lines(people);
    const keyOf = await keysOfDevices(people, lines);
    const seed = member.random(SECRET_BYTES);
    const named = people.map(({ chain }) => ({ chain, role: role(chain) }));
    const made = await founding({ by: member.device, seed, lines, keyOf }, {
      conversation, people: named, timer, joining, continues,
    });
    await this.#post(await this.#write(made, { keyOf, lines }, seed));
  }

  /**
   * Posts a record that was written down, and perhaps never came.
   * @param {State|null} state  null: the first
   */
  async finish(state) {
    const draft = await this.#waiting(state?.record.R ?? "");
    if (draft !== null && (state !== null || draft.epoch === 1)) await this.#post(draft);
  }

  /**
   * The next epoch.
   * @param {Wish} wish
   * @returns {Promise<State>}
   * @throws {Refusal} `not_admin`, `record_author`, `record_people`, `record_admin`; `epoch_stuck`; the server's
   */
  async begin(wish) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const state = await this.#catchingUp.run();
      if (state.standing !== "following") throw new Refusal(state.why ?? "not_member");
      const members = await this.#parts.api.members(this.#id);
      const { signed } = await standpoint(this.#parts.store, this.#id, state);
      const wanted = await wish(signed.record, members);
      if (wanted === null) return state;
      // One whose answer was lost is posted again as it was: it may stand there, or come to stand.
      const waiting = await this.#waiting(state.record.R);
      const draft = waiting ?? await this.#make(state, signed.record, members, wanted);
      if (await this.#post(draft) && waiting === null) return this.#catchingUp.run();
    }
    throw new Refusal("epoch_stuck");
  }

  /**
   * @param {State} state
   * @param {Record} before
   * @param {import("./conversation-api.js").Members} members
   * @param {Wanted} wanted
   */
  async #make(state, before, members, { change, people = [] }) {
    const { contacts, member } = this.#parts;
    const all = [...members.people, ...people];
    const lines = await contacts.lines(all);
    const keyOf = await keysOfDevices(all, lines);
    const seed = member.random(SECRET_BYTES);
    const { place, hash } = state;
    const made = await renewal(before, {
      by: member.device, seed, lines, keyOf, seen: place, log: fromBase64url(hash, 32),
    }, { ...change, leaves: members.leaves });
    return this.#write(made, { keyOf, lines }, seed);
  }

  /** A record that was made upon this one, and of which nobody knows what became. @param {string} R @returns {Promise<Draft|null>} */
  async #waiting(R) {
    const { store } = this.#parts;
    for (const key of await store.keys(this.#keys.drafts)) {
      const draft = await store.read(key);
      if (draft !== undefined && (R === "" || draft.previous === R)) return draft;
    }
    return null;
  }

  /**
   * @param {Record} made
   * @param {Pick<import("../protocol/conversations/making.js").Author, "keyOf"|"lines">} known
   * @param {Uint8Array} seed
   */
  async #write(made, known, seed) {
    const { member, store } = this.#parts;
    const record = made.encode();
    const hash = await made.hash();
    const devices = made.devices.map(({ device }) => device);
    const boxes = await sealBoxes(await member.hpke("send"), hash, sealingKeys(made, known), devices, seed);
    const { signature } = await signRecord(member.keys, record, boxes);
    /** @type {Draft} */
    const draft = {
      epoch: made.epoch, R: toBase64url(hash), previous: toBase64url(made.previous), record: toBase64url(record),
      signature: toBase64url(signature), boxes: boxes.map(toBase64url), seed: toBase64url(seed),
    };
    await store.change(async (within) => {
      await within.put(this.#keys.draft(draft.R), draft);
      await within.put(this.#keys.posting, true);
    });
    return draft;
  }

  /** @param {Draft} draft  @returns {Promise<boolean>} false: something else came first */
  async #post(draft) {
    const { api } = this.#parts;
    const posted = {
      record: fromBase64url(draft.record), signature: fromBase64url(draft.signature),
      boxes: draft.boxes.map((box) => fromBase64url(box)),
    };
    try {
      await (draft.epoch === 1 ? api.found(posted) : api.begin(this.#id, posted));
      return true;
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (!UNSURE.includes(code)) await this.#drop(draft.R);
      if (draft.epoch > 1 && AGAIN.includes(code)) return false;
      throw error;
    }
  }

  /** It was refused, and will never stand in the log. @param {string} R */
  async #drop(R) {
    await this.#parts.store.change(async (within) => {
      await within.remove(this.#keys.draft(R));
      if ((await within.keys(this.#keys.drafts)).length === 0) await within.remove(this.#keys.posting);
    });
  }
}
