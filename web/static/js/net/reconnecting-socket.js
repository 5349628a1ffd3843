/** One WebSocket that comes back: opened, watched, and opened again (docs/protocol.md, 11.7, 11.8). */

import { randomBelow } from "../device/random.js";
import { PROTOCOL } from "../protocol/config.js";
import { readJson } from "../protocol/encoding.js";
import { RECONNECT_FIRST_SECONDS, RECONNECT_LONGEST_SECONDS } from "../protocol/limits.js";
import { readError } from "../protocol/objects.js";
import { ANSWER_BYTES } from "./http-client.js";

/** How long a connection may take to open. */
const PATIENCE_MS = 15_000;
/** A server that says "too fast", and not for how long, is left alone as if so many attempts had failed. */
const LATER_ATTEMPTS = 5;
const RESOLUTION = 2 ** 32;

/**
 * How long to wait before the next attempt: all of it random, so that clients which lost the same
 * server don't come back together.
 * @param {number} attempts  that have failed since the last success
 * @param {number} random  0 <= r < 1
 * @returns {number} milliseconds
 */
export function backoffDelay(attempts, random) {
  const most = Math.min(RECONNECT_LONGEST_SECONDS, RECONNECT_FIRST_SECONDS * 2 ** attempts);
  return 1000 * most * random;
}

export class ReconnectingSocket {
  #url;
  #on;
  /** @type {WebSocket|null} */
  #socket = null;
  #attempts = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  /** @type {AbortController|null} */
  #listeners = null;
  #works = false;
  /** Before that the server doesn't want to be asked again, by this device's clock. */
  #notBefore = 0;
  /** When the next attempt is due, by this device's clock; null while there is a connection. */
  retryAt = /** @type {number|null} */ (null);

  /**
   * @param {URL} address  of the socket, by HTTP's schemes
   * @param {{open: () => void, message: (value: unknown) => void,
   *   close: (code: number) => "retry"|"later"|"stop"}} on  `close` decides what follows
   */
  constructor(address, on) {
    const url = new URL(address);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#url = url.href;
    this.#on = on;
  }

  start() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const now = () => this.#reconnectNow();
    globalThis.addEventListener?.("online", now, { signal });
    // What the network still holds of this connection would only be missed in half a minute.
    globalThis.addEventListener?.("offline", () => this.restart(), { signal });
    globalThis.document?.addEventListener("visibilitychange", now, { signal });
    this.#connect();
  }

  /** @param {string} message */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  /** The connection serves: the next loss is the first again. */
  resetBackoff() {
    this.#attempts = 0;
    this.#works = true;
  }

  /** The connection is dead, whatever the browser believes. */
  restart() {
    const socket = this.#socket;
    if (socket !== null) this.#lost(socket, 1006);
  }

  /**
   * For good.
   * @param {{unloading?: boolean}} [options]  the page goes: then the browser closes the socket, by the
   *   code that says so (1001), which no script can
   */
  stop({ unloading = false } = {}) {
    this.#listeners?.abort();
    this.#listeners = null;
    clearTimeout(this.#timer);
    this.retryAt = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!unloading) socket?.close(1000);
  }

  #reconnectNow() {
    if (Date.now() < this.#notBefore) return;
    if (this.#socket === null && globalThis.document?.visibilityState !== "hidden") {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }

  #connect() {
    this.retryAt = null;
    const socket = new WebSocket(this.#url, PROTOCOL);
    this.#socket = socket;
    this.#works = false;
    this.#notBefore = 0;
    this.#timer = setTimeout(() => this.#lost(socket, 1006), PATIENCE_MS);
    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      this.#on.open();
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      const frames = parse(data);
      this.#noteRetryAfter(frames);
      this.#on.message(frames);
    });
    socket.addEventListener("close", ({ code }) => this.#lost(socket, code));
  }

  /** What says why the connection closes, or refuses its greeting, also says when to come again. */
  #noteRetryAfter(/** @type {any} */ frames) {
    for (const frame of Array.isArray(frames) ? frames : []) {
      if (frame?.type !== "error" || (this.#works && frame.ref !== null)) continue;
      const { retryAfter } = readError(frame.error);
      this.#notBefore = Math.max(this.#notBefore, Date.now() + 1000 * (retryAfter ?? 0));
    }
  }

  /** @param {WebSocket} socket  @param {number} code */
  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#timer);
    // A connection that hangs would take its time to close: nobody waits for it.
    if (socket.readyState !== WebSocket.CLOSED) socket.close();
    const next = this.#on.close(code);
    if (next === "stop" || this.#listeners === null) return;
    const told = Math.max(0, this.#notBefore - Date.now());
    if (next === "later" && told === 0) this.#attempts = Math.max(this.#attempts, LATER_ATTEMPTS);
    const delay = told + backoffDelay(this.#attempts, randomBelow(RESOLUTION) / RESOLUTION);
    this.#attempts += 1;
    this.retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => this.#connect(), delay);
  }
}

/** @param {unknown} data  @returns {unknown} undefined for what is no JSON in text */
function parse(data) {
  try {
    return typeof data === "string" ? readJson(data, ANSWER_BYTES) : undefined;
  } catch {
    return undefined;
  }
}
