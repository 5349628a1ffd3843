/** HTTP with a room's server (docs/protocol.md, section 9): only what happens outside the socket. */

import { HttpClient } from "../net/http-client.js";

/** @typedef {{locator: string, token?: string}} Credentials  base64url */

export class RoomApi {
  #http;

  /** @param {string} base  address of the deployment with a trailing slash */
  constructor(base) {
    this.#http = new HttpClient(base);
  }

  config() {
    return this.#http.ask("GET", "config");
  }

  /** @param {Credentials} who  @param {{charter: string, mac: string}} body */
  createRoom(who, body) {
    return this.#http.ask("POST", "rooms", { headers: headersOf(who), body });
  }

  /** @param {Credentials} who */
  room(who) {
    return this.#http.ask("GET", "room", { headers: headersOf(who) });
  }

  /** @param {Credentials} who  @returns {Promise<unknown>} what the server holds about the room */
  record(who) {
    return this.#http.ask("GET", "room/record", { headers: headersOf(who) });
  }

  /** @param {Credentials} who  @param {{profile?: string, resume?: object}} body */
  join(who, body) {
    return this.#http.ask("POST", "room/members", { headers: headersOf(who), body });
  }

  /** @param {string} token  @returns {Promise<unknown>} the server's half of what a reload needs */
  resume(token) {
    return this.#http.ask("POST", "room/members", { headers: { "Ephemeral-Resume": token } });
  }

  /** @param {Credentials} who  @param {string[]} ids  @returns {Promise<unknown>} what became of these messages */
  status(who, ids) {
    return this.#http.ask("POST", "room/messages/status", { headers: headersOf(who), body: { ids } });
  }

  /** Takes a message of one's own back. @param {Credentials} who  @param {string} id */
  withdraw(who, id) {
    return this.#http.ask("DELETE", `room/messages/${id}`, { headers: headersOf(who) });
  }

  /** Survives the page. @param {Credentials} who */
  async leave(who) {
    await this.#http.ask("DELETE", "room/members", { headers: headersOf(who), keepalive: true });
  }

  /** Survives the page. @param {Credentials} who */
  async destroy(who) {
    await this.#http.ask("DELETE", "room", { headers: headersOf(who), keepalive: true });
  }
}

/** @param {Credentials} who  @returns {Record<string, string>} */
function headersOf({ locator, token }) {
  const headers = { Authorization: `Bearer ${locator}` };
  return token === undefined ? headers : { ...headers, "Ephemeral-Member": token };
}
