/** Profiles: the name and colour that a member shows to the others (docs/protocol.md, 7.5). */

import { concat, isInteger, isObject, readJson, u16, utf8, viewOf } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { LABELS, aeadOpen, aeadSeal, labelled } from "./keys.js";
import { COLOURS, ID_BYTES, NONCE_BYTES, PROFILE_BYTES, TAG_BYTES } from "./limits.js";
import { isName } from "./names.js";

const VERSION = 1;
const PADDED_BYTES = PROFILE_BYTES - 1 - NONCE_BYTES - TAG_BYTES;

/**
 * @typedef {{name: string, colour: number}} Profile
 *
 * @typedef {object} Seat  what the associated data binds a profile to
 * @property {Uint8Array} roomNonce
 * @property {Uint8Array} member  id
 */

/**
 * @param {Profile} profile
 * @returns {Uint8Array}
 * @throws {Refusal} `profile_json`
 */
export function encodeProfile({ name, colour }) {
  const json = utf8(JSON.stringify(readFields({ name, colour })));
  refuse(json.length > PADDED_BYTES - 2, "profile_json");
  const padded = new Uint8Array(PADDED_BYTES);
  padded.set(concat(u16(json.length), json));
  return padded;
}

/**
 * @param {Uint8Array} padded
 * @returns {Profile}
 * @throws {Refusal} `profile_padding`, `profile_json`
 */
export function decodeProfile(padded) {
  const end = 2 + viewOf(padded).getUint16(0);
  refuse(end > padded.length, "profile_padding");
  refuse(padded.subarray(end).some((byte) => byte !== 0), "profile_padding");
  let value;
  try {
    value = readJson(padded.subarray(2, end));
  } catch {
    throw new Refusal("profile_json");
  }
  if (!isObject(value)) throw new Refusal("profile_json");
  return readFields(value);
}

/**
 * @param {Record<string, unknown>} value
 * @returns {Profile}
 */
function readFields({ name, colour }) {
  if (typeof name !== "string" || !isInteger(colour, 0, COLOURS - 1)) {
    throw new Refusal("profile_json");
  }
  refuse(!isName(name), "profile_json");
  return { name, colour };
}

/**
 * @param {CryptoKey} profileKey
 * @param {Seat} seat
 * @param {Uint8Array} nonce  12 random bytes, new for every envelope
 * @param {Uint8Array} padded
 */
export async function sealProfile(profileKey, seat, nonce, padded) {
  const sealed = await aeadSeal(profileKey, nonce, padded, associatedData(seat));
  return concat(Uint8Array.of(VERSION), nonce, sealed);
}

/**
 * @param {CryptoKey} profileKey
 * @param {Seat} seat
 * @param {Uint8Array} envelope
 * @returns {Promise<Profile>}
 * @throws {Refusal} `profile_length`, `profile_version`, `profile_open`, `profile_padding`,
 *   `profile_json`
 */
export async function openProfile(profileKey, seat, envelope) {
  const ad = associatedData(seat);
  refuse(envelope.length !== PROFILE_BYTES, "profile_length");
  refuse(envelope[0] !== VERSION, "profile_version");
  const nonce = envelope.subarray(1, 1 + NONCE_BYTES);
  const sealed = envelope.subarray(1 + NONCE_BYTES);
  const padded = await aeadOpen(profileKey, nonce, sealed, ad);
  if (padded === null) throw new Refusal("profile_open");
  return decodeProfile(padded);
}

/** @param {Seat} seat */
function associatedData({ roomNonce, member }) {
  refuse(member.length !== ID_BYTES, "malformed");
  return labelled(LABELS.profileKey, roomNonce, member);
}
