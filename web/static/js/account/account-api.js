/** What an account's server is asked (docs/accounts.md, operations), and what its answers must look like. */

import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";

/**
 * @typedef {import("./tokens.js").Tokens} Tokens
 * @typedef {import("./storage-keys.js").Share} Share
 *
 * @typedef {{number: number, day: number, key: string, signature: string}} SealingBody  bytes in base64url
 *
 * @typedef {object} Me
 * @property {string} account
 * @property {string} sid
 * @property {string|null} device
 * @property {string|null} chain  base64url
 * @property {number} createdDay
 * @property {string[]} ended  chains of the account that a later one has replaced
 * @property {boolean} isSuspended
 * @property {number|null} reusedAt  when a token that renews a session was shown that had been used up already
 * @property {{kind: "close"|"genesis", device: string|null, at: number|null, due: number}|null} pending
 *
 * @typedef {object} DeviceRow
 * @property {string} id
 * @property {string|null} name  sealed
 * @property {number|null} seenDay
 * @property {SealingBody|null} sealing
 */

/** No list of an account is longer. */
const LONGEST = 4096;
/** A server that waits answers within this. */
const WAIT_SECONDS = 25;

export class AccountApi {
  #tokens;

  /** @param {Tokens} tokens */
  constructor(tokens) {
    this.#tokens = tokens;
  }

  /** @returns {Promise<Me>} */
  async me() {
    const answer = await this.#tokens.ask("GET", "auth/me");
    return {
      account: text(answer.account), sid: text(answer.sid), device: textOrNull(answer.device),
      chain: textOrNull(answer.chain), createdDay: count(answer.created_day),
      ended: list(answer.ended ?? []).map((one) => text(one.chain)), pending: pendingOf(answer.pending),
      isSuspended: answer.suspended_day != null, reusedAt: answer.token_reused_at == null ? null : count(answer.token_reused_at),
    };
  }

  /** @returns {Promise<{statements: Uint8Array[], devices: DeviceRow[]}>} */
  async devices() {
    const answer = await this.#tokens.ask("GET", "devices");
    return {
      statements: list(answer.statements).map((one) => fromBase64url(one)),
      devices: list(answer.devices).map((one) => ({
        id: text(one.id), name: textOrNull(one.name), seenDay: one.seen_day == null ? null : count(one.seen_day),
        sealing: isObject(one.sealing) ? /** @type {SealingBody} */ (/** @type {unknown} */ (one.sealing)) : null,
      })),
    };
  }

  async sessions() {
    const answer = await this.#tokens.ask("GET", "auth/sessions");
    return list(answer.sessions).map((one) => ({
      sid: text(one.sid), device: textOrNull(one.device), createdDay: count(one.created_day),
      seenDay: count(one.seen_day), present: one.present === true,
    }));
  }

  /**
   * Gives a server that was restored from a backup what it lacks.
   * @param {string} chain
   * @param {Uint8Array[]} statements
   */
  giveBack(chain, statements) {
    return this.#tokens.ask("POST", `chains/${chain}`, { body: { statements: statements.map(toBase64url) } });
  }

  /** @param {object} body  @returns {Promise<{pending: import("./account-state.js").Pending|null}>} */
  async addDevice(body) {
    const answer = await this.#tokens.ask("POST", "devices", { body });
    return { pending: pendingOf(answer.pending) };
  }

  /** @param {string} id  @param {{statement: string, auth_key: string}} body */
  revoke(id, body) {
    return this.#tokens.ask("POST", `devices/${id}/revoke`, { body });
  }

  /** @param {string} id  @param {Uint8Array} name  sealed */
  rename(id, name) {
    return this.#tokens.ask("PATCH", `devices/${id}`, { body: { name: toBase64url(name) } });
  }

  /** @param {string} sid */
  endSession(sid) {
    return this.#tokens.ask("DELETE", `auth/sessions/${sid}`);
  }

  /** @param {{auth_key: string, old_auth_key: string}} body */
  changePassword(body) {
    return this.#tokens.ask("POST", "auth/password", { body });
  }

  /** @param {{auth_key: string, statement?: string}} body  @returns {Promise<{deleted: boolean, due: number|null}>} */
  async deleteAccount(body) {
    const answer = await this.#tokens.ask("DELETE", "auth/me", { body });
    return { deleted: answer.deleted === true, due: answer.due == null ? null : count(answer.due) };
  }

  refusePending() {
    return this.#tokens.ask("DELETE", "devices/pending");
  }

  /** @param {SealingBody} body */
  putSealingKey(body) {
    return this.#tokens.ask("PUT", "devices/me/sealing-key", { body });
  }

  /** @returns {Promise<Share[]>} */
  async shares() {
    return sharesOf(await this.#tokens.ask("GET", "devices/me/share"));
  }

  /** @param {number} n  @returns {Promise<Share[]>} */
  async rotate(n) {
    return sharesOf(await this.#tokens.ask("POST", "devices/me/share", { body: { rotate: n } }));
  }

  /** @param {number} n  @returns {Promise<Share[]>} */
  async confirm(n) {
    return sharesOf(await this.#tokens.ask("POST", "devices/me/share", { body: { confirm: n } }));
  }

  /** @param {Uint8Array} pins  sealed  @param {Uint8Array} signature */
  putPins(pins, signature) {
    const body = { pins: toBase64url(pins), signature: toBase64url(signature) };
    return this.#tokens.ask("PUT", "devices/me/pins", { body });
  }

  /** @param {Uint8Array} locator  @param {Uint8Array} request  @returns {Promise<{expiresAt: number}>} */
  async depositLink(locator, request) {
    const body = { locator: toBase64url(locator), request: toBase64url(request) };
    const answer = await this.#tokens.ask("POST", "devices/links", { body });
    return { expiresAt: count(answer.expires_at) };
  }

  /**
   * @param {Uint8Array} locator
   * @param {{wait?: boolean, signal?: AbortSignal}} [how]
   * @returns {Promise<{request: Uint8Array|null, answer: Uint8Array|null, expiresAt: number}>}
   */
  async link(locator, { wait = false, signal } = {}) {
    /** @type {Record<string, string>} */
    const headers = { "Ephemeral-Link": toBase64url(locator) };
    if (wait) headers.Prefer = `wait=${WAIT_SECONDS}`;
    const timeoutMs = wait ? 1000 * (WAIT_SECONDS + 15) : undefined;
    const answer = await this.#tokens.ask("GET", "devices/links", { headers, timeoutMs, signal });
    return {
      request: answer.request === undefined ? null : fromBase64url(answer.request),
      answer: answer.answer === undefined ? null : fromBase64url(answer.answer),
      expiresAt: count(answer.expires_at),
    };
  }
}

/** @param {unknown} value  @returns {any[]} */
function list(value) {
  if (!Array.isArray(value) || value.length > LONGEST) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @returns {string} */
function text(value) {
  if (typeof value !== "string") throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
const textOrNull = (value) => (value == null ? null : text(value));

/** @param {unknown} value  @returns {number} */
function count(value) {
  if (!isInteger(value)) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @returns {import("./account-state.js").Pending|null} */
function pendingOf(value) {
  if (!isObject(value)) return null;
  if (value.kind !== "close" && value.kind !== "genesis") throw new Refusal("malformed");
  return {
    kind: value.kind, device: textOrNull(value.device), at: value.at == null ? null : count(value.at),
    due: count(value.due),
  };
}

/** @param {Record<string, any>} answer  @returns {Share[]} */
function sharesOf(answer) {
  return list(answer.shares).map(({ n, share }) => ({ n: count(n), share: toBase64url(fromBase64url(share, 32)) }));
}
