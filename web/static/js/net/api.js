/** HTTP with a room's server (docs/protocol.md, section 9): only what happens outside the socket. */

import { readJson } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { readError } from "../protocol/objects.js";

/** A server's answer may list every message that waits. */
export const ANSWER_BYTES = 4_194_304;
const PATIENCE_MS = 15_000;
/** What fails in passing is asked so many times in all, since every request here may be repeated. */
const ATTEMPTS = 3;
const PAUSE_MS = 500;
const PASSING = ["unreachable", "unavailable", "too_many"];
/** Whoever is sent away for longer is told so instead. */
const LONGEST_SECONDS = 10;

/**
 * @typedef {{locator: string, token?: string}} Credentials  base64url
 * @typedef {{who?: Credentials, body?: object, headers?: Record<string, string>,
 *   keepalive?: boolean}} Request
 */

export class Api {
  #base;

  /** @param {string} base  address of the deployment with a trailing slash */
  constructor(base) {
    this.#base = base;
  }

  config() {
    return this.#ask("GET", "config");
  }

  /** @param {Credentials} who  @param {{charter: string, mac: string}} body */
  createRoom(who, body) {
    return this.#ask("POST", "rooms", { who, body });
  }

  /** @param {Credentials} who */
  room(who) {
    return this.#ask("GET", "room", { who });
  }

  /** @param {Credentials} who  @returns {Promise<unknown>} what the server holds about the room */
  record(who) {
    return this.#ask("GET", "room/record", { who });
  }

  /** @param {Credentials} who  @param {{member: string, profile?: string, resume?: object}} body */
  join(who, body) {
    return this.#ask("POST", "room/members", { who, body });
  }

  /** @param {string} token  @returns {Promise<unknown>} the server's half of what a reload needs */
  resume(token) {
    return this.#ask("POST", "room/members", { headers: { "Ephemeral-Resume": token } });
  }

  /** Survives the page. @param {Credentials} who */
  async leave(who) {
    await this.#ask("DELETE", "room/members", { who, keepalive: true });
  }

  /** Survives the page. @param {Credentials} who */
  async destroy(who) {
    await this.#ask("DELETE", "room", { who, keepalive: true });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Request} [options]
   * @returns {Promise<unknown>} the answer's JSON; null for 204
   * @throws {Refusal} the server's, or `unreachable`
   */
  async #ask(method, path, options = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#askOnce(method, path, options);
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
   * @param {Request} options
   * @returns {Promise<unknown>}
   */
  async #askOnce(method, path, { who, body, headers, keepalive = false }) {
    const all = new Headers(headers);
    if (who !== undefined) all.set("Authorization", `Bearer ${who.locator}`);
    if (who?.token !== undefined) all.set("Ephemeral-Member", who.token);
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
        signal: AbortSignal.timeout(PATIENCE_MS),
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
