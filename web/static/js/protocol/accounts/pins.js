/** Pin files: what a device leaves for whoever recovers the account (docs/accounts.md, section 11). */

import { fromBase64url, isInteger, isObject, toBase64url } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { labelled } from "./derivation.js";
import { paddedJson, unpaddedJson } from "./padding.js";
import { U32_MOST } from "./sealing-keys.js";
import { signWith } from "./signing.js";
import { HASH_BYTES } from "./statements.js";
import { verify } from "./verifying.js";

const VERSION = 1;
/** Bytes of a sealed pin file. */
export const PINS_BYTES = 65_536;
const KEYS = "chain,contacts,head,registers,sequence,v";

/**
 * How far a device had read its own chain, its contacts, and what all its devices share.
 * @typedef {object} Pins
 * @property {import("./chain.js").Pin} pin
 * @property {Record<string, unknown>[]} contacts
 * @property {Record<string, unknown>} registers
 */

/**
 * A pin file and its signature.
 * @param {Pick<import("./sealing-keys.js").Hpke, "seal">} hpke
 * @param {CryptoKeyPair} keys
 * @param {Uint8Array} recoverySeal  the public recovery sealing key
 * @param {Pins} pins
 * @returns {Promise<{pins: Uint8Array, signature: Uint8Array}>}
 * @throws {Refusal} `pins_form` for what is too long, `box_key`, `json_form`
 */
export async function sealPins(hpke, keys, recoverySeal, { pin, contacts, registers }) {
  const { chain, sequence, head } = pin;
  const content = { v: VERSION, chain: toBase64url(chain), sequence, head: toBase64url(head), contacts, registers };
  const sealed = await hpke.seal(recoverySeal, labelled("pins", chain), paddedJson(content));
  refuse(sealed.length > PINS_BYTES, "pins_form");
  return { pins: sealed, signature: await signWith(keys, "pins", sealed) };
}

/**
 * Whether a device that is or was in this chain made this file.
 * @param {import("./chain.js").Chain} chain
 * @param {Uint8Array} device
 * @param {Uint8Array} sealed
 * @param {Uint8Array} signature
 * @throws {Refusal} `pins_signature`
 */
export async function checkPins(chain, device, sealed, signature) {
  const key = chain.keyEverOf(device);
  if (sealed.length > PINS_BYTES || key === null) throw new Refusal("pins_signature");
  refuse(!(await verify(key, "pins", sealed, signature)), "pins_signature");
}

/**
 * What a device of this chain pinned, for whoever has the ten words.
 * @param {Pick<import("./sealing-keys.js").Hpke, "open">} hpke
 * @param {Uint8Array} privateKey  the recovery sealing key's
 * @param {import("./chain.js").Chain} chain
 * @param {Uint8Array} device
 * @param {Uint8Array} sealed
 * @param {Uint8Array} signature
 * @returns {Promise<Pins>}
 * @throws {Refusal} `pins_signature`, `box_broken`, `pins_form`; and for what the chain doesn't extend `chain_fork`,
 *   `chain_back`
 */
export async function openPins(hpke, privateKey, chain, device, sealed, signature) {
  await checkPins(chain, device, sealed, signature);
  const plaintext = await hpke.open(privateKey, labelled("pins", chain.id), sealed);
  const pins = readPins(unpaddedJson(plaintext, "pins_form"));
  chain.checkPin(pins.pin);
  return pins;
}

/** @param {Record<string, unknown>} content  @returns {Pins} */
function readPins(content) {
  const { v, chain, sequence, head, contacts, registers } = content;
  const right = Object.keys(content).sort().join() === KEYS && v === VERSION;
  if (!right || !Array.isArray(contacts) || !contacts.every(isObject) || !isObject(registers) ||
    !isInteger(sequence, 0, U32_MOST)) throw new Refusal("pins_form");
  try {
    const pin = { chain: fromBase64url(chain, HASH_BYTES), sequence, head: fromBase64url(head, HASH_BYTES) };
    return { pin, contacts, registers };
  } catch {
    throw new Refusal("pins_form");
  }
}
