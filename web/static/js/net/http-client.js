/** HTTP with a server, as every capability speaks it: JSON, refusals by code, and asking again. */

import { isObject, readJson } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { readError } from "../protocol/objects.js";

/** A server's answer may list every message that waits. */
export const ANSWER_BYTES = 4_194_304;
const TIMEOUT_MS = 15_000;
/** What fails in passing is asked so many times in all, since every request here may be repeated. */
const ATTEMPTS = 3;
const PAUSE_MS = 500;
/** What proxies answer by themselves when they can't reach the server, or are asked too often. */
const GATEWAY = [429, 500, 502, 503, 504];
const PASSING = ["unreachable", "unavailable", "too_many"];
/** Whoever is sent away for longer is told so instead. */
const LONGEST_SECONDS = 10;

/**
 * @typedef {object} Request
 * @property {Record<string, string>} [headers]
 * @property {object} [body]  sent as JSON
 * @property {boolean} [keepalive]  it survives the page
 * @property {number} [timeoutMs]
 * @property {AbortSignal} [signal]  gives it up
 * @property {RequestCredentials} [credentials]  a room's requests carry no cookie, and nobody asks for more
 *
 * @typedef {object} Answer
 * @property {unknown} value  the answer's JSON; null where there is none (204, 304)
 * @property {string|null} tag  its `ETag`
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
   * @throws {Refusal} the server's, `unreachable`, or `not_ours`
   */
  async ask(method, path, request = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.askOnce(method, path, request)).value;
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
   * @returns {Promise<Answer>}
   * @throws {Refusal} as `ask`
   */
  async askOnce(method, path, { headers, body, keepalive = false, timeoutMs = TIMEOUT_MS, signal, credentials = "omit" }) {
    const all = new Headers(headers);
    if (body !== undefined) all.set("Content-Type", "application/json");
    const limit = new AbortController();
    const giveUp = () => limit.abort();
    const causes = [AbortSignal.timeout(timeoutMs), signal];
    for (const cause of causes) cause?.addEventListener("abort", giveUp);
    let answer;
    let text;
    try {
      answer = await fetch(new URL(path, this.#base), {
        method,
        headers: all,
        body: body === undefined ? undefined : JSON.stringify(body),
        keepalive,
        cache: "no-store",
        credentials,
        referrerPolicy: "no-referrer",
        redirect: "manual",
        signal: limit.signal,
      });
      text = await answer.text();
    } catch {
      throw new Refusal("unreachable");
    } finally {
      for (const cause of causes) cause?.removeEventListener("abort", giveUp);
    }
    return read(answer, text);
  }
}

/**
 * @param {Response} answer
 * @param {string} text  of its body
 * @returns {Answer}
 */
function read({ status, headers }, text) {
  const tag = headers.get("ETag");
  if (status === 204 || status === 304) return { value: null, tag };
  const value = parse(text);
  const good = status >= 200 && status < 300;
  if (good && isObject(value)) return { value, tag };
  const error = isObject(value) ? value.error : undefined;
  if (!good && isObject(error)) throw readError(error);
  if (GATEWAY.includes(status)) throw new Refusal("unavailable");
  // Every refusal of the server is in the protocol's form, and no answer leads elsewhere: a captive portal.
  throw new Refusal("not_ours");
}

/** @param {string} text */
function parse(text) {
  try {
    return readJson(text, ANSWER_BYTES);
  } catch {
    return undefined;
  }
}
