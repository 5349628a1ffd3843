/**
 * A socket made of requests, where a network lets none through (docs/protocol.md, 9.1).
 *
 * It is used like a WebSocket. Each frame that is sent becomes a request, each answer a frame, and the
 * room's state, asked for again and again, a `welcome` and then a `backlog` whenever it is another.
 */

import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { memberOf } from "../protocol/seat.js";
import { HttpClient } from "./http-client.js";

/** So long a request may wait for news: below the patience of most proxies. */
const WAIT_SECONDS = 20;
const WAIT_MS = 30_000;
/** A server that always has news, or never waits, is not asked more often. */
const PAUSE_MS = 200;
const IDLE_MS = 1000;
const PASSING = ["too_many", "unavailable", "internal"];

/**
 * Each frame: method, path, and the fields that go into the body, where it has them.
 * @type {Record<string, [string, string, ...string[]]>}
 */
const REQUESTS = {
  post: ["POST", "room/messages", "id", "envelope", "viewing_hash", "attachment"],
  open: ["POST", "room/messages/{id}/open", "attachment"],
  ack: ["POST", "room/messages/{id}/ack", "viewing"],
  release: ["POST", "room/messages/{id}/release"],
  withdraw: ["DELETE", "room/messages/{id}"],
  status: ["POST", "room/messages/status", "ids"],
  typing: ["POST", "room/typing", "typing"],
  lock: ["PATCH", "room", "locked"],
};
/** Nothing of what the state says depends on these. */
const PLAIN = ["typing", "status", "ping"];

/** @typedef {Record<string, unknown>} Frame */

export class PolledSocket extends EventTarget {
  readyState = /** @type {number} */ (WebSocket.CONNECTING);
  #http;
  /** @type {Record<string, string>} */
  #headers = {};
  /** Frames are asked for one after the other, so that what was sent first is there first. */
  #asking = Promise.resolve();
  #over = new AbortController();
  /** How often something was done that changes the state. */
  #done = 0;
  /** @type {string|null} of the state of the welcome */
  #tag = null;
  /** When the room ends if nobody uses it, by this device's clock. */
  #expiresAt = Infinity;

  /** @param {string} base  address of the deployment with a trailing slash */
  constructor(base) {
    super();
    this.#http = new HttpClient(base);
    queueMicrotask(() => {
      if (this.readyState !== WebSocket.CONNECTING) return;
      this.readyState = WebSocket.OPEN;
      this.dispatchEvent(new Event("open"));
    });
  }

  /** @param {string} message  frames, as JSON */
  send(message) {
    for (const frame of JSON.parse(message)) {
      this.#asking = this.#asking.then(() => this.#ask(frame)).catch((error) => this.#end(error));
    }
  }

  close() {
    this.readyState = WebSocket.CLOSED;
    this.#over.abort();
    this.#headers = {};
  }

  /** @param {Frame} frame */
  async #ask(frame) {
    if (this.readyState === WebSocket.CLOSED) return;
    const { type, ref } = frame;
    /** @type {Frame} */
    let answer;
    try {
      answer = type === "hello" ? await this.#hello(frame) : { ...await this.#request(frame), type: "ok" };
    } catch (error) {
      if (!isAnswer(error)) throw error;
      answer = toFrame(error);
    }
    if (!PLAIN.includes(String(type))) this.#done += 1;
    if (ref !== undefined) this.#say([{ ...answer, ref }]);
    if (answer.type === "welcome") void this.#watch(this.#tag);
  }

  /** @param {Frame} frame */
  async #hello({ locator, token }) {
    this.#headers = { Authorization: `Bearer ${locator}`, "Ephemeral-Member": String(token) };
    const { value, tag } = await this.#state(null);
    this.#tag = tag;
    const member = toBase64url(await memberOf(fromBase64url(token)));
    return { ...this.#noted(value), type: "welcome", member };
  }

  /** @param {Frame} frame */
  async #request(frame) {
    // Whatever was sent before has been answered by now.
    if (frame.type === "ping") return this.#state(null).then(() => ({}));
    const [method, path, ...fields] = REQUESTS[String(frame.type)];
    const given = fields.filter((each) => frame[each] !== undefined);
    const body = given.length === 0 ? undefined : Object.fromEntries(given.map((each) => [each, frame[each]]));
    const { value } = await this.#http.askOnce(method, path.replace("{id}", String(frame.id)), {
      headers: this.#headers, body, signal: this.#over.signal,
    });
    return isObject(value) ? value : {};
  }

  /** @param {string|null} known  tag of the state of which another is waited for */
  #state(known) {
    /** @type {Record<string, string>} */
    const waiting = known === null ? {} : { "If-None-Match": known, Prefer: `wait=${WAIT_SECONDS}` };
    return this.#http.askOnce("GET", "room/state", {
      headers: { ...this.#headers, ...waiting }, timeoutMs: WAIT_MS, signal: this.#over.signal,
    });
  }

  /** Tells every state that is another one, until there is none any more. @param {string|null} tag */
  async #watch(tag) {
    let known = tag;
    while (this.readyState !== WebSocket.CLOSED) {
      const done = this.#done;
      const begun = Date.now();
      try {
        const { value, tag: newer } = await this.#state(known);
        // One that was made before the last answer may contradict it, and is not told.
        if (value !== null && done === this.#done) {
          this.#say([{ ...this.#noted(value), type: "backlog" }]);
          known = newer;
        } else if (value === null) {
          // No news is a sign of life. Who is there is no news, so that is asked for now.
          this.#say([]);
          known = null;
        }
        await pause(known === null ? Math.max(PAUSE_MS, IDLE_MS + begun - Date.now()) : PAUSE_MS);
      } catch (error) {
        const { code, retryAfter } = /** @type {Refusal} */ (error);
        if (!PASSING.includes(code)) return this.#end(error);
        await pause(Math.max(IDLE_MS, 1000 * (retryAfter ?? 0)));
      }
    }
  }

  /** The state, of which is noted when the room ends. @param {unknown} value  @returns {Frame} */
  #noted(value) {
    const state = isObject(value) ? value : {};
    const room = isObject(state.room) ? state.room : {};
    if (isInteger(state.now) && isInteger(room.expires_at)) {
      this.#expiresAt = Date.now() + room.expires_at - state.now;
    }
    return state;
  }

  /** The connection, the seat, or the room is no more. @param {unknown} error */
  #end(error) {
    if (this.readyState === WebSocket.CLOSED) return;
    const { code } = error instanceof Refusal ? error : new Refusal("internal");
    let closed = 1006;
    if (code === "room_unknown") {
      // By time or by somebody isn't told of a room that is no more, but its time is known.
      const reason = Date.now() >= this.#expiresAt ? "expired" : "destroyed";
      this.#say([{ type: "closed", reason, member: null }]);
      closed = 4410;
    } else if (code === "seat_unknown" || code === "unauthorized") {
      closed = 4401;
    }
    this.close();
    this.dispatchEvent(Object.assign(new Event("close"), { code: closed, refusal: code }));
  }

  /** @param {Frame[]} frames */
  #say(frames) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frames) }));
  }
}

/** Whether a server said so: everything else means that there is no connection. @param {unknown} error */
function isAnswer(error) {
  return error instanceof Refusal && !["unreachable", "not_ours"].includes(error.code);
}

/** @param {unknown} error  @returns {Frame} */
function toFrame(error) {
  const { code, retryAfter, state } = /** @type {Refusal} */ (error);
  const told = { code, message: "", retry_after: retryAfter, ...(state !== null && { state }) };
  return { type: "error", error: told };
}

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
