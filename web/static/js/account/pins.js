/** What this device leaves with the server for whoever comes back with the ten words alone. */

import { fromBase64url, isInteger, isObject } from "../protocol/encoding.js";
import { openPins, sealPins } from "../protocol/accounts/pins.js";

/**
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 * @typedef {typeof import("../device/hpke.js")} Hpke
 * @typedef {{names_key: string, recovery_seal: string, conversations?: {[id: string]: unknown},
 *   history?: number}} Registers  base64url; `conversations`: the record that was followed, by conversation; `history`: of
 *   an answer to a link, since when what was said is handed over
 * @typedef {{device: string, pins: string, signature: string}} ServedPins
 */

/**
 * @param {Hpke} hpke
 * @param {{keys: import("../protocol/accounts/signing.js").SigningKey, chain: Chain, registers: Registers}} mine
 * @returns {Promise<{pins: Uint8Array, signature: Uint8Array}>}
 */
export const makePins = (hpke, { keys, chain, registers }) =>
  sealPins(hpke, keys, fromBase64url(registers.recovery_seal), { pin: chain.pin, contacts: [], registers });

/**
 * The registers of the oldest device that has left any which can be opened and are its own.
 * @param {Hpke} hpke
 * @param {Uint8Array} seed  of the recovery sealing key
 * @param {Chain} chain
 * @param {ServedPins[]} served  in the order in which the devices were added
 * @returns {Promise<Registers|null>}
 */
export async function registersFrom(hpke, seed, chain, served) {
  for (const { device, pins, signature } of served) {
    try {
      const [id, sealed, signed] = [device, pins, signature].map((part) => fromBase64url(part));
      const registers = readRegisters((await openPins(hpke, seed, chain, id, sealed, signed)).registers);
      if (registers !== null) return registers;
    } catch {
      // Those of the next device, then.
    }
  }
  return null;
}

/**
 * What all devices of an account share, as another device has written it.
 * @param {Record<string, unknown>} registers
 * @returns {Registers|null} null: it isn't whole
 */
export function readRegisters({ names_key, recovery_seal, conversations, history }) {
  try {
    fromBase64url(names_key, 32);
    fromBase64url(recovery_seal, 1216);
    return {
      names_key: String(names_key), recovery_seal: String(recovery_seal), ...(isObject(conversations) ? { conversations } : {}),
      ...(isInteger(history) ? { history: Number(history) } : {}),
    };
  } catch {
    return null;
  }
}
