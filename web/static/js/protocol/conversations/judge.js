/**
 * Which record may follow which (docs/conversations.md, section 3). Server and clients judge alike: two readers of the
 * same records and chains have the same conversation.
 */

import { isSame } from "../accounts/derivation.js";
import { NO_HASH } from "../accounts/statements.js";
import { verifyRecord } from "./epochs.js";
import { isLeave } from "./leaves.js";
import { isSameDevices, listedDevices } from "./lines.js";
import { firstHash } from "./log.js";

export { firstReason } from "./first.js";
export { listedDevices } from "./lines.js";

/**
 * @typedef {import("./records.js").Record} Record
 * @typedef {import("./records.js").SignedRecord} SignedRecord
 * @typedef {import("./records.js").Person} Person
 * @typedef {import("./lines.js").Lines} Lines
 */

/** It may be followed. */
export const GOOD = Object.freeze({ verdict: /** @type {const} */ ("good") });

/** It breaks a rule, and isn't followed. */
export class Bad {
  verdict = /** @type {const} */ ("bad");

  /** @param {string} code  of the first rule broken */
  constructor(code) {
    this.code = code;
    Object.freeze(this);
  }
}

/** Statements of these chains have to be fetched before it can be judged. Until then nothing after it is shown. */
export class Waiting {
  verdict = /** @type {const} */ ("waiting");

  /** @param {readonly Uint8Array[]} chains */
  constructor(chains) {
    this.chains = chains;
    Object.freeze(this);
  }
}

/**
 * @typedef {typeof GOOD|Bad|Waiting} Verdict
 *
 * What one rule says: a code; chains that are missing, and the code if they can't be had; null if it is met.
 * @typedef {string|{missing: Uint8Array[], code: string}|null} Finding
 *
 * @typedef {object} Case
 * @property {Record|null} before
 * @property {Record} after
 * @property {Lines} lines
 *
 * @typedef {(one: Case) => Finding|Promise<Finding>} Rule
 *
 * @typedef {Case & {before: Record}} Follows
 * @typedef {(one: Follows) => Finding|Promise<Finding>} FollowRule
 */

/**
 * @param {Record|null} before  null for the first that this reader accepts (3.2 says whether it may)
 * @param {SignedRecord} signed
 * @param {Lines} lines
 * @param {boolean} [complete]  what is missing was asked for and isn't there
 * @returns {Promise<Verdict>}
 */
export async function judge(before, signed, lines, complete = false) {
  const verdict = await judgeUnsigned(before, signed.record, lines, complete);
  if (verdict !== GOOD) return verdict;
  return await isSigned(signed, lines) ? GOOD : new Bad("record_signature");
}

/**
 * All rules but the last: what an author asks before it signs.
 * @param {Record|null} before
 * @param {Record} after
 * @param {Lines} lines
 * @param {boolean} [complete]
 * @returns {Promise<Verdict>}
 */
export async function judgeUnsigned(before, after, lines, complete = false) {
  const findings = before === null ? firstFindings({ before, after, lines }) : nextFindings({ before, after, lines });
  for await (const finding of findings) {
    if (finding === null) continue;
    if (typeof finding === "string") return new Bad(finding);
    return complete ? new Bad(finding.code) : new Waiting(finding.missing);
  }
  return GOOD;
}

/** The rules in their order, each looked at only when those before it are met. @param {Follows} one */
async function* nextFindings(one) {
  /** @type {readonly FollowRule[]} */
  const rules = [
    ({ before, after }) => unless(isSame(after.conversation, before.conversation), "record_conversation"),
    ({ before, after }) => unless(after.epoch === before.epoch + 1, "record_epoch"),
    async ({ before, after }) => unless(isSame(after.previous, await before.hash()), "record_previous"),
    ({ before, after }) => unless(after.suite >= before.suite, "record_suite"),
    ({ before, after }) => unless(after.seen >= before.seen, "record_seen"),
    people, point, devices, sealing, author, leaves, role, admin, continues,
  ];
  for (const rule of rules) yield await rule(one);
}

/** @param {Case} one */
async function* firstFindings(one) {
  /** @type {readonly Rule[]} */
  const rules = [
    people,
    ({ after }) => unless((after.epoch === 1) === isSame(after.previous, NO_HASH), "record_previous"),
    async ({ after }) => unless(after.epoch > 1 || await isAtBeginning(after), "record_seen"),
    point, devices, sealing, author,
    ({ after }) => unless(after.epoch > 1 || after.leaves.length === 0, "record_leave"),
    firstAdmin, continues,
  ];
  for (const rule of rules) yield await rule(one);
}

/** @param {boolean} met  @param {string} code */
const unless = (met, code) => (met ? null : code);

/** Whether nothing was read when it was written. @param {Record} after */
const isAtBeginning = async ({ conversation, seen, log }) => seen === 0 && isSame(log, await firstHash(conversation));

/** Rule 6. @type {Rule} */
function people({ before, after }) {
  const told = (/** @type {Person} */ one, /** @type {number} */ at) => at === 0 || isBefore(after.people[at - 1], one);
  const entered = (/** @type {Person} */ { chain, since }) => {
    if (before !== null) return since === (before.person(chain)?.since ?? after.epoch);
    return after.epoch === 1 ? since === 1 : since <= after.epoch;
  };
  const once = new Set(after.people.map(({ chain }) => chain.join())).size === after.people.length;
  return unless(once && after.people.every(told) && after.people.every(entered), "record_people");
}

/** The order of people: who came first, then by the bytes of their chains. @param {Pick<Person, "chain"|"since">} one @param {Pick<Person, "chain"|"since">} other */
export function isBefore(one, other) {
  if (one.since !== other.since) return one.since < other.since;
  const at = one.chain.findIndex((byte, place) => byte !== other.chain[place]);
  return at >= 0 && one.chain[at] < other.chain[at];
}

/** Rule 7. Who is over by then could never be found due, nor be removed by others. @type {Rule} */
function point({ before, after, lines }) {
  const missing = [];
  for (const { chain, sequence, head } of after.people) {
    if (before !== null && sequence < (before.person(chain)?.sequence ?? 0)) return "record_point";
    const state = lines.get(chain)?.at(sequence);
    if (!state) missing.push(chain);
    else if (state.closed || !isSame(state.head, head)) return "record_point";
  }
  return missing.length > 0 ? { missing, code: "record_point" } : null;
}

/** Rule 8. What lines lack, rule 7 has found. @type {Rule} */
function devices({ after, lines }) {
  const right = listedDevices(after.people, lines) ?? [];
  const named = after.devices.map(({ device }) => device);
  const once = new Set(named.map((device) => device.join())).size === named.length;
  return unless(once && isSameDevices(named, right), "record_devices");
}

/** Rule 9. @type {Rule} */
function sealing({ before, after }) {
  const earlier = new Map(before?.devices.map((one) => [one.device.join(), one]));
  const right = after.devices.every(({ device, number, sealing: named }) => {
    if (number === 0) return isSame(named, NO_HASH);
    const known = earlier.get(device.join());
    if (known === undefined || number > known.number) return true;
    return number === known.number && isSame(named, known.sealing);
  });
  return unless(right, "record_sealing");
}

/** The person who wrote it, as the record has them. @param {Case} one */
const authorOf = ({ after, lines }) => after.personOf(after.by, lines);

/** The person who wrote it, as the record before has them. @param {Case} one */
const authorBefore = (one) => one.before?.person(authorOf(one)?.chain ?? NO_HASH) ?? null;

/** Rule 10. @type {Rule} */
const author = (one) =>
  unless((one.before === null ? authorOf(one) : authorBefore(one)) !== null, "record_author");

/** Rule 11. @type {FollowRule} */
async function leaves({ before, after, lines }) {
  /** Where somebody stands in the record before; -1 for nobody of it, and for who is still there. @param {Uint8Array} chain */
  const place = (chain) => (after.person(chain) ? -1 : before.people.findIndex((one) => isSame(one.chain, chain)));
  const missing = [];
  let last = -1;
  for (const leave of after.leaves) {
    const at = place(leave.chain);
    // In the order of the people, and so none twice.
    if (at <= last) return "record_leave";
    last = at;
    const right = await isLeave(before, leave, lines);
    if (right === false) return "record_leave";
    if (right === null) missing.push(leave.chain);
  }
  return missing.length > 0 ? { missing, code: "record_leave" } : null;
}

/** Whether one of those who were admins is still there. @param {Record} before @param {readonly Pick<Person, "chain">[]} people */
export const hasOldAdmin = (before, people) =>
  people.some(({ chain }) => before.person(chain)?.role === "admin");

/** Whether everybody who was there and is still has the role that they had. @param {Record} before @param {readonly Person[]} people */
const isSameRoles = (before, people) =>
  people.every(({ chain, role: now }) => now === (before.person(chain)?.role ?? "member"));

/** Rule 12. @type {FollowRule} */
function role(one) {
  const { before, after, lines } = one;
  if (authorBefore(one)?.role === "admin") return null;
  const isNew = (/** @type {Person} */ { chain }) => before.person(chain) === null;
  if (after.people.some(isNew) || after.timer !== before.timer || !isSameJoining(after, before)) return "record_role";
  if (hasOldAdmin(before, after.people) && !isSameRoles(before, after.people)) return "record_role";
  const left = (/** @type {Uint8Array} */ chain) => after.leaves.some((leave) => isSame(leave.chain, chain));
  const missing = before.people.filter(({ chain, sequence }) =>
    after.person(chain) === null && !left(chain) && !lines.get(chain)?.closedAfter(sequence));
  return missing.length > 0 ? { missing: missing.map(({ chain }) => chain), code: "record_role" } : null;
}

/** @param {Record} one  @param {Record} other */
const isSameJoining = (one, other) =>
  one.joining === null || other.joining === null ? one.joining === other.joining : isSame(one.joining, other.joining);

/** Rule 13. @type {FollowRule} */
function admin(one) {
  const { before, after } = one;
  if (authorBefore(one)?.role === "admin" || hasOldAdmin(before, after.people)) return unless(hasAdmin(after), "record_admin");
  const [first, ...others] = after.people;
  return unless(first.role === "admin" && isSameRoles(before, others), "record_admin");
}

/** Rule 13 without a record before. @type {Rule} */
const firstAdmin = (one) =>
  unless(one.after.epoch === 1 ? authorOf(one)?.role === "admin" : hasAdmin(one.after), "record_admin");

/** @param {Record} record */
const hasAdmin = ({ people: all }) => all.some((person) => person.role === "admin");

/** Rule 14. @type {Rule} */
const continues = ({ after }) => unless(after.epoch === 1 || after.continues === null, "record_continues");

/** Rule 15. @param {SignedRecord} signed  that keeps all others  @param {Lines} lines */
async function isSigned(signed, lines) {
  const { record } = signed;
  const person = record.personOf(record.by, lines);
  const key = person && lines.get(person.chain)?.at(person.sequence)?.keyOf(record.by);
  return Boolean(key) && verifyRecord(/** @type {Uint8Array} */ (key), signed);
}

/**
 * Whether a new record is due, by what is known of the chains (3.3).
 * @param {Record} record  judged good
 * @param {Lines} lines
 * @returns {"people"|"devices"|null}
 */
export function due(record, lines) {
  if (record.people.some(({ chain, sequence }) => lines.get(chain)?.closedAfter(sequence))) return "people";
  const newest = record.people.map(({ chain, sequence }) =>
    ({ chain, sequence: Math.max(sequence, lines.get(chain)?.last.sequence ?? 0) }));
  const right = listedDevices(newest, lines);
  if (right === null) throw new TypeError("a record that was judged has all its lines");
  return isSameDevices(record.devices.map(({ device }) => device), right) ? null : "devices";
}
