/** The names of one's devices: sealed under a key that only they have, all of one length. */

import { concat, fromBase64url, toBase64url, utf8 } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { aeadOpen, aeadSeal, importAead } from "../protocol/keys.js";
import { NONCE_BYTES } from "../protocol/limits.js";
import { randomBytes } from "../device/random.js";

const LABEL = "ephemeral/v1/account/device-name\0";
/** A name, in UTF-8; before it stands its length. */
const NAME_BYTES = 80;

/**
 * @param {string} namesKey  base64url
 * @param {string} id  of the device
 * @param {string} name
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `device_name`: it is empty or too long
 */
export async function sealName(namesKey, id, name) {
  const bytes = utf8(name.trim().normalize("NFC"));
  if (bytes.length === 0 || bytes.length > NAME_BYTES) throw new Refusal("device_name");
  const plaintext = new Uint8Array(1 + NAME_BYTES);
  plaintext[0] = bytes.length;
  plaintext.set(bytes, 1);
  const nonce = randomBytes(NONCE_BYTES);
  return concat(nonce, await aeadSeal(await keyOf(namesKey), nonce, plaintext, labelFor(id)));
}

/**
 * @param {string} namesKey  base64url
 * @param {string} id
 * @param {string} sealed  base64url
 * @returns {Promise<string|null>} null: it can't be read
 */
export async function openName(namesKey, id, sealed) {
  try {
    const bytes = fromBase64url(sealed);
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const plaintext = await aeadOpen(await keyOf(namesKey), nonce, bytes.subarray(NONCE_BYTES), labelFor(id));
    if (plaintext === null || plaintext.length !== 1 + NAME_BYTES || plaintext[0] > NAME_BYTES) return null;
    return new TextDecoder("utf-8", { fatal: true }).decode(plaintext.subarray(1, 1 + plaintext[0]));
  } catch {
    return null;
  }
}

export const newNamesKey = () => toBase64url(randomBytes(32));

/**
 * What a browser is called as long as nobody calls it otherwise.
 * @param {string} agent  as the browser describes itself
 */
export function usualName(agent) {
  const known = [[/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"]];
  const systems = [
    [/Android/, "Android"], [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Mac OS X/, "Mac"], [/Windows/, "Windows"],
    [/CrOS/, "ChromeOS"], [/Linux/, "Linux"],
  ];
  const first = (/** @type {(string|RegExp)[][]} */ table) =>
    table.find(([pattern]) => /** @type {RegExp} */ (pattern).test(agent))?.[1];
  return [first(known) ?? "Browser", first(systems)].filter(Boolean).join(", ");
}

/** @param {string} namesKey */
const keyOf = (namesKey) => importAead(fromBase64url(namesKey, 32));

/** @param {string} id */
const labelFor = (id) => concat(utf8(LABEL), fromBase64url(id, 16));
