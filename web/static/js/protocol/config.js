/** What a server may ask for: one of two key derivations, and nothing else (section 3). */

import { fromBase64url, isInteger, isObject } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import {
  ENVELOPE_SIZES, MESSAGE_TTL, ROOM_TTL, SEATS, SECRET_BYTES, WAITING_BYTES, WAITING_MESSAGES,
} from "./limits.js";

export const PROTOCOL = "ephemeral.v1";

/** The suites, as `/config` spells them (3.2). */
export const ARGON2ID = Object.freeze({
  suite: 1, name: "argon2id", memory_kib: 65_536, passes: 3, lanes: 1, length: 32,
});
export const PBKDF2 = Object.freeze({ suite: 2, name: "pbkdf2", rounds: 600_000, length: 32 });

/**
 * @typedef {object} Limits  durations in seconds, sizes in bytes; ranges as [least, most]
 * @property {number[]} messageTtl
 * @property {number[]} roomTtl
 * @property {number[]} seats
 * @property {number} waitingMessages
 * @property {number} waitingBytes
 * @property {number} envelope
 * @property {number} leaseSeconds
 * @property {number} seatGraceSeconds
 * @property {number} resumeSeconds
 * @property {number} tombstoneSeconds
 *
 * @typedef {object} Config
 * @property {1|2} suite
 * @property {Uint8Array} salt
 * @property {Limits} limits
 * @property {{messageTtl: number, roomTtl: number, seats: number}} defaults
 */

/**
 * @param {unknown} value  the answer to `GET /config`
 * @returns {Config}
 * @throws {Refusal} `malformed`, `config_protocol`, `config_kdf`, `config_salt`, `config_limits`
 */
export function readConfig(value) {
  if (!isObject(value)) throw new Refusal("malformed");
  refuse(value.protocol !== PROTOCOL, "config_protocol");
  const suite = [ARGON2ID, PBKDF2].find((known) => isSame(value.kdf, known))?.suite;
  if (suite === undefined) throw new Refusal("config_kdf");
  const salt = readSalt(value.salt);
  const limits = isObject(value.limits) ? value.limits : {};
  const defaults = isObject(value.defaults) ? value.defaults : {};
  const count = (/** @type {string} */ name, least = 0, most = Number.MAX_SAFE_INTEGER) =>
    number(limits[name], [least, most]);
  const allowed = {
    messageTtl: range(limits.message_ttl, MESSAGE_TTL),
    roomTtl: range(limits.room_ttl, ROOM_TTL),
    seats: range(limits.seats, SEATS),
    waitingMessages: count("waiting_messages", 1, WAITING_MESSAGES),
    waitingBytes: count("waiting_bytes", 1, WAITING_BYTES),
    envelope: count("envelope", ENVELOPE_SIZES[0], ENVELOPE_SIZES[ENVELOPE_SIZES.length - 1]),
    leaseSeconds: count("lease_seconds", 1),
    seatGraceSeconds: count("seat_grace_seconds"),
    resumeSeconds: count("resume_seconds"),
    tombstoneSeconds: count("tombstone_seconds"),
  };
  return {
    suite: /** @type {1|2} */ (suite),
    salt,
    limits: allowed,
    defaults: {
      messageTtl: number(defaults.message_ttl, allowed.messageTtl),
      roomTtl: number(defaults.room_ttl, allowed.roomTtl),
      seats: number(defaults.seats, allowed.seats),
    },
  };
}

/**
 * @param {unknown} value
 * @param {Record<string, unknown>} known
 */
function isSame(value, known) {
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  return (
    keys.length === Object.keys(known).length &&
    keys.every((key) => Object.hasOwn(known, key) && value[key] === known[key])
  );
}

/** @param {unknown} text */
function readSalt(text) {
  try {
    return fromBase64url(text, SECRET_BYTES);
  } catch {
    throw new Refusal("config_salt");
  }
}

/**
 * A server may allow less than the protocol, never more (section 12).
 * @param {unknown} value
 * @param {readonly number[]} widest
 */
function range(value, [least, most]) {
  if (!Array.isArray(value) || value.length !== 2) throw new Refusal("config_limits");
  const low = number(value[0], [least, most]);
  return [low, number(value[1], [low, most])];
}

/**
 * @param {unknown} value
 * @param {number[]} range
 */
function number(value, [least, most]) {
  if (!isInteger(value, least, most)) throw new Refusal("config_limits");
  return value;
}
