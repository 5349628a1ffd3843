/**
 * Whether a record may be the first that a reader follows (docs/conversations.md, 3.2): who adds somebody to what is
 * the reader's own rule, and no matter of the judge's.
 */

import { isSame } from "../accounts/derivation.js";
import { Refusal, refuse } from "../errors.js";
import { selfConversation } from "./registers.js";

/**
 * Why a conversation is shown.
 * @typedef {"contact"|"invitation"|"pinned"|"self"|"continues"|"agreed"} Reason
 *
 * @typedef {object} Reader
 * @property {Uint8Array} chain  the reader's own
 * @property {Uint8Array} founding  the hash of its last GENESIS or RECOVER
 * @property {readonly Uint8Array[]} [contacts]  chains of accepted contacts
 * @property {readonly Uint8Array[]} [inviters]  chains that invitations and join links into this conversation name
 * @property {readonly Uint8Array[]} [pinned]  hashes of records that own devices have followed
 * @property {import("./records.js").Record|null} [continued]  the record that this one goes on from, if it was good on
 *   the reader's line
 * @property {boolean} [agreed]  a recovered device without pins has asked, and the person said yes
 */

/**
 * @param {import("./records.js").Record} record  judged good, without a record before
 * @param {import("./lines.js").Lines} lines
 * @param {Reader} reader
 * @returns {Promise<Reason>}
 * @throws {Refusal} `record_uninvited`
 */
export async function firstReason(record, lines, reader) {
  const { chain, founding, contacts = [], inviters = [], pinned = [], continued = null, agreed = false } = reader;
  const me = record.person(chain);
  const author = record.personOf(record.by, lines);
  if (me === null || author === null) throw new Refusal("record_uninvited");
  if (isSame(record.conversation, await selfConversation(chain, founding))) {
    refuse(record.people.length !== 1, "record_uninvited");
    return "self";
  }
  const byAdmin = me.since === record.epoch && author.role === "admin";
  if (byAdmin && has([chain, ...contacts], author.chain)) return "contact";
  if (byAdmin && has(inviters, author.chain)) return "invitation";
  if (has(pinned, await record.hash())) return "pinned";
  if (byAdmin && await goesOn(record, author, continued)) return "continues";
  refuse(!agreed, "record_uninvited");
  return "agreed";
}

/** @param {readonly Uint8Array[]} all  @param {Uint8Array} one */
const has = (all, one) => all.some((each) => isSame(each, one));

/**
 * Whether a conversation goes on from one that the reader was in, by somebody who was an admin there.
 * @param {import("./records.js").Record} record
 * @param {import("./records.js").Person} author
 * @param {import("./records.js").Record|null} continued
 */
async function goesOn({ continues }, author, continued) {
  if (continues === null || continued === null) return false;
  const named = isSame(continues.conversation, continued.conversation) &&
    isSame(continues.record, await continued.hash());
  return named && continued.person(author.chain)?.role === "admin";
}
