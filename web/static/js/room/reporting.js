/** A report from a room (docs/reports.md): asked by nobody in particular, without seat, code or cookie. */

import { randomBytes } from "../device/random.js";
import { HttpClient } from "../net/http-client.js";
import { toBase64url } from "../protocol/encoding.js";
import { ID_BYTES } from "../protocol/limits.js";

/**
 * One report; sent again, as after a lost answer, it is the same.
 * @param {string} base  address of the deployment with a trailing slash
 * @returns {(reason: string, text: string) => Promise<unknown>} rejects with the server's refusal
 */
export function reporting(base) {
  const id = toBase64url(randomBytes(ID_BYTES));
  return (reason, text) => new HttpClient(base).ask("POST", "report/room", { body: { id, reason, text } });
}
