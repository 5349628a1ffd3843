/**
 * One WebSocket that comes back: opened, watched, and opened again (docs/protocol.md, 11.7, 11.8). Where the
 * network lets none through, requests stand in for it until it does.
 */

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
/** So many that didn't come to serve, one after the other, and requests are tried. Whether it was the network that
 * let none through, or nothing was reachable, shows once requests serve: then a socket is tried at once. */
const HANDSHAKES = 2;
/** While requests stand in, a socket is tried so often; where one opened and nothing came through, half as often
 * each time, since all stands still meanwhile. */
const UPGRADE_MS = 60_000;
const LONGEST_UPGRADE_MS = 3_600_000;
const LOST = 1006;
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

/**
 * @typedef {Pick<WebSocket, "readyState"|"send"|"close"|"addEventListener">} Line  a WebSocket, or what
 *   stands in for one
 * @typedef {new (base: string) => Line} StandIn  `base`: address of the deployment with a trailing slash
 */

export class ReconnectingSocket {
  #base;
  #dial;
  #on;
  #load;
  /** @type {StandIn|null} */
  #standIn = null;
  /** @type {Line|null} */
  #socket = null;
  #attempts = 0;
  /** Sockets in a row of which none came to serve. */
  #refused = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #upgrade;
  /** @type {AbortController|null} */
  #listeners = null;
  #upgradeMs = UPGRADE_MS;
  #works = false;
  /** Whether a socket failed while requests served. */
  #slow = false;
  /** Before that the server doesn't want to be asked again, by this device's clock. */
  #notBefore = 0;
  /** When the next attempt is due, by this device's clock; null while there is a connection. */
  retryAt = /** @type {number|null} */ (null);
  /** Why there is no connection, as far as it is known: the code of a refusal. */
  trouble = /** @type {string|null} */ (null);

  /**
   * @param {{base: string, path: string, protocol?: string, standIn?: (() => Promise<StandIn>)|null}} address  of
   *   the deployment, with a trailing slash; of the socket in it; what is spoken there; promises what stands in for one
   * @param {{open: () => void, message: (value: unknown) => void, doubt: () => void,
   *   slow: () => void, close: (code: number) => "retry"|"later"|"stop"}} on  `close` decides what follows;
   *   `doubt`: this connection may have died unnoticed; `slow`: only requests come through, as it turned out
   */
  constructor({ base, path, protocol = PROTOCOL, standIn = null }, on) {
    const url = new URL(path, base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#base = base;
    this.#dial = () => new WebSocket(url.href, protocol);
    this.#load = standIn;
    this.#on = on;
  }

  /** Whether requests stand in for a socket, since none comes through. */
  get isSlow() {
    return this.#slow && this.#requestsServe;
  }

  get #requestsServe() {
    return this.#works && this.#isStandIn(this.#socket);
  }

  start() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const look = () => this.#look();
    globalThis.addEventListener?.("online", look, { signal });
    globalThis.addEventListener?.("pageshow", look, { signal });
    // What the network still holds of this connection would only be missed in half a minute.
    globalThis.addEventListener?.("offline", () => this.restart(), { signal });
    globalThis.document?.addEventListener("visibilitychange", look, { signal });
    globalThis.document?.addEventListener("resume", look, { signal });
    // From one network to another without being offline in between.
    /** @type {any} */ (globalThis.navigator)?.connection?.addEventListener?.("change", look, { signal });
    this.#connect();
  }

  /** @param {string} message */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  /** The connection serves: the next loss is the first again. */
  resetBackoff() {
    if (this.#works) return;
    this.#attempts = 0;
    this.#works = true;
    this.trouble = null;
    if (this.#isStandIn(this.#socket)) {
      // Where sockets open and nothing comes through, that is known.
      this.#slow = this.#upgradeMs > UPGRADE_MS;
      if (this.#slow) this.#scheduleUpgrade();
      else this.#tryUpgrade();
    } else {
      this.#refused = 0;
      this.#upgradeMs = UPGRADE_MS;
    }
  }

  /** The connection is dead, whatever the browser believes. */
  restart() {
    const socket = this.#socket;
    if (socket !== null) this.#lost(socket, LOST);
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
    clearTimeout(this.#upgrade);
    this.retryAt = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!unloading) socket?.close(1000);
  }

  /** Something has changed for which it is worth looking: the page is seen again, or the network is another. */
  #look() {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.#socket !== null) {
      if (this.#works) this.#on.doubt();
      if (this.#requestsServe && this.#upgradeMs === UPGRADE_MS) this.#tryUpgrade();
    } else if (Date.now() >= this.#notBefore) {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }

  #connect() {
    const StandIn = this.#refused >= HANDSHAKES ? this.#standIn : null;
    const socket = StandIn === null ? this.#dial() : new StandIn(this.#base);
    this.retryAt = null;
    this.#works = false;
    this.#notBefore = 0;
    this.#timer = setTimeout(() => this.#lost(socket, LOST), PATIENCE_MS);
    this.#listen(socket);
    this.#socket = socket;
  }

  /** @param {Line} socket */
  #listen(socket) {
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
    socket.addEventListener("close", (event) => {
      const { code, refusal = null } = /** @type {CloseEvent & {refusal?: string}} */ (event);
      if (socket === this.#socket && refusal !== null) this.trouble = refusal;
      this.#lost(socket, code);
    });
  }

  /** @param {Line|null} socket */
  #isStandIn(socket) {
    return this.#standIn !== null && socket instanceof this.#standIn;
  }

  #scheduleUpgrade() {
    clearTimeout(this.#upgrade);
    this.#upgrade = setTimeout(() => this.#tryUpgrade(), this.#upgradeMs);
  }

  /** Tries a socket beside the requests, which go on until it is open. */
  #tryUpgrade() {
    this.#scheduleUpgrade();
    const socket = this.#dial();
    const timer = setTimeout(() => socket.close(), PATIENCE_MS);
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      if (this.#slow || !this.#requestsServe || isOffline()) return;
      this.#slow = true;
      this.#on.slow();
    });
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      const before = this.#socket;
      if (before === null || !this.#requestsServe) return socket.close();
      clearTimeout(this.#upgrade);
      this.#upgradeMs = Math.min(2 * this.#upgradeMs, LONGEST_UPGRADE_MS);
      this.#listen(socket);
      this.#socket = socket;
      this.#works = false;
      // For the owner it is another connection, as after any loss.
      if (this.#on.close(LOST) !== "stop" && this.#socket === socket) this.#on.open();
      before.close();
    });
  }

  /** What says why the connection closes, or refuses its greeting, also says when to come again. */
  #noteRetryAfter(/** @type {any} */ frames) {
    for (const frame of Array.isArray(frames) ? frames : []) {
      if (frame?.type !== "error" || (this.#works && frame.ref !== null)) continue;
      const { retryAfter } = readError(frame.error);
      this.#notBefore = Math.max(this.#notBefore, Date.now() + 1000 * (retryAfter ?? 0));
    }
  }

  /** @param {Line} socket  @param {number} code */
  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#upgrade);
    // Another network may let sockets through: after requests it is tried once.
    if (this.#isStandIn(socket)) this.#refused = HANDSHAKES - 1;
    else if (!this.#works && code === LOST && !isOffline()) this.#refuse();
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

  #refuse() {
    this.#refused += 1;
    if (this.#refused < HANDSHAKES || this.#standIn !== null) return;
    // Until it is there, sockets are tried.
    this.#load?.().then((standIn) => { this.#standIn = standIn; }, () => undefined);
  }
}

/** Whether the device itself has no network, as far as the browser knows. */
const isOffline = () => globalThis.navigator?.onLine === false;

/** @param {unknown} data  @returns {unknown} undefined for what is no JSON in text */
function parse(data) {
  try {
    return typeof data === "string" ? readJson(data, ANSWER_BYTES) : undefined;
  } catch {
    return undefined;
  }
}
