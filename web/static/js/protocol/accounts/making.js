/** Statements as devices and recovery words make them: signed, for the chain as it is (docs/accounts.md, 5). */

import { isSame } from "./derivation.js";
import { publicBytes, signWith } from "./signing.js";
import {
  ADD, CLOSE, GENESIS, NOBODY, NO_HASH, RECOVER, REMOVE, Signed, Statement, deviceId,
} from "./statements.js";

/**
 * Where a statement comes to stand.
 * @typedef {Pick<import("./chain.js").Chain, "id"|"sequence"|"head"|"recovery"|"recoverySeal">} Place
 */

/** @type {Place} */
const NOWHERE = { id: NO_HASH, sequence: -1, head: NO_HASH, recovery: NO_HASH, recoverySeal: NO_HASH };

/** The id of the device whose keys these are. @param {CryptoKeyPair} keys */
const idOf = async (keys) => deviceId(await publicBytes(keys));

/**
 * @param {CryptoKeyPair} key
 * @param {Place} chain
 * @param {Partial<import("./statements.js").Fields> & {type: number}} fields
 * @param {Uint8Array|null} [agreed]
 */
async function signed(key, chain, fields, agreed = null) {
  const statement = new Statement({
    chain: chain.id, sequence: chain.sequence + 1, previous: chain.head, device: NOBODY, key: NO_HASH,
    recovery: chain.recovery, recoverySeal: chain.recoverySeal, signer: NOBODY, ...fields,
  });
  return new Signed(statement, await signWith(key, "chain", statement.encode()), agreed);
}

/**
 * The first statement.
 * @param {CryptoKeyPair} device
 * @param {Uint8Array} recovery  the public recovery key
 * @param {Uint8Array} recoverySeal  the hash of the recovery sealing key
 */
export async function genesis(device, recovery, recoverySeal) {
  const key = await publicBytes(device);
  const me = await deviceId(key);
  return signed(device, NOWHERE, { type: GENESIS, device: me, key, recovery, recoverySeal, signer: me });
}

/**
 * An active device adds another.
 * @param {Place} chain
 * @param {CryptoKeyPair} signer
 * @param {Uint8Array} key  the new device's
 * @param {Uint8Array} agreed  its consent
 */
export const add = async (chain, signer, key, agreed) =>
  signed(signer, chain, {
    type: ADD, device: await deviceId(key), key, signer: await idOf(signer),
  }, agreed);

/**
 * An active device removes another, or itself.
 * @param {Place} chain
 * @param {CryptoKeyPair} signer
 * @param {Uint8Array} device
 */
export const remove = async (chain, signer, device) =>
  signed(signer, chain, { type: REMOVE, device, signer: await idOf(signer) });

/**
 * The ten words' key empties the list and adds one device.
 * @param {Place} chain
 * @param {CryptoKeyPair} recovery
 * @param {Uint8Array} key  the new device's
 * @param {Uint8Array} agreed  its consent
 * @param {{recovery: Uint8Array, recoverySeal: Uint8Array}} [next]  what is in force from now on, if not the same
 */
export const recover = async (chain, recovery, key, agreed, next) =>
  signed(recovery, chain, { type: RECOVER, device: await deviceId(key), key, ...next }, agreed);

/**
 * The account is over. Signed by an active device, or by the recovery key (signer zero).
 * @param {Place} chain
 * @param {CryptoKeyPair} signer
 */
export async function close(chain, signer) {
  const byRecovery = isSame(await publicBytes(signer), chain.recovery);
  return signed(signer, chain, { type: CLOSE, signer: byRecovery ? NOBODY : await idOf(signer) });
}
