/** A report from a room (docs/reports.md): asked by nobody in particular, without seat, code or cookie. */

import { HttpClient } from "../net/http-client.js";
import { toBase64url } from "../protocol/encoding.js";
import { ID_BYTES } from "../protocol/limits.js";

/**
 * One report; sent again, as after a lost answer, it is the same.
 * @param {string} base  address of the deployment with a trailing slash
 * @returns {(reason: string, text: string) => Promise<unknown>} rejects with the server's refusal
 */
export function reporting(base) {
  // Not by device/random.js: it is in another part, and each part has all that it needs.
  const id = toBase64url(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  return (reason, text) => new HttpClient(base).ask("POST", "report/room", { body: { id, reason, text } });
}
