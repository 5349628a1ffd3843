/**
 * The session of this browser: an access token in memory, and a refresh token in a cookie that no program of
 * the page can read. Whatever is asked as somebody goes through here; where the session is a device's, with
 * the device's proof.
 */

import { HttpClient } from "../net/http-client.js";
import { isObject } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { proof } from "../protocol/accounts/proofs.js";

const REFRESH = "ephemeral-account/refresh";
/** A token that ends so soon is renewed before it is used. */
const EARLY_MS = 60_000;
/** How often one question is asked with another token or another clock. */
const ATTEMPTS = 3;

/**
 * @typedef {import("./clock.js").Clock} Clock
 * @typedef {import("./tabs.js").Tabs} Tabs
 * @typedef {import("./storage-keys.js").Locks} Locks
 *
 * @typedef {object} Access  what the tabs of a browser tell each other
 * @property {string} token
 * @property {number} until  by this device's clock
 * @property {string} account
 * @property {string} sid
 * @property {string|null} device
 *
 * @typedef {object} Request
 * @property {object} [body]
 * @property {Record<string, string>} [headers]
 * @property {number} [timeoutMs]
 * @property {AbortSignal} [signal]
 * @property {RequestCredentials} [credentials]
 */

export class Tokens {
  /** @type {Access|null} */
  access = null;
  #base;
  #http;
  #clock;
  #locks;
  #tabs;
  #audience;
  /** Of this device, once it has any. @type {import("../protocol/accounts/signing.js").SigningKey|null} */
  #keys = null;
  #read;

  /**
   * @param {{base: string, audience: string, clock: Clock, locks: Locks, tabs: Tabs, http?: HttpClient,
   *   read?: () => number}} parts  `read`: this device's clock
   */
  constructor({ base, audience, clock, locks, tabs, http = new HttpClient(base), read = () => Date.now() }) {
    this.#base = base;
    this.#audience = audience;
    this.#clock = clock;
    this.#locks = locks;
    this.#tabs = tabs;
    this.#http = http;
    this.#read = read;
  }

  /** @param {import("../protocol/accounts/signing.js").SigningKey|null} keys */
  proveBy(keys) {
    this.#keys = keys;
  }

  /** @param {unknown} access  as another tab has told it */
  learn(access) {
    if (!isObject(access) || typeof access.token !== "string" || typeof access.until !== "number") return;
    if (access.until > (this.access?.until ?? 0)) this.access = /** @type {Access} */ (/** @type {unknown} */ (access));
  }

  /** Nothing is known of a session from here on. */
  drop() {
    this.access = null;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Request} [request]
   * @returns {Promise<Record<string, any>>} {} for 204
   * @throws {Refusal} the server's; `session_ended`: there is none
   */
  async ask(method, path, request = {}) {
    for (let attempt = 1; ; attempt += 1) {
      const { token } = await this.#fresh();
      try {
        // Also before this session is known to be the device's: it becomes so while somebody else adds it.
        const headers = {
          ...request.headers, Authorization: `Bearer ${token}`, ...(await this.#proof(method, path, token)),
        };
        return this.#learnt(await this.#http.ask(method, path, { ...request, headers }));
      } catch (error) {
        if (attempt === ATTEMPTS || !this.#mayHelp(error, token)) throw error;
      }
    }
  }

  /**
   * By which something that is no request says who asks.
   * @param {string} method
   * @param {string} path  from the root of the server
   * @returns {Promise<{token: string, proof: string}>} proof: as the header has it; "" without a device
   * @throws {Refusal} as `ask`
   */
  async credentials(method, path) {
    const { token } = await this.#fresh();
    return { token, proof: (await this.#proof(method, path, token))["Ephemeral-Proof"] ?? "" };
  }

  /** They were refused: the next ones are others. @param {Refusal} refusal  @param {string} token */
  refused(refusal, token) {
    this.#mayHelp(refusal, token);
  }

  /**
   * Asks for something that is nobody's; what the server puts into cookies is kept.
   * @param {string} path
   * @param {object} body
   * @returns {Promise<Record<string, any>>}
   * @throws {Refusal} the server's
   */
  async anonymous(path, body) {
    return this.#learnt(await this.#http.ask("POST", path, { body, credentials: "same-origin" }));
  }

  /**
   * Asks for a session: its answer is one.
   * @param {string} path
   * @param {object} body
   * @param {{proved?: boolean}} [how]  proved: by this device's keys
   * @returns {Promise<Access>}
   * @throws {Refusal} the server's
   */
  async open(path, body, { proved = false } = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const headers = proved ? await this.#proof("POST", path, "") : {};
        const answer = await this.#http.ask("POST", path, { body, headers, credentials: "same-origin" });
        return this.#adopt(this.#learnt(answer));
      } catch (error) {
        if (attempt === ATTEMPTS || !this.#mayHelp(error, null)) throw error;
      }
    }
  }

  /**
   * A new access token, of the device that this session has become.
   * @throws {Refusal} `session_ended`: there is no session; `proof_wrong`: the session is a device's that isn't
   *   this one; the server's
   */
  async refresh() {
    const before = this.access;
    await this.#locks.request(REFRESH, async () => {
      // This tab or another has done it while this question has waited.
      if (this.access !== before && this.access !== null && !this.#isOld(this.access)) return;
      await this.open("auth/refresh", {}, { proved: this.#keys !== null });
    });
  }

  /** Ends the session. @throws {Refusal} the server's */
  async end() {
    const token = this.access?.token;
    /** @type {Record<string, string>} */
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    this.access = null;
    await this.#http.ask("POST", "auth/logout", { body: {}, headers, credentials: "same-origin", keepalive: true });
  }

  async #fresh() {
    if (this.access === null || this.#isOld(this.access)) await this.refresh();
    return /** @type {Access} */ (this.access);
  }

  /** @param {Access} access */
  #isOld({ until }) {
    return this.#read() > until - EARLY_MS;
  }

  /** @param {Record<string, any>} answer  @returns {Access} */
  #adopt({ account, sid, access_token: token, expires_in: seconds, device }) {
    // A server that was asked to go on with a session, and has none.
    if (token === undefined) throw new Refusal("session_ended");
    if ([account, sid, token].some((part) => typeof part !== "string") || !(seconds > 0)) throw new Refusal("malformed");
    this.access = { token, until: this.#read() + 1000 * seconds, account, sid, device: device ?? null };
    this.#tabs.tell({ kind: "token", access: this.access });
    return this.access;
  }

  /**
   * Whether asking again may be answered otherwise.
   * @param {unknown} error
   * @param {string|null} token  that was used
   */
  #mayHelp(error, token) {
    const { code, now } = /** @type {Refusal} */ (error);
    if (now !== null && now !== undefined) this.#clock.learn({ now });
    if (code === "unauthorized" && token !== null) {
      if (this.access?.token === token) this.access = null;
      return true;
    }
    return code === "proof_wrong" && now != null && this.#keys !== null;
  }

  /** @param {string} method  @param {string} path  @param {string} token  @returns {Promise<Record<string, string>>} */
  async #proof(method, path, token) {
    if (this.#keys === null) return {};
    const { pathname } = new URL(path, this.#base);
    const value = await proof(this.#keys, this.#audience, method, pathname, token, this.#clock.now());
    return { "Ephemeral-Proof": value };
  }

  /** @param {unknown} answer  @returns {Record<string, any>} */
  #learnt(answer) {
    this.#clock.learn(answer);
    return isObject(answer) ? answer : {};
  }
}
