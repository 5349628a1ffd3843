/** Attachments of a room over HTTP (docs/protocol.md, section 15): what happens outside the socket. */

import { HttpClient } from "../net/http-client.js";
import { isInteger, isObject, readJson } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { ATTACHMENT_BYTES, CHUNK_BYTES } from "../protocol/attachments.js";
import { TAG_BYTES } from "../protocol/limits.js";
import { readError } from "../protocol/objects.js";

/** A chunk on a line on which nothing else would arrive either. */
const CHUNK_MS = 120_000;
const ERROR_BYTES = 65_536;
/** What proxies answer by themselves. */
const GATEWAY = [429, 500, 502, 503, 504];

/** @typedef {{base: string, locator: string, token: string}} Who  where, and with which credentials */

/** @param {Who} who  @returns {Record<string, string>} */
const headersOf = ({ locator, token }) => ({ Authorization: `Bearer ${locator}`, "Ephemeral-Member": token });

/**
 * How many bytes a file may have here; null where none are taken.
 * @param {string} base
 */
export async function mostBytes(base) {
  const config = await new HttpClient(base).ask("GET", "config");
  const attachments = isObject(config) ? config.attachments : null;
  const bytes = isObject(attachments) ? attachments.bytes : null;
  return isInteger(bytes, 1, ATTACHMENT_BYTES) ? bytes : null;
}

/**
 * Reserves; gives the numbers of the chunks that have landed.
 * @param {Who} who  @param {{id: string, chunks: number, padded: number}} body  @param {AbortSignal} signal
 * @returns {Promise<Set<number>>}
 */
export async function reserve(who, body, signal) {
  const { value } = await new HttpClient(who.base).askOnce("POST", "room/attachments", { headers: headersOf(who), body, signal });
  const landed = isObject(value) && Array.isArray(value.landed) ? value.landed : [];
  return new Set(landed.filter((at) => isInteger(at, 0, body.chunks - 1)));
}

/** @param {Who} who  @param {string} id  @param {number} at  @param {Uint8Array} bytes  @param {AbortSignal} signal */
export async function putChunk(who, id, at, bytes, signal) {
  await octets(who, "PUT", `room/attachments/${id}/${at}`, signal, bytes);
}

/** @param {Who} who  @param {string} id  @param {number} at  @param {AbortSignal} signal */
export const getChunk = (who, id, at, signal) => octets(who, "GET", `room/attachments/${id}/${at}`, signal);

/** Gives up what was reserved. @param {Who} who  @param {string} id */
export async function giveUp(who, id) {
  await new HttpClient(who.base).askOnce("DELETE", `room/attachments/${id}`, { headers: headersOf(who) });
}

/**
 * @param {Who} who
 * @param {"GET"|"PUT"} method
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {Uint8Array} [body]
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} the server's, `unreachable`, or `not_ours`
 */
async function octets(who, method, path, signal, body) {
  const limit = new AbortController();
  const giveUp = () => limit.abort();
  const causes = [AbortSignal.timeout(CHUNK_MS), signal];
  for (const cause of causes) cause.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    const answer = await fetch(new URL(path, who.base), {
      method,
      headers: { ...headersOf(who), ...(body !== undefined && { "Content-Type": "application/octet-stream" }) },
      body: /** @type {BodyInit|undefined} */ (body),
      cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "manual", signal: limit.signal,
    });
    const bytes = answer.status === 204 ? new Uint8Array(0) : new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 204 || (method === "GET" && answer.status === 200 && isOctets(answer, bytes))) return bytes;
    throw refusalOf(answer.status, bytes);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal("unreachable");
  } finally {
    for (const cause of causes) cause.removeEventListener("abort", giveUp);
  }
}

/** @param {Response} answer  @param {Uint8Array} bytes */
const isOctets = ({ headers }, bytes) =>
  bytes.length <= CHUNK_BYTES + TAG_BYTES && (headers.get("Content-Type") ?? "").startsWith("application/octet-stream");

/** @param {number} status  @param {Uint8Array} bytes */
function refusalOf(status, bytes) {
  try {
    const value = readJson(bytes, ERROR_BYTES);
    if (status >= 400 && isObject(value) && isObject(value.error)) return readError(value.error);
  } catch {
    // Not in the protocol's form.
  }
  return new Refusal(GATEWAY.includes(status) ? "unavailable" : "not_ours");
}
