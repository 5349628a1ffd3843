/**
 * The account's own list of devices, as this device has seen it before. The server orders and serves it; what
 * it serves must continue what was seen, and nothing in it may be signed by this device that this device has
 * not made.
 */

import { toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { readChain } from "../protocol/accounts/chain.js";
import { isSame } from "../protocol/accounts/derivation.js";
import { ADD, RECOVER, REMOVE, Signed } from "../protocol/accounts/statements.js";

/**
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 * @typedef {import("./account-state.js").News} News
 */

/**
 * @param {Uint8Array[]} pinned  signed statements as they were seen before
 * @param {Uint8Array[]} served
 * @returns {Promise<Chain>}
 * @throws {Refusal} `chain_back`: an older list; `chain_fork`: another one, or one that breaks the rules
 */
export async function continued(pinned, served) {
  const common = pinned.slice(0, served.length);
  if (!common.every((bytes, at) => isSame(bytes, served[at]))) throw new Refusal("chain_fork");
  if (served.length < pinned.length) throw new Refusal("chain_back");
  return readChain(served).catch(() => { throw new Refusal("chain_fork"); });
}

/**
 * Whether somebody else acts with this device's keys.
 * @param {Uint8Array[]} served
 * @param {Uint8Array} me
 * @param {Set<string>} made  what `nameOf` says of the statements that this device has made
 */
export async function isCopied(served, me, made) {
  for (const bytes of served) {
    const { type, signer, device } = Signed.decode(bytes).statement;
    // Nobody has signed a RECOVER but the recovery key; whose device it adds has consented to it.
    const author = type === RECOVER ? device : signer;
    if (isSame(author, me) && !made.has(await nameOf(bytes))) return true;
  }
  return false;
}

/** Under this name a statement is remembered. @param {Uint8Array} signed */
export const nameOf = async (signed) => toBase64url((await sha256(signed)).subarray(0, 16));

/**
 * What has happened in statements that this device has not seen yet, but for what it did itself.
 * @param {Uint8Array[]} fresh
 * @param {Uint8Array} me
 * @returns {News[]}
 */
export function newsOf(fresh, me) {
  /** @type {News[]} */
  const news = [];
  for (const bytes of fresh) {
    const { type, signer, device } = Signed.decode(bytes).statement;
    if (isSame(signer, me) || isSame(device, me)) continue;
    const named = toBase64url(device);
    if (type === ADD) news.push({ kind: "device_added", device: named });
    if (type === REMOVE) news.push({ kind: "device_removed", device: named });
    if (type === RECOVER) news.push({ kind: "recovered", device: named });
  }
  return news;
}
