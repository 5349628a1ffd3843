/** The names of one's devices, which only they can read. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { importAead } from "../protocol/keys.js";
import { openDeviceName, sealDeviceName } from "../protocol/accounts/device-names.js";
import { randomBytes } from "../device/random.js";

/**
 * @param {string} namesKey  base64url
 * @param {string} id  of the device
 * @param {string} name
 * @returns {Promise<Uint8Array>}
 * @throws {import("../protocol/errors.js").Refusal} `device_name`: it is empty or too long
 */
export const sealName = async (namesKey, id, name) =>
  sealDeviceName(await keyOf(namesKey), fromBase64url(id, 16), name.trim().normalize("NFC"), randomBytes);

/**
 * @param {string} namesKey  base64url
 * @param {string} id
 * @param {string} sealed  base64url
 * @returns {Promise<string|null>} null: it can't be read
 */
export const openName = async (namesKey, id, sealed) =>
  openDeviceName(await keyOf(namesKey), fromBase64url(id, 16), fromBase64url(sealed)).catch(() => null);

/** @param {string} namesKey */
const keyOf = (namesKey) => importAead(fromBase64url(namesKey, 32));

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
