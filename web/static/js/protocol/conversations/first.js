/**
 * Whether a record may be the first that a reader follows (docs/conversations.md, 3.2): who adds somebody to what is
 * the reader's own rule, and no matter of the judge's.
 */

import { isSame } from "../accounts/derivation.js";
import { Refusal } from "../errors.js";

/**
 * Why a conversation is shown.
 * @typedef {"contact"|"invitation"|"pinned"|"self"|"continues"|"agreed"} Reason
 *
 * @typedef {object} Reader
 * @property {Uint8Array} own  the reader's chain
 * @property {Uint8Array} self  the id of its self-conversation
 * @property {readonly Uint8Array[]} [contacts]  chains of accepted contacts
 * @property {readonly Uint8Array[]} [invited]  chains that an invitation or link into this conversation names
 * @property {readonly Uint8Array[]} [pinned]  hashes of records that own devices have followed
 * @property {import("./records.js").Record|null} [continued]  the record that this one goes on from, if it is on the
 *   reader's line of good records
 * @property {boolean} [agreed]  a recovered device without pins has asked, and the person said yes
 */

/**
 * @param {import("./records.js").SignedRecord} signed  judged good, without a record before
 * @param {import("./lines.js").Lines} lines
 * @param {Reader} reader
 * @returns {Reason}
 * @throws {Refusal} `record_uninvited`
 */
export function firstReason({ record, hash }, lines, reader) {
  const { own, self, contacts = [], invited = [], pinned = [], continued = null, agreed = false } = reader;
  const has = (/** @type {readonly Uint8Array[]} */ all, /** @type {Uint8Array} */ one) =>
    all.some((each) => isSame(each, one));
  const me = record.person(own);
  const author = record.personOf(record.by, lines);
  if (me !== null && author !== null) {
    if (isSame(record.conversation, self)) {
      if (record.people.length === 1) return "self";
    } else {
      const enters = me.since === record.epoch;
      const byAdmin = enters && author.role === "admin";
      if (byAdmin && has([own, ...contacts], author.chain)) return "contact";
      if (byAdmin && has(invited, author.chain)) return "invitation";
      if (has(pinned, hash)) return "pinned";
      if (enters && continued?.person(author.chain)?.role === "admin" && continued.person(own)) return "continues";
      if (agreed) return "agreed";
    }
  }
  throw new Refusal("record_uninvited");
}
