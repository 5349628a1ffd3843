/** The charter: a room's rules, written by its creator and never changed (section 5). */

import { concat, u16, u32, viewOf } from "./encoding.js";
import { refuse } from "./errors.js";
import { CHARTER_BYTES, MESSAGE_TTL, ROOM_TTL, SEATS } from "./limits.js";

const VERSION = 1;
const FIRST_VIEW = 1;
const EVERYONE = 2;

/**
 * @typedef {object} Charter
 * @property {number} suite
 * @property {Uint8Array} nonce  the room's, 32 bytes
 * @property {1|2} policy  1: first view, 2: everyone
 * @property {number} seats
 * @property {number} messageTtl  seconds
 * @property {number} roomTtl  seconds
 */

/**
 * @param {Charter} charter
 * @returns {Uint8Array} 45 bytes
 */
export function encodeCharter({ suite, nonce, policy, seats, messageTtl, roomTtl }) {
  return concat(
    Uint8Array.of(VERSION, suite), nonce, Uint8Array.of(policy), u16(seats), u32(messageTtl),
    u32(roomTtl),
  );
}

/**
 * @param {CryptoKey} charterKey
 * @param {Uint8Array} bytes
 */
export async function signCharter(charterKey, bytes) {
  const data = /** @type {BufferSource} */ (bytes);
  return new Uint8Array(await crypto.subtle.sign("HMAC", charterKey, data));
}

/**
 * Checks what a server says the rules are, in the order of 5.3.
 * @param {CryptoKey} charterKey
 * @param {Uint8Array} bytes
 * @param {Uint8Array} mac
 * @param {number} suite  the server's
 * @returns {Promise<Charter>}
 * @throws {Refusal} `charter_length`, `charter_mac`, `charter_version`, `charter_suite`,
 *   `charter_policy`, `charter_limits`
 */
export async function readCharter(charterKey, bytes, mac, suite) {
  refuse(bytes.length !== CHARTER_BYTES, "charter_length");
  const [tag, data] = /** @type {BufferSource[]} */ ([mac, bytes]);
  refuse(!(await crypto.subtle.verify("HMAC", charterKey, tag, data)), "charter_mac");
  const view = viewOf(bytes);
  refuse(bytes[0] !== VERSION, "charter_version");
  refuse(bytes[1] !== suite, "charter_suite");
  const policy = bytes[34];
  refuse(policy !== FIRST_VIEW && policy !== EVERYONE, "charter_policy");
  const seats = view.getUint16(35);
  const messageTtl = view.getUint32(37);
  const roomTtl = view.getUint32(41);
  const within = (/** @type {number} */ n, /** @type {readonly number[]} */ [least, most]) =>
    n >= least && n <= most;
  const allowed =
    within(seats, SEATS) && within(messageTtl, MESSAGE_TTL) && within(roomTtl, ROOM_TTL);
  refuse(!allowed, "charter_limits");
  return {
    suite, nonce: bytes.slice(2, 34), policy: /** @type {1|2} */ (policy), seats, messageTtl,
    roomTtl,
  };
}
