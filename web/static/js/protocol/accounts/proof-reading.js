/** Proofs as a server reads them: no page does, and what it would have to read is tried by the vectors. */

import { fromBase64url, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { sha256 } from "../keys.js";
import { proven } from "./proofs.js";
import { SIGNATURE_BYTES } from "./signing.js";
import { verify } from "./verifying.js";

const FORM = /^(0|[1-9][0-9]{0,15})\.([A-Za-z0-9_-]{86})$/;

/**
 * @param {string} text
 * @returns {{time: number, signature: Uint8Array}}
 * @throws {Refusal} `proof_wrong`
 */
export function readProof(text) {
  const [, time, signature] = FORM.exec(text) ?? [];
  refuse(time === undefined || !Number.isSafeInteger(Number(time)), "proof_wrong");
  try {
    return { time: Number(time), signature: fromBase64url(signature, SIGNATURE_BYTES) };
  } catch {
    throw new Refusal("proof_wrong");
  }
}

/**
 * Whether the device with this key signed this very request; its time is not looked at.
 * @param {Uint8Array} publicKey
 * @param {{time: number, signature: Uint8Array}} given
 * @param {string} audience
 * @param {string} method
 * @param {string} path
 * @param {string} token
 */
export async function verifyProof(publicKey, { time, signature }, audience, method, path, token) {
  const data = proven(audience, method, path, await sha256(utf8(token)), time);
  return verify(publicKey, "proof", data, signature);
}
