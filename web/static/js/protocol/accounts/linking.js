/**
 * Linking: a new device and an old one, brought together by seven words (docs/accounts.md, section 8).
 *
 * The server keeps two sealed texts for ten minutes under a locator. Without the words it can neither read nor write
 * them; who knows them has to be signed in to the account as well.
 */

import { clean, written } from "../cleaning.js";
import { readCode } from "../codes.js";
import { concat, fromBase64url, isInteger, isObject, toBase64url, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal, importAead } from "../keys.js";
import { NONCE_BYTES, SECRET_BYTES } from "../limits.js";
import { isName } from "../names.js";
import { derived, isSame, labelled, labelledHash, stretched } from "./derivation.js";
import { paddedJson, unpaddedJson } from "./padding.js";
import { SEALING_BYTES, U32_MOST, verifySealing } from "./sealing-keys.js";
import { PUBLIC_BYTES, SIGNATURE_BYTES } from "./signing.js";
import { DEVICE_BYTES, HASH_BYTES, deviceId } from "./statements.js";
import { isValidKey, verify } from "./verifying.js";

const VERSION = 1;
/** Bytes of what is deposited, sealed. */
export const REQUEST_BYTES = 4096;
export const ANSWER_BYTES = 49_152;

const MARK = "#link=";
const TO_OLD = Uint8Array.of(1);
const TO_NEW = Uint8Array.of(2);

/**
 * What follows from the root of a link's words. Only the locator leaves the client; the keys can't be exported.
 * @typedef {{locator: Uint8Array, toOld: CryptoKey, toNew: CryptoKey}} LinkKeys
 *
 * @typedef {object} LinkRequest  what the new device asks
 * @property {Uint8Array} device  its id
 * @property {Uint8Array} key
 * @property {Uint8Array} consent
 * @property {import("./sealing-keys.js").SealingKey} sealing  its first
 * @property {Uint8Array} signature  of that
 * @property {string} name
 *
 * @typedef {object} LinkAnswer  what the old device tells
 * @property {import("./chain.js").Pin} pin  of the chain with the new device in it
 * @property {Record<string, unknown>|null} pins  null, or the content of a pin file
 * @property {Record<string, unknown>} registers  what all devices of the account share
 *
 * @typedef {(size: number) => Uint8Array} RandomBytes
 */

/**
 * The 32 bytes that follow from a canonical code, which is none of a room's with this salt.
 * @param {string} code
 * @param {Uint8Array} deploymentSalt
 * @param {import("./derivation.js").Argon2id} argon2id
 */
export const linkRoot = async (code, deploymentSalt, argon2id) =>
  stretched(utf8(code), await labelledHash("link", deploymentSalt), argon2id);

/** @param {Uint8Array} root  @returns {Promise<LinkKeys>} */
export async function linkKeys(root) {
  const key = async (/** @type {string} */ word) => {
    const bytes = await derived(root, word);
    try {
      return await importAead(bytes);
    } finally {
      bytes.fill(0);
    }
  };
  return { locator: await derived(root, "locator-link"), toOld: await key("to-old"), toNew: await key("to-new") };
}

/**
 * What the QR code on the new device says.
 * @param {string} page  the address of its page
 * @param {string} code
 */
export function linkText(page, code) {
  if (page.includes("#")) throw new TypeError("a page address has no fragment of its own");
  return `${page}${MARK}${code}`;
}

/**
 * The canonical code in what was typed, or scanned from the new device. Which page the text names is not looked at: it
 * leads nowhere.
 * @param {string} typed
 * @returns {string}
 * @throws {Refusal} as `readCode`
 */
export function readLinkCode(typed) {
  const text = written(clean(typed));
  const at = text.lastIndexOf(MARK);
  return readCode(at < 0 ? typed : text.slice(at + MARK.length));
}

/**
 * What the new device deposits.
 * @param {Pick<LinkKeys, "locator"|"toOld">} keys
 * @param {Uint8Array} account
 * @param {LinkRequest} request
 * @param {RandomBytes} randomBytes
 * @throws {Refusal} `linking_form` for what is too long
 */
export function sealRequest({ locator, toOld }, account, request, randomBytes) {
  const { device, key, consent, sealing, signature, name } = request;
  const content = {
    v: VERSION,
    device: toBase64url(device),
    key: toBase64url(key),
    consent: toBase64url(consent),
    sealing: {
      number: sealing.number, day: sealing.day, key: toBase64url(sealing.key), signature: toBase64url(signature),
    },
    name,
  };
  return sealed(toOld, bound(account, locator, TO_OLD), content, REQUEST_BYTES, randomBytes);
}

/**
 * What was deposited under these words for this account. It is not checked yet: `checkRequest`.
 * @param {Pick<LinkKeys, "locator"|"toOld">} keys
 * @param {Uint8Array} account
 * @param {Uint8Array} box
 * @returns {Promise<LinkRequest>}
 * @throws {Refusal} `linking_box`, then `linking_form`
 */
export async function openRequest({ locator, toOld }, account, box) {
  const value = await opened(toOld, bound(account, locator, TO_OLD), box, REQUEST_BYTES);
  return inForm(() => {
    const { v, device, key, consent, sealing, name } =
      fields(value, "v", "device", "key", "consent", "sealing", "name");
    const { number, day, key: sealingKey, signature } = fields(sealing, "number", "day", "key", "signature");
    if (v !== VERSION || typeof name !== "string" || !isName(name)) throw new Refusal("malformed");
    return {
      device: fromBase64url(device, DEVICE_BYTES),
      key: fromBase64url(key, PUBLIC_BYTES),
      consent: fromBase64url(consent, SIGNATURE_BYTES),
      sealing: {
        number: integer(number, 1), day: integer(day, 0), key: fromBase64url(sealingKey, SEALING_BYTES),
      },
      signature: fromBase64url(signature, SIGNATURE_BYTES),
      name,
    };
  });
}

/**
 * Whether a request may be shown, and added to this chain.
 * @param {LinkRequest} request
 * @param {import("./chain.js").Chain} chain
 * @throws {Refusal} `linking_device` (a key that isn't valid, another's id, or a device that was there before),
 *   `linking_consent`, `linking_sealing`
 */
export async function checkRequest({ device, key, consent, sealing, signature }, chain) {
  const fits = isValidKey(key) && isSame(await deviceId(key), device);
  refuse(!fits || chain.keyEverOf(device) !== null, "linking_device");
  refuse(!(await verify(key, "consent", concat(chain.id, device), consent)), "linking_consent");
  refuse(!(await verifySealing(key, chain.id, device, sealing, signature)), "linking_sealing");
}

/**
 * What the old device leaves with the ADD that it has made.
 * @param {Pick<LinkKeys, "locator"|"toNew">} keys
 * @param {Uint8Array} account
 * @param {LinkAnswer} answer
 * @param {RandomBytes} randomBytes
 * @throws {Refusal} `linking_form` for what is too long, `json_form` for what JSON doesn't hold
 */
export function sealAnswer({ locator, toNew }, account, { pin, pins, registers }, randomBytes) {
  const { chain, sequence, head } = pin;
  const content = { v: VERSION, chain: toBase64url(chain), sequence, head: toBase64url(head), pins, registers };
  return sealed(toNew, bound(account, locator, TO_NEW), content, ANSWER_BYTES, randomBytes);
}

/**
 * What the old device told. Whoever reads it checks the chain that the server serves against its pin.
 * @param {Pick<LinkKeys, "locator"|"toNew">} keys
 * @param {Uint8Array} account
 * @param {Uint8Array} box
 * @returns {Promise<LinkAnswer>}
 * @throws {Refusal} `linking_box`, then `linking_form`
 */
export async function openAnswer({ locator, toNew }, account, box) {
  const value = await opened(toNew, bound(account, locator, TO_NEW), box, ANSWER_BYTES);
  return inForm(() => {
    const { v, chain, sequence, head, pins, registers } =
      fields(value, "v", "chain", "sequence", "head", "pins", "registers");
    if (v !== VERSION || !isObject(registers) || !(pins === null || isObject(pins))) {
      throw new Refusal("malformed");
    }
    const pin = {
      chain: fromBase64url(chain, HASH_BYTES), sequence: integer(sequence, 0), head: fromBase64url(head, HASH_BYTES),
    };
    fromBase64url(registers.names_key, SECRET_BYTES);
    fromBase64url(registers.recovery_seal, SEALING_BYTES);
    return { pin, pins, registers };
  });
}

/** @param {Uint8Array} account  @param {Uint8Array} locator  @param {Uint8Array} direction */
const bound = (account, locator, direction) => labelled("link", account, locator, direction);

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} ad
 * @param {unknown} content
 * @param {number} most
 * @param {RandomBytes} randomBytes
 */
async function sealed(key, ad, content, most, randomBytes) {
  const nonce = randomBytes(NONCE_BYTES);
  const box = concat(nonce, await aeadSeal(key, nonce, paddedJson(content), ad));
  refuse(box.length > most, "linking_form");
  return box;
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} ad
 * @param {Uint8Array} box
 * @param {number} most
 */
async function opened(key, ad, box, most) {
  refuse(box.length <= NONCE_BYTES || box.length > most, "linking_box");
  const plaintext = await aeadOpen(key, box.subarray(0, NONCE_BYTES), box.subarray(NONCE_BYTES), ad);
  if (plaintext === null) throw new Refusal("linking_box");
  return unpaddedJson(plaintext, "linking_form");
}

/**
 * What reading gives; every no is that it isn't in the form.
 * @template T
 * @param {() => T} read
 * @returns {T}
 */
function inForm(read) {
  try {
    return read();
  } catch {
    throw new Refusal("linking_form");
  }
}

/** The fields of an object that has exactly these. @param {unknown} value  @param {string[]} names */
function fields(value, ...names) {
  if (!isObject(value) || Object.keys(value).sort().join() !== names.sort().join()) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @param {number} least */
function integer(value, least) {
  if (!isInteger(value, least, U32_MOST)) throw new Refusal("malformed");
  return value;
}
