/** Passwords: stretched where they are typed, and never sent (docs/accounts.md, section 4). */

import { isWellFormed, utf8 } from "../encoding.js";
import { refuse } from "../errors.js";
import { accountSalt } from "./addresses.js";
import { derived, stretched } from "./derivation.js";

/** Code points, the fewest and the most. */
export const PASSWORD_POINTS = /** @type {const} */ ([10, 256]);
const PASSWORD_BYTES = 1024;

/**
 * The password in Unicode's form NFC, so that every keyboard types the same.
 * @param {string} password
 * @returns {string}
 * @throws {Refusal} `malformed` for lone surrogates; `password_length` for less than 10 or more than 256 code points,
 *   or more than 1,024 bytes, then
 */
export function normalized(password) {
  refuse(!isWellFormed(password), "malformed");
  // What is a hundred times too long isn't worth normalising.
  refuse(password.length > 32 * PASSWORD_BYTES, "password_length");
  const composed = password.normalize("NFC");
  const points = Array.from(composed).length;
  const [fewest, most] = PASSWORD_POINTS;
  refuse(points < fewest || points > most, "password_length");
  refuse(utf8(composed).length > PASSWORD_BYTES, "password_length");
  return composed;
}

/**
 * The 32 bytes that follow from a password at an address (canonical) of this deployment.
 * @param {string} password
 * @param {Uint8Array} deploymentSalt
 * @param {string} address
 * @param {import("./derivation.js").Argon2id} argon2id
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} as `normalized`
 */
export async function deriveMaster(password, deploymentSalt, address, argon2id) {
  const written = utf8(normalized(password));
  return stretched(written, await accountSalt(deploymentSalt, address), argon2id);
}

/** What the server is shown instead of the password: 32 bytes. @param {Uint8Array} master */
export const authKey = (master) => derived(master, "auth");
