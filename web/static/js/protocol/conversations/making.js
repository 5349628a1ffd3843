/**
 * The next record, made from a wish (docs/conversations.md, 2 and 4). Whatever is due is done in it at once: devices
 * that came or went, people who left or whose accounts are over, a conversation that has lost its admins. What comes of
 * it is always judged good.
 */

import { isSame } from "../accounts/derivation.js";
import { NO_HASH } from "../accounts/statements.js";
import { Refusal, refuse } from "../errors.js";
import { sha256 } from "../keys.js";
import { commitment } from "./epochs.js";
import { hasOldAdmin, isBefore, judgeUnsigned } from "./judge.js";
import { isLeave } from "./leaves.js";
import { listedOf } from "./lines.js";
import { firstHash } from "./log.js";
import { Record } from "./records.js";

/**
 * @typedef {import("./records.js").Person} Person
 * @typedef {import("./records.js").Leave} Leave
 * @typedef {import("./lines.js").Lines} Lines
 * @typedef {Person["role"]} Role
 *
 * @typedef {{chain: Uint8Array, role: Role, since: number}} Named
 *
 * @typedef {Pick<import("../accounts/sealing-keys.js").SealingKey, "number"|"key">} SealingKey
 *
 * The newest sealing key of a device as that of this chain, whose signature was verified; null where none is known.
 * @typedef {(device: Uint8Array, chain: Uint8Array) => SealingKey|null} KeyOf
 *
 * What the author has at hand. Lines are as new as they can be had: the record judges at their ends.
 * @typedef {object} Author
 * @property {Uint8Array} by  its device
 * @property {Uint8Array} seed  32 random bytes
 * @property {Lines} lines
 * @property {KeyOf} keyOf
 *
 * @typedef {object} Change  what an admin may wish; `leaves` are those that were deposited, and may be used by anybody
 * @property {readonly {chain: Uint8Array, role: Role}[]} [add]
 * @property {readonly Uint8Array[]} [remove]  chains
 * @property {readonly {chain: Uint8Array, role: Role}[]} [roles]
 * @property {number} [timer]
 * @property {Uint8Array|null} [joining]
 * @property {readonly Leave[]} [leaves]
 */

/**
 * The first record of a conversation. Its author is an admin.
 * @param {Author} author
 * @param {object} wish
 * @param {Uint8Array} wish.conversation  16 random bytes, or of a self-conversation its id
 * @param {readonly {chain: Uint8Array, role: Role}[]} wish.people  the author among them
 * @param {number} [wish.timer]
 * @param {Uint8Array|null} [wish.joining]
 * @param {import("./records.js").Continues|null} [wish.continues]
 * @returns {Promise<Record>}
 * @throws {Refusal} with the code of the rule that it would break
 */
export async function founding(author, { conversation, people, timer = 0, joining = null, continues = null }) {
  const own = ownerOf(author, people);
  const named = people.map(({ chain, role }) =>
    ({ chain, role: isSame(chain, own) ? /** @type {Role} */ ("admin") : role, since: 1 }));
  return record(author, named.sort(inOrder), null, {
    conversation, epoch: 1, previous: NO_HASH, seen: 0, log: await firstHash(conversation), timer, joining,
    leaves: [], continues,
  });
}

/**
 * The record that follows `before`.
 * @param {Record} before
 * @param {Author & {seen: number, log: Uint8Array}} author  who has read the log up to this place
 * @param {Change} [change]
 * @returns {Promise<Record>}
 * @throws {Refusal} `not_admin` for what only an admin may wish, `record_author` for a device that may write none, and
 *   the code of a rule that the wish breaks
 */
export async function renewal(before, author, change = {}) {
  const { lines, seen, log } = author;
  const own = ownerOf(author, before.people);
  const may = before.person(own)?.role === "admin";
  refuse(!may && needsAdmin(change), "not_admin");
  const leaves = await usable(before, change.leaves ?? [], lines);
  const left = leaves.map(({ chain }) => chain);
  refuse(has(left, own), "record_author");
  const goes = (/** @type {Person} */ { chain }) =>
    has([...(change.remove ?? []), ...left], chain) || lines.get(chain)?.last.closed;
  const comes = (/** @type {{chain: Uint8Array}} */ { chain }) =>
    before.person(chain) === null && !lines.get(chain)?.last.closed;
  const epoch = before.epoch + 1;
  const people = [
    ...before.people.filter((one) => !goes(one)).map(({ chain, role, since }) =>
      ({ chain, role: wished(chain, change) ?? role, since })),
    ...(change.add ?? []).filter(comes).map(({ chain, role }) => ({ chain, role, since: epoch })),
  ].sort(inOrder);
  if (!may && people.length > 0 && !hasOldAdmin(before, people)) people[0].role = "admin";
  return record(author, people, before, {
    conversation: before.conversation, epoch, previous: await before.hash(), seen, log,
    timer: change.timer ?? before.timer,
    joining: change.joining === undefined ? before.joining : change.joining,
    leaves, continues: null,
  });
}

/**
 * The keys that the boxes of a record are sealed to, null where none is.
 * @param {Record} made  of `founding` or `renewal`
 * @param {Pick<Author, "keyOf"|"lines">} author  the same
 * @returns {(Uint8Array|null)[]}
 */
export function sealingKeys(made, { keyOf, lines }) {
  const listed = listedOf(made.people, lines) ?? missing();
  return made.devices.map(({ device, number }, at) =>
    (number === 0 ? null : keyOf(device, listed[at].person.chain)?.key ?? null));
}

/** @param {Pick<Person, "chain"|"since">} one  @param {Pick<Person, "chain"|"since">} other */
const inOrder = (one, other) => (isBefore(one, other) ? -1 : 1);

/** @param {readonly Uint8Array[]} all  @param {Uint8Array} one */
const has = (all, one) => all.some((each) => isSame(each, one));

/** @param {Change} change */
const needsAdmin = ({ add, remove, roles, timer, joining }) =>
  [add, remove, roles].some((some) => some !== undefined && some.length > 0) || timer !== undefined ||
  joining !== undefined;

/** The role that somebody is to have. @param {Uint8Array} chain  @param {Change} change */
const wished = (chain, { roles = [] }) => roles.find((one) => isSame(one.chain, chain))?.role;

/** The chain of these whose device the author is. @param {Author} author  @param {readonly {chain: Uint8Array}[]} people */
function ownerOf({ by, lines }, people) {
  const own = people.find(({ chain }) => lines.get(chain)?.last.keyOf(by));
  if (own === undefined) throw new Refusal("record_author");
  return own.chain;
}

/**
 * The leaves that hold, one for each leaver, in the order of the record before.
 * @param {Record} before
 * @param {readonly Leave[]} given
 * @param {Lines} lines
 */
async function usable(before, given, lines) {
  const found = [];
  for (const { chain } of before.people) {
    for (const leave of given.filter((one) => isSame(one.chain, chain))) {
      if (await isLeave(before, leave, lines)) {
        found.push(leave);
        break;
      }
    }
  }
  return found;
}

/**
 * @param {Author} author
 * @param {readonly Named[]} named  in the order of records
 * @param {Record|null} before
 * @param {Omit<import("./records.js").Fields, "by"|"commitment"|"people"|"devices">} rest
 */
async function record({ by, seed, lines, keyOf }, named, before, rest) {
  const people = named.map((one) => {
    const { sequence, head } = lines.get(one.chain)?.last ?? missing();
    return { ...one, sequence, head };
  });
  refuse(people.length === 0, "record_people");
  const listed = listedOf(people, lines) ?? missing();
  const made = new Record({
    ...rest, by, people,
    devices: await Promise.all(listed.map(({ device, person: { chain } }) => sealing(device, keyOf(device, chain), before))),
    commitment: await commitment({ ...rest, by }, seed),
  });
  const verdict = await judgeUnsigned(before, made, lines, true);
  if (verdict.verdict === "bad") throw new Refusal(verdict.code);
  // A timer that is too long, say: what the judge takes for granted.
  Record.decode(made.encode());
  return made;
}

/** @returns {never} */
function missing() {
  throw new TypeError("a record is made by whoever has the chains of all who are in it");
}

/**
 * A key that contradicts the record before counts as none, so that no device and no server can stop the others.
 * @param {Uint8Array} device
 * @param {SealingKey|null} known
 * @param {Record|null} before
 */
async function sealing(device, known, before) {
  const earlier = before?.devices[before.indexOf(device)];
  const none = { device, number: 0, sealing: NO_HASH };
  if (known === null || known.number < (earlier?.number ?? 0)) return none;
  const made = { device, number: known.number, sealing: await sha256(known.key) };
  return known.number === earlier?.number && !isSame(made.sealing, earlier.sealing) ? none : made;
}
