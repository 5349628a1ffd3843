/**
 * What own devices tell each other of people beside their names: the register `request` (docs/conversations.md, 9.2).
 */

import { isBase64url, isInteger, isObject } from "../protocol/encoding.js";
import { isAddress } from "../protocol/accounts/addresses.js";
import { HASH_BYTES } from "../protocol/accounts/statements.js";
import { ID_BYTES } from "../protocol/limits.js";

/**
 * @typedef {import("../protocol/conversations/registers.js").Registers} Registers
 *
 * Of somebody who was asked, by the request, or has become known, by the chain. `ended`, `founded`: what has become of
 * that chain, as far as somebody was told of it and went on: that the account has another now, and the newest statement
 * by which it was recovered.
 * @typedef {{account?: string, address?: string, ended?: boolean, founded?: number}} Told
 */

export const REQUEST = "request";

/** What was told of somebody, as far as it is in form. @param {Registers} registers  @param {string} key  @returns {Told} */
export function toldOf(registers, key) {
  const told = registers.get(REQUEST, key);
  if (!isObject(told)) return {};
  const { account, address, ended, founded } = told;
  return {
    ...(isBase64url(account, ID_BYTES) ? { account: String(account) } : {}),
    ...(typeof address === "string" && isAddress(address) ? { address } : {}),
    ...(ended === true ? { ended } : {}), ...(isInteger(founded) ? { founded: Number(founded) } : {}),
  };
}

/**
 * The chain by which whoever asks was known before, where it is another.
 * @param {readonly {account: string, chain: string|null}[]} contacts
 * @param {Registers} registers
 * @param {{account: string, chain: string}} asks
 */
export function formerOf(contacts, registers, { account, chain }) {
  const known = contacts.find((one) => one.account === account)?.chain ?? chainOf(registers, account, chain);
  return known === chain ? null : known;
}

/**
 * Whether own devices know this account by another chain, and not by this one: then it is the server's word alone.
 * @param {Registers} registers
 * @param {string} account
 * @param {string} chain
 */
export const isElse = (registers, account, chain) =>
  toldOf(registers, chain).account !== account && chainOf(registers, account, chain) !== null;

/** @param {Registers} registers  @param {string} account  @param {string} [but]  not this one  @returns {string|null} */
export function chainOf(registers, account, but) {
  for (const [chain] of registers.all(REQUEST)) {
    if (chain !== but && isBase64url(chain, HASH_BYTES) && toldOf(registers, chain).account === account) return chain;
  }
  return null;
}
