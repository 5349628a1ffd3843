/**
 * Proofs that a device makes a request (docs/accounts.md, section 9), in the header `Ephemeral-Proof`. One is good for
 * one method, path and token, and for as long as the server's clock allows.
 */

import { concat, toBase64url, u64, utf8 } from "../encoding.js";
import { sha256 } from "../keys.js";
import { labelledHash } from "./derivation.js";
import { signWith } from "./signing.js";

/** What this deployment is called in proofs and tokens. @param {Uint8Array} deploymentSalt */
export const audienceOf = async (deploymentSalt) =>
  toBase64url((await labelledHash("audience", deploymentSalt)).slice(0, 16));

/**
 * What is signed.
 * @param {string} audience
 * @param {string} method
 * @param {string} path
 * @param {Uint8Array} hash
 * @param {number} time
 */
export const proven = (audience, method, path, hash, time) =>
  concat(utf8(`${audience}\0${method}\0${path}\0`), hash, u64(time));

/**
 * The header by which a device proves one request.
 * @param {CryptoKeyPair} keys
 * @param {string} audience
 * @param {string} method
 * @param {string} path  as requested, without query
 * @param {string} token  the bearer's, or the refresh token, or ""
 * @param {number} time  ms, by the server's clock
 * @returns {Promise<string>}
 */
export async function proof(keys, audience, method, path, token, time) {
  const data = proven(audience, method, path, await sha256(utf8(token)), time);
  return `${time}.${toBase64url(await signWith(keys, "proof", data))}`;
}

/**
 * By which a recovery key asks for the chain that it may recover: the address stands where a token would.
 * @param {CryptoKeyPair} recovery
 * @param {string} audience
 * @param {string} path  as requested
 * @param {string} address
 * @param {number} time
 */
export const recoveryProof = async (recovery, audience, path, address, time) =>
  signWith(recovery, "proof", proven(audience, "POST", path, await sha256(utf8(address)), time));
