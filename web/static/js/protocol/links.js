/** Links: a code with what it takes to know that it is this server's (docs/protocol.md, 2.4). */

import { readCode } from "./codes.js";
import { hex } from "./encoding.js";
import { Refusal, refuse } from "./errors.js";
import { sha256 } from "./keys.js";

const FORM = /^([1-9][0-9]{0,2})\.([0-9a-f]{8})\.([a-z]+(?:-[a-z]+)*)$/;

/** @param {Uint8Array} salt */
export async function saltTag(salt) {
  return hex((await sha256(salt)).subarray(0, 4));
}

/**
 * @param {string} page  address without a fragment
 * @param {{suite: number, salt: Uint8Array}} config
 * @param {string} code  canonical
 */
export async function makeLink(page, config, code) {
  return `${page}#${config.suite}.${await saltTag(config.salt)}.${code}`;
}

/**
 * What stands before the first `#` is not looked at.
 * @param {string} link  whole, or its fragment with the `#`
 * @param {{suite: number, salt: Uint8Array}} config
 * @returns {Promise<string>} the canonical code
 * @throws {Refusal} `link_form`, `link_suite`, `link_salt`, or what `readCode` throws
 */
export async function readLink(link, config) {
  const fragment = link.slice(link.indexOf("#") + 1 || link.length);
  const [, suite, tag, code] = FORM.exec(fragment) ?? [];
  if (code === undefined) throw new Refusal("link_form");
  refuse(suite !== String(config.suite), "link_suite");
  refuse(tag !== (await saltTag(config.salt)), "link_salt");
  return readCode(code);
}
