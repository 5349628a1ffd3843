/**
 * The log of a conversation: one order of records and messages for everybody (docs/conversations.md, section 5). Each
 * hash names all that came before it, so that two who have the same hash have read the same.
 */

import { labelledHash } from "../accounts/derivation.js";
import { concat, u64 } from "../encoding.js";
import { sha256 } from "../keys.js";

/** Kinds of entries. */
export const RECORD = 1;
export const MESSAGE = 2;

/** The hash of a log without entries. @param {Uint8Array} conversation */
export const firstHash = (conversation) => labelledHash("log", conversation);

/**
 * @param {Uint8Array} before  the hash of the place before
 * @param {number} place  from 1
 * @param {number} kind
 * @param {Uint8Array} device  who posted the entry
 * @param {Uint8Array} digest  of the entry
 */
export const nextHash = (before, place, kind, device, digest) =>
  sha256(concat(before, u64(place), Uint8Array.of(kind), device, digest));

/**
 * How far somebody has read, and what they had read by then.
 *
 * Entries themselves aren't needed: of those that are destroyed their digests are left.
 */
export class Log {
  /**
   * @param {number} place
   * @param {Uint8Array} hash
   */
  constructor(place, hash) {
    this.place = place;
    this.hash = hash;
    Object.freeze(this);
  }

  /** Where nothing has been said yet. @param {Uint8Array} conversation */
  static async first(conversation) {
    return new Log(0, await firstHash(conversation));
  }

  /**
   * With one entry more.
   * @param {number} kind
   * @param {Uint8Array} device
   * @param {Uint8Array} digest
   */
  async next(kind, device, digest) {
    const place = this.place + 1;
    return new Log(place, await nextHash(this.hash, place, kind, device, digest));
  }
}
