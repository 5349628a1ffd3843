/**
 * What all devices of an account share: they tell each other in a conversation of their own (docs/conversations.md,
 * section 9). The newest in the order of its log is what holds.
 */

import { labelledHash } from "../accounts/derivation.js";
import { ID_BYTES } from "../limits.js";

/** The registers that there are; a later version may have others, which are kept. */
export const REGISTERS = Object.freeze([
  "block", "request", "alias", "profile", "read", "settings", "verified", "hidden", "links", "files", "draft", "history", "conversation",
]);

/**
 * The id of the conversation that an account's devices have with each other. It changes when the account is recovered.
 * @param {Uint8Array} chain
 * @param {Uint8Array} foundingHash  of its last GENESIS or RECOVER
 */
export const selfConversation = async (chain, foundingHash) =>
  (await labelledHash("self", chain, foundingHash)).slice(0, ID_BYTES);

/** That of this chain. @param {Pick<import("../accounts/chain.js").Chain, "id"|"hashes"|"founded">} chain */
export const ownConversation = ({ id, hashes, founded }) => selfConversation(id, hashes[founded]);

/** @typedef {ReadonlyMap<string, ReadonlyMap<string, unknown>>} Values  values by register and key */

/** The state after some contents. `with` makes the next, this one stays. */
export class Registers {
  /** @param {Values} [values] */
  constructor(values = new Map()) {
    this.values = values;
    Object.freeze(this);
  }

  /**
   * After one more content, in the order of the log. Other kinds than `sync` say nothing here.
   * @param {import("./contents.js").Content} content
   * @returns {Registers}
   */
  with({ kind, body }) {
    if (kind !== "sync") return this;
    const register = String(body.register);
    const entries = new Map(this.values.get(register));
    if (body.value === null) entries.delete(String(body.key));
    else entries.set(String(body.key), body.value);
    const values = new Map(this.values);
    if (entries.size === 0) values.delete(register);
    else values.set(register, entries);
    return new Registers(values);
  }

  /** Null where nothing holds. @param {string} register  @param {string} key @returns {unknown} */
  get(register, key) {
    return this.values.get(register)?.get(key) ?? null;
  }

  /** All of one register. @param {string} register @returns {ReadonlyMap<string, unknown>} */
  all(register) {
    return this.values.get(register) ?? new Map();
  }

  /** As JSON, which linking hands over and pin files keep. @returns {{[register: string]: {[key: string]: unknown}}} */
  toJson() {
    return Object.fromEntries(Array.from(this.values, ([register, entries]) => [register, Object.fromEntries(entries)]));
  }

  /** @param {{[register: string]: {[key: string]: unknown}}} json */
  static fromJson(json) {
    return new Registers(new Map(Object.entries(json).map(([register, entries]) =>
      [register, new Map(Object.entries(entries))])));
  }
}
