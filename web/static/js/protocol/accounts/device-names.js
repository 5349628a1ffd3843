/** Names of devices, which only the account's own devices read (docs/accounts.md, 8.6). */

import { concat, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal } from "../keys.js";
import { NONCE_BYTES, TAG_BYTES } from "../limits.js";
import { isName } from "../names.js";
import { labelled } from "./derivation.js";

const TEXT_BYTES = 80;
/** Of a sealed name, the same for all. */
export const DEVICE_NAME_BYTES = NONCE_BYTES + 1 + TEXT_BYTES + TAG_BYTES;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {Uint8Array} device */
const bound = (device) => labelled("account/device-name", device);

/**
 * 109 bytes that hide a name and its length.
 * @param {CryptoKey} namesKey
 * @param {Uint8Array} device
 * @param {string} name
 * @param {(size: number) => Uint8Array} randomBytes
 * @throws {Refusal} `device_name` for what is no name
 */
export async function sealDeviceName(namesKey, device, name, randomBytes) {
  refuse(!isName(name), "device_name");
  const written = utf8(name);
  const plaintext = new Uint8Array(1 + TEXT_BYTES);
  plaintext.set(concat(Uint8Array.of(written.length), written));
  const nonce = randomBytes(NONCE_BYTES);
  return concat(nonce, await aeadSeal(namesKey, nonce, plaintext, bound(device)));
}

/**
 * @param {CryptoKey} namesKey
 * @param {Uint8Array} device
 * @param {Uint8Array} sealed
 * @returns {Promise<string>}
 * @throws {Refusal} `device_name` for what is none, or isn't this device's
 */
export async function openDeviceName(namesKey, device, sealed) {
  refuse(sealed.length !== DEVICE_NAME_BYTES, "device_name");
  const [nonce, box] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
  const plaintext = await aeadOpen(namesKey, nonce, box, bound(device));
  if (plaintext === null) throw new Refusal("device_name");
  const end = 1 + plaintext[0];
  refuse(end > plaintext.length || plaintext.subarray(end).some((byte) => byte !== 0), "device_name");
  let name;
  try {
    name = decoder.decode(plaintext.subarray(1, end));
  } catch {
    throw new Refusal("device_name");
  }
  refuse(!isName(name), "device_name");
  return name;
}
