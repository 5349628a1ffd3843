/** What this device leaves with the server for whoever comes back with the ten words alone. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { openPins, sealPins, verifyPins } from "../protocol/accounts/pins.js";

/**
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 * @typedef {{names_key: string, recovery_seal: string}} Registers  base64url
 * @typedef {{device: string, pins: string, signature: string, day: number}} ServedPins
 */

/**
 * @param {typeof import("../device/hpke.js")} hpke
 * @param {{keys: CryptoKeyPair, chain: Chain, registers: Registers}} mine
 * @returns {Promise<{pins: Uint8Array, signature: Uint8Array}>}
 */
export function makePins(hpke, { keys, chain, registers }) {
  const content = {
    v: 1, chain: toBase64url(chain.id), sequence: chain.sequence, head: toBase64url(chain.head), contacts: [], registers,
  };
  return sealPins(hpke, keys, fromBase64url(registers.recovery_seal), content);
}

/**
 * The registers of the oldest device that has left any which can be opened and are its own.
 * @param {typeof import("../device/hpke.js")} hpke
 * @param {Uint8Array} seed  of the recovery sealing key
 * @param {Chain} chain
 * @param {ServedPins[]} served  in the order in which the devices were added
 * @returns {Promise<Registers|null>}
 */
export async function registersFrom(hpke, seed, chain, served) {
  for (const { device, pins, signature } of served) {
    try {
      const known = [...chain.devices].find(({ id }) => toBase64url(id) === device);
      const sealed = fromBase64url(pins);
      if (known === undefined || !(await verifyPins(known.key, sealed, fromBase64url(signature)))) continue;
      const content = /** @type {any} */ (await openPins(hpke, seed, sealed));
      if (content.chain !== toBase64url(chain.id)) continue;
      fromBase64url(content.registers.names_key, 32);
      return content.registers;
    } catch {
      // Those of the next device, then.
    }
  }
  return null;
}
