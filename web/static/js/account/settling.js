/**
 * What makes a device of a browser whose statement stands in the chain: a session that is the device's, a
 * share, and what it was given, sealed. May be stopped at any moment and begun again.
 */

import { fromBase64url, toBase64url, utf8 } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { readChain } from "../protocol/accounts/chain.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { newNamesKey, sealName, usualName } from "./device-names.js";
import { nameOf } from "./own-chain.js";
import { makePins } from "./pins.js";
import { rowOf } from "./sealing.js";

/** For so long the history that another device has promised is waited for. */
const WAITED_MS = 86_400_000;
const ESCROW = utf8("ephemeral/v1/account/escrow");

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./pins.js").Registers} Registers
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 *
 * @typedef {object} Gained  what is known of the account only while a page is open, until it is kept
 * @property {string} [address]
 * @property {Registers} [registers]
 * @property {import("./sealing.js").SealingRow} [sealing]  as it was published
 * @property {Uint8Array[]} [statements]  the chain, where this device has seen it
 * @property {import("../protocol/accounts/chain.js").Pin} [pin]  up to which another device has seen it
 */

/**
 * How K_n is sealed to the ten words.
 * @param {Parts} parts
 * @param {string|null} recoverySeal  base64url; null: this device was not told it
 * @returns {import("./storage-keys.js").SealToWords}
 */
export const sealToWords = ({ hpke }, recoverySeal) => async (key) => {
  if (recoverySeal === null) return null;
  return (await hpke()).seal(fromBase64url(recoverySeal), ESCROW, key);
};

/**
 * @param {Parts} parts
 * @param {Uint8Array} seed  of the recovery sealing key
 * @returns {(sealed: Uint8Array) => Promise<Uint8Array>}
 * @throws {Refusal} `words_wrong`
 */
export const openWithSeed = ({ hpke }, seed) => async (sealed) => {
  const { open } = await hpke();
  try {
    return await open(seed, ESCROW, sealed);
  } catch {
    throw new Refusal("words_wrong");
  }
};

/**
 * What another device has told is sealed to only if it is the recovery key that all devices have signed.
 * @param {import("../protocol/accounts/chain.js").Chain} chain
 * @param {Registers} [registers]
 * @throws {Refusal} `linking_form`
 */
async function checkTold({ recoverySeal }, registers) {
  if (registers === undefined) return;
  if (!isSame(await sha256(fromBase64url(registers.recovery_seal)), recoverySeal)) throw new Refusal("linking_form");
}

/**
 * @param {Parts} parts
 * @param {ThisDevice} device
 * @param {Gained} gained
 * @throws {Refusal} `linking_form`: what another device has told is not this account's
 */
export async function settle(parts, device, gained) {
  const { api, clock, rows, state, storage, tokens, agent } = parts;
  const id = toBase64url(device.id);
  if (tokens.access?.device !== id) await tokens.refresh();
  const { begun } = device;
  const { address, pin, sealing } = gained;
  const statements = pin === undefined ? gained.statements : (await api.devices()).statements;
  if (pin !== undefined) await checkTold(await readChain(statements ?? [], pin), gained.registers);
  const recoverySeal = gained.registers?.recovery_seal ?? (begun !== null && "recovery_seal" in begun ? begun.recovery_seal : null);
  await rows.open();
  await rows.begin(sealToWords(parts, recoverySeal));
  // Whoever founds or recovers a list of devices may draw the key of their names anew: there is nobody else.
  const registers = gained.registers ??
    (recoverySeal === null ? null : { names_key: newNamesKey(), recovery_seal: recoverySeal });
  const made = begun !== null && "statement" in begun ? [await nameOf(fromBase64url(begun.statement))] : [];
  await rows.write({
    made: { statements: made },
    ...(address === undefined ? {} : { address }),
    ...(registers === null ? {} : { registers: withoutHistory(registers) }),
    ...(begun?.kind !== "link" || registers?.history === undefined ? {} : {
      history: { until: clock.now() + WAITED_MS, next: 0, lines: 0, isDone: false },
    }),
    ...(sealing === undefined ? {} : { [rowOf(sealing.number)]: { ...sealing, published: true } }),
    ...(statements === undefined ? {} : { chain: { statements: statements.map(toBase64url) } }),
  }, ({ remove }) => remove("keys", "begun"));
  device.begun = null;
  if (address !== undefined) state.change({ address });
  // A name is a comfort: without it the device works.
  if (registers !== null) {
    await api.rename(id, await sealName(registers.names_key, id, usualName(agent))).catch(() => undefined);
  }
  await storage.write(({ remove }) => remove("facts", "fate"));
}

/** What one device was to have is no other's. @param {Registers} registers */
function withoutHistory({ history: _, ...registers }) {
  return registers;
}

/**
 * Leaves pins with the server.
 * @param {Parts} parts
 * @param {ThisDevice} device
 * @param {import("../protocol/accounts/chain.js").Chain} chain
 */
export async function leavePins({ api, rows, hpke }, { keys }, chain) {
  const registers = await rows.read("registers");
  if (registers === undefined) return;
  const { pins, signature } = await makePins(await hpke(), { keys, chain, registers });
  await api.putPins(pins, signature);
}
