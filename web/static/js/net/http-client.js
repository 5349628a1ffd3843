/** HTTP with a server, as every capability speaks it: JSON, refusals by code, and asking again. */

import { readJson } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { readError } from "../protocol/objects.js";

/** A server's answer may list every message that waits. */
export const ANSWER_BYTES = 4_194_304;
const TIMEOUT_MS = 15_000;
/** What fails in passing is asked so many times in all, since every request here may be repeated. */
const ATTEMPTS = 3;
const PAUSE_MS = 500;
const PASSING = ["unreachable", "unavailable", "too_many"];
/** Whoever is sent away for longer is told so instead. */
const LONGEST_SECONDS = 10;

/**
 * @typedef {object} Request
 * @property {Record<string, string>} [headers]
 * @property {object} [body]  sent as JSON
 * @property {boolean} [keepalive]  it survives the page
 */

export class HttpClient {
  #base;

  /** @param {string} base  address of the deployment with a trailing slash */
  constructor(base) {
    this.#base = base;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Request} [request]
   * @returns {Promise<unknown>} the answer's JSON; null for 204
   * @throws {Refusal} the server's, or `unreachable`
   */
  async ask(method, path, request = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#askOnce(method, path, request);
      } catch (error) {
        const { code, retryAfter: told } = /** @type {Refusal} */ (error);
        const retryAfter = told ?? 0;
        if (!PASSING.includes(code) || retryAfter > LONGEST_SECONDS || attempt === ATTEMPTS) throw error;
        const pause = Math.max(1000 * retryAfter, PAUSE_MS * 2 ** attempt);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Request} request
   * @returns {Promise<unknown>}
   */
  async #askOnce(method, path, { headers, body, keepalive = false }) {
    const all = new Headers(headers);
    if (body !== undefined) all.set("Content-Type", "application/json");
    let status;
    let text;
    try {
      const answer = await fetch(new URL(path, this.#base), {
        method,
        headers: all,
        body: body === undefined ? undefined : JSON.stringify(body),
        keepalive,
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = answer.status;
      text = await answer.text();
    } catch {
      throw new Refusal("unreachable");
    }
    if (status === 204) return null;
    const value = parse(text);
    if (status >= 200 && status < 300) {
      if (value === undefined) throw new Refusal("internal");
      return value;
    }
    const error = /** @type {any} */ (value)?.error;
    // What isn't in the protocol's form comes from something before the server: a proxy, a portal.
    if (error === undefined) throw new Refusal("unavailable");
    throw readError(error);
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return readJson(text, ANSWER_BYTES);
  } catch {
    return undefined;
  }
}
