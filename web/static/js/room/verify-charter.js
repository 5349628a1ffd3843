/** A charter that a server shows, before anything is believed of it (docs/protocol.md, 5.3). */

import { readCharter } from "../protocol/charter.js";
import { fromBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";

/**
 * @param {CryptoKey} charterKey
 * @param {{charter: string, mac: string}} shown
 * @param {number} suite
 */
export async function verify(charterKey, { charter, mac }, suite) {
  return readCharter(charterKey, bytesOr(charter, "charter_length"), bytesOr(mac, "charter_mac"), suite);
}

/** @param {string} text  @param {string} code  of the refusal of what isn't base64url at all */
function bytesOr(text, code) {
  try {
    return fromBase64url(text);
  } catch {
    throw new Refusal(code);
  }
}
