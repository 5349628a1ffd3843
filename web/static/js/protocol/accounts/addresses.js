/** Addresses of accounts, `name.12345` (docs/accounts.md, section 3). */

import { clean, written } from "../cleaning.js";
import { utf8 } from "../encoding.js";
import { refuse } from "../errors.js";
import { TYPED_BYTES } from "../limits.js";
import { labelledHash } from "./derivation.js";

const NAME = /^[a-z0-9_]{3,20}$/;
const ADDRESS = /^[a-z0-9_]{3,20}\.[0-9]{5}$/;
const NUMBERS = 100_000;

/** Whether a text is an address as it goes over the wire. @param {string} text */
export const isAddress = (text) => ADDRESS.test(text);

/**
 * The address that a person typed or pasted. What other software does to a text on its way is undone as in a code;
 * spaces around it are dropped.
 * @param {string} typed
 * @returns {string}
 * @throws {Refusal} `address_form`
 */
export function readAddress(typed) {
  const address = cleaned(typed);
  refuse(!ADDRESS.test(address), "address_form");
  return address;
}

/**
 * An address with this name, which is read as an address is, and five digits, each equally likely.
 * @param {string} name
 * @param {(below: number) => number} randomBelow  an unbiased secure integer, 0 <= n < below
 * @returns {string}
 * @throws {Refusal} `address_form`
 */
export function newAddress(name, randomBelow) {
  const read = cleaned(name);
  refuse(!NAME.test(read), "address_form");
  return `${read}.${String(randomBelow(NUMBERS)).padStart(5, "0")}`;
}

/**
 * The 16 bytes with which the password of this address is stretched.
 * @param {Uint8Array} deploymentSalt
 * @param {string} address
 */
export const accountSalt = async (deploymentSalt, address) =>
  (await labelledHash("account", deploymentSalt, utf8(address))).slice(0, 16);

/** @param {string} typed */
function cleaned(typed) {
  refuse(utf8(typed).length > TYPED_BYTES, "address_form");
  return written(clean(typed)).replace(/^ +| +$/g, "");
}
