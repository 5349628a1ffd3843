/**
 * Epoch records, as bytes (docs/conversations.md, section 2). Which may follow which is judge.js's.
 *
 * A record says who is in a conversation from one epoch on, and with which devices. Everybody who reads one has the
 * same value, because its JSON has one form.
 */

import { decode, encode } from "../accounts/canonical-json.js";
import { isSame } from "../accounts/derivation.js";
import { SIGNATURE_BYTES } from "../accounts/signing.js";
import { DEVICE_BYTES, HASH_BYTES } from "../accounts/statements.js";
import { U32_MOST } from "../accounts/sealing-keys.js";
import { concat, hex, isInteger, isObject, toBase64url } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { sha256 } from "../keys.js";
import { ID_BYTES, SECRET_BYTES } from "../limits.js";
import { bytes, fields, inForm, integer, list } from "./form.js";
import { listedOf } from "./lines.js";

const VERSION = 1;
/** The only one that there is; it stands for X-Wing, HKDF-SHA-256, AES-256-GCM and Ed25519. */
export const SUITE = 1;
export const RECORD_BYTES = 65_536;
export const PEOPLE_MOST = 50;
export const DEVICES_MOST = 100;
/** Seconds: a year. */
export const TIMER_MOST = 31_536_000;

const KEYS = [
  "v", "suite", "conversation", "epoch", "previous", "by", "commitment", "seen", "log", "timer", "joining", "people",
  "devices", "leaves",
];

/**
 * `since` is the epoch in which somebody entered; `(sequence, head)` the point of the chain at which the record judges.
 * @typedef {object} Person
 * @property {Uint8Array} chain  32 bytes
 * @property {"admin"|"member"} role
 * @property {number} since
 * @property {number} sequence
 * @property {Uint8Array} head  32 bytes
 *
 * `number` and `sealing` name the key that was sealed to, by its hash; both are zero where none is known.
 * @typedef {object} MemberDevice
 * @property {Uint8Array} device  16 bytes
 * @property {number} number
 * @property {Uint8Array} sealing  32 bytes
 *
 * By which somebody has said that they leave.
 * @typedef {object} Leave
 * @property {Uint8Array} chain  32 bytes
 * @property {number} since
 * @property {Uint8Array} device  16 bytes
 * @property {Uint8Array} signature  64 bytes
 *
 * The conversation that this one goes on from, and the hash of a record of it.
 * @typedef {{conversation: Uint8Array, record: Uint8Array}} Continues
 *
 * @typedef {object} Fields
 * @property {number} [suite]
 * @property {Uint8Array} conversation  16 bytes
 * @property {number} epoch  from 1
 * @property {Uint8Array} previous  the hash of the record before; zero in epoch 1
 * @property {Uint8Array} by  the author's device, 16 bytes
 * @property {Uint8Array} commitment  to the seed, 32 bytes
 * @property {number} seen  the place of the log up to which its author had read
 * @property {Uint8Array} log  the log's hash there
 * @property {number} timer  seconds, 0 for none
 * @property {Uint8Array|null} joining  32 bytes
 * @property {readonly Person[]} people
 * @property {readonly MemberDevice[]} devices
 * @property {readonly Leave[]} leaves
 * @property {Continues|null} [continues]
 */

export class Record {
  /** @type {Uint8Array|null} */
  #bytes = null;
  /** Whose the listed devices are, by these lines: asked again for each message. @type {{lines: import("./lines.js").Lines, people: Map<string, Person>}|null} */
  #owners = null;

  /** @param {Fields} fields */
  constructor({
    suite = SUITE, conversation, epoch, previous, by, commitment, seen, log, timer, joining, people, devices, leaves,
    continues = null,
  }) {
    this.suite = suite;
    this.conversation = conversation;
    this.epoch = epoch;
    this.previous = previous;
    this.by = by;
    this.commitment = commitment;
    this.seen = seen;
    this.log = log;
    this.timer = timer;
    this.joining = joining;
    this.people = people;
    this.devices = devices;
    this.leaves = leaves;
    this.continues = continues;
    Object.freeze(this);
  }

  /** Its one form, which is hashed and signed. @throws {Refusal} `json_form` */
  encode() {
    this.#bytes ??= encode({
      v: VERSION,
      suite: this.suite,
      conversation: toBase64url(this.conversation),
      epoch: this.epoch,
      previous: toBase64url(this.previous),
      by: toBase64url(this.by),
      commitment: toBase64url(this.commitment),
      seen: this.seen,
      log: toBase64url(this.log),
      timer: this.timer,
      joining: this.joining === null ? null : toBase64url(this.joining),
      people: this.people.map(({ chain, role, since, sequence, head }) =>
        ({ chain: toBase64url(chain), role, since, sequence, head: toBase64url(head) })),
      devices: this.devices.map(({ device, number, sealing }) =>
        ({ device: toBase64url(device), number, sealing: toBase64url(sealing) })),
      leaves: this.leaves.map(({ chain, since, device, signature }) => ({
        chain: toBase64url(chain), since, device: toBase64url(device), signature: toBase64url(signature),
      })),
      ...(this.continues && {
        continues: {
          conversation: toBase64url(this.continues.conversation), record: toBase64url(this.continues.record),
        },
      }),
    });
    return this.#bytes.slice();
  }

  /**
   * Form and ranges alone; in which order people stand, and everything else that it says, is judged.
   * @param {Uint8Array} data
   * @returns {Record}
   * @throws {Refusal} `record_version`, `record_form`
   */
  static decode(data) {
    refuse(data.length > RECORD_BYTES, "record_form");
    const value = inForm("record_form", () => decode(data));
    if (!isObject(value)) throw new Refusal("record_form");
    // Of a later version nothing is known but that.
    refuse(isAnother(value.v, VERSION) || isAnother(value.suite, SUITE), "record_version");
    const record = inForm("record_form", () => readRecord(value));
    record.#bytes = data.slice();
    return record;
  }

  /** `R`, by which the next record and all messages name this one. */
  hash() {
    return sha256(this.encode());
  }

  /** The person of this chain. @param {Uint8Array} chain @returns {Person|null} */
  person(chain) {
    return this.people.find((one) => isSame(one.chain, chain)) ?? null;
  }

  /** Where a device stands among those listed; -1 if it isn't. @param {Uint8Array} device */
  indexOf(device) {
    return this.devices.findIndex((one) => isSame(one.device, device));
  }

  /**
   * Whose device it is. Of a record that was judged good.
   * @param {Uint8Array} device
   * @param {import("./lines.js").Lines} lines
   * @returns {Person|null} null for a device that isn't listed
   */
  personOf(device, lines) {
    if (this.indexOf(device) < 0) return null;
    if (this.#owners?.lines !== lines) {
      const listed = listedOf(this.people, lines);
      if (listed === null) return null;
      this.#owners = { lines, people: new Map(listed.map((one) => [hex(one.device), one.person])) };
    }
    return this.#owners.people.get(hex(device)) ?? null;
  }
}

/** A record with its author's signature and the hashes of its boxes, one for each device listed. */
export class SignedRecord {
  /**
   * @param {Uint8Array} recordBytes
   * @param {Record} record
   * @param {Uint8Array} hash
   * @param {Uint8Array} signature
   * @param {readonly Uint8Array[]} boxHashes
   */
  constructor(recordBytes, record, hash, signature, boxHashes) {
    this.recordBytes = recordBytes;
    this.record = record;
    /** `R` */
    this.hash = hash;
    this.signature = signature;
    this.boxHashes = boxHashes;
    Object.freeze(this);
  }

  /**
   * @param {Uint8Array} recordBytes
   * @param {Uint8Array} signature
   * @param {readonly Uint8Array[]} boxHashes
   * @returns {Promise<SignedRecord>}
   * @throws {Refusal} `record_version`, `record_form`
   */
  static async of(recordBytes, signature, boxHashes) {
    const record = Record.decode(recordBytes);
    const right = signature.length === SIGNATURE_BYTES && boxHashes.length === record.devices.length &&
      boxHashes.every(({ length }) => length === HASH_BYTES);
    refuse(!right, "record_form");
    return new SignedRecord(recordBytes, record, await sha256(recordBytes), signature, Object.freeze([...boxHashes]));
  }

  /** The one form in which it is served, and which the log hashes. */
  entry() {
    return concat(this.recordBytes, this.signature, ...this.boxHashes);
  }

  /**
   * @param {Uint8Array} entry
   * @returns {Promise<SignedRecord>}
   * @throws {Refusal} `record_version`, `record_form`
   */
  static async read(entry) {
    const end = endOfObject(entry);
    const rest = entry.slice(end);
    const count = (rest.length - SIGNATURE_BYTES) / HASH_BYTES;
    refuse(end > RECORD_BYTES, "record_form");
    const record = entry.slice(0, end);
    // The version first: a later one may have something else behind the record.
    const { devices } = Record.decode(record);
    refuse(count !== devices.length, "record_form");
    const hashes = Array.from({ length: count }, (_, at) => {
      const begin = SIGNATURE_BYTES + at * HASH_BYTES;
      return rest.slice(begin, begin + HASH_BYTES);
    });
    return SignedRecord.of(record, rest.slice(0, SIGNATURE_BYTES), hashes);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENS = new Set([0x7b, 0x5b]);
const CLOSES = new Set([0x7d, 0x5d]);

/** Where the JSON object ends that the bytes begin with; whether it is one, its decoding says. @param {Uint8Array} data */
function endOfObject(data) {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < data.length && at <= RECORD_BYTES; at += 1) {
    const byte = data[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (OPENS.has(byte)) depth += 1;
    else if (CLOSES.has(byte)) depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw new Refusal("record_form");
}

/** Whether a number says that this is of another version. @param {unknown} value  @param {number} own */
const isAnother = (value, own) => isInteger(value, 1) && value !== own;

/** @param {globalThis.Record<string, unknown>} value */
function readRecord(value) {
  const keys = Object.hasOwn(value, "continues") ? [...KEYS, "continues"] : KEYS;
  const read = fields(value, ...keys);
  if (read.v !== VERSION) throw new Refusal("malformed");
  return new Record({
    suite: integer(read.suite, SUITE),
    conversation: bytes(read.conversation, ID_BYTES),
    epoch: integer(read.epoch, 1),
    previous: bytes(read.previous, HASH_BYTES),
    by: bytes(read.by, DEVICE_BYTES),
    commitment: bytes(read.commitment, HASH_BYTES),
    seen: integer(read.seen, 0),
    log: bytes(read.log, HASH_BYTES),
    timer: integer(read.timer, 0, TIMER_MOST),
    joining: read.joining === null ? null : bytes(read.joining, SECRET_BYTES),
    people: list(read.people, 1, PEOPLE_MOST, readPerson),
    devices: list(read.devices, 1, DEVICES_MOST, readDevice),
    leaves: list(read.leaves, 0, PEOPLE_MOST, readLeave),
    continues: read.continues === undefined ? null : readContinues(read.continues),
  });
}

/** @param {unknown} value  @returns {Person} */
function readPerson(value) {
  const { chain, role, since, sequence, head } = fields(value, "chain", "role", "since", "sequence", "head");
  if (role !== "admin" && role !== "member") throw new Refusal("malformed");
  return Object.freeze({
    chain: bytes(chain, HASH_BYTES), role, since: integer(since, 1), sequence: integer(sequence, 0, U32_MOST),
    head: bytes(head, HASH_BYTES),
  });
}

/** @param {unknown} value  @returns {MemberDevice} */
function readDevice(value) {
  const { device, number, sealing } = fields(value, "device", "number", "sealing");
  return Object.freeze({
    device: bytes(device, DEVICE_BYTES), number: integer(number, 0, U32_MOST), sealing: bytes(sealing, HASH_BYTES),
  });
}

/** @param {unknown} value  @returns {Leave} */
export function readLeave(value) {
  const { chain, since, device, signature } = fields(value, "chain", "since", "device", "signature");
  return Object.freeze({
    chain: bytes(chain, HASH_BYTES), since: integer(since, 1), device: bytes(device, DEVICE_BYTES),
    signature: bytes(signature, SIGNATURE_BYTES),
  });
}

/** @param {unknown} value  @returns {Continues} */
function readContinues(value) {
  const { conversation, record } = fields(value, "conversation", "record");
  return Object.freeze({ conversation: bytes(conversation, ID_BYTES), record: bytes(record, HASH_BYTES) });
}
