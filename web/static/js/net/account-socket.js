/**
 * The socket of an account (docs/conversations.md, section 12). Whatever it brings are hints, and whatever it is
 * asked can be asked over HTTP as well: while there is none nothing is lost, only later.
 */

import { isInteger, isObject } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { readError } from "../protocol/objects.js";
import { ReconnectingSocket } from "./reconnecting-socket.js";

const PATH = "account/socket";
const PROTOCOL = "ephemeral.account.v1";
/** What was not answered for so long will not be. */
const PATIENCE_MS = 15_000;
/** A connection of which nothing was heard for so long is asked whether it is there, and has so long to answer. */
const SILENT_MS = 45_000;
const PROBE_MS = 5000;
const TOO_FAST = 4429;
/** Closings after which this socket is of no use. */
const LAST = [1009, 4400];
/** What the server says of the session or the device, for good. */
const ENDS = ["session_ended", "device_required", "device_revoked", "suspended"];

/**
 * @typedef {Record<string, any>} Frame
 * @typedef {object} On
 * @property {(welcome: Frame) => void} welcome  from here on everything that changes is told
 * @property {(event: Frame) => void} event  as 12.4 says; of a type that this client may not know
 * @property {() => void} away  there is no connection: whoever waits reads by HTTP
 * @property {(code: string) => void} ended  for good, by a code of a refusal
 * @property {(refusal: Refusal) => void} refused  the greeting was; the next one is made anew
 *
 * @typedef {{resolve: (answer: Frame) => void, reject: (why: Refusal) => void, timer: ReturnType<typeof setTimeout>}} Asked
 */

export class AccountSocket {
  #hello;
  #on;
  #socket;
  #isLive = false;
  /** The ref of the last greeting: an answer to one before is nobody's. */
  #greeting = 0;
  #last = 0;
  /** @type {Map<number, Asked>} */
  #asked = new Map();
  /** Why this connection closes, as the server has said. @type {Refusal|null} */
  #why = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #silent;

  /**
   * @param {string} base  of the deployment, with a trailing slash
   * @param {(path: string) => Promise<{token: string, proof: string}>} hello  by which it greets: a token of a
   *   device's session, and the proof for a GET of this path
   * @param {On} on
   */
  constructor(base, hello, on) {
    this.#hello = hello;
    this.#on = on;
    this.#socket = new ReconnectingSocket({ base, path: PATH, protocol: PROTOCOL }, {
      open: () => void this.#greet(new URL(PATH, base).pathname),
      message: (value) => this.#hear(value),
      doubt: () => void this.#probe(),
      slow: () => undefined,
      close: (code) => this.#lost(code),
    });
  }

  /** Whether the server has welcomed it. */
  get isLive() {
    return this.#isLive;
  }

  start() {
    this.#socket.start();
  }

  stop() {
    clearTimeout(this.#silent);
    this.#socket.stop();
    this.#forget();
  }

  /**
   * @param {"post"|"ack"|"presence"|"ping"} type
   * @param {Frame} fields
   * @returns {Promise<Frame>}
   * @throws {Refusal} the server's; `unreachable`: nobody knows whether it was done, so it is asked again by HTTP
   */
  ask(type, fields) {
    if (!this.#isLive) return Promise.reject(new Refusal("unreachable"));
    return new Promise((resolve, reject) => {
      this.#last += 1;
      const ref = this.#last;
      const timer = setTimeout(() => {
        this.#asked.delete(ref);
        reject(new Refusal("unreachable"));
      }, PATIENCE_MS);
      this.#asked.set(ref, { resolve, reject, timer });
      this.#send({ type, ref, ...fields });
    });
  }

  /** @param {string} conversation  base64url */
  typing(conversation) {
    if (this.#isLive) this.#send({ type: "typing", conversation });
  }

  /** @param {string} conversation  base64url  @param {string} sealed */
  signal(conversation, sealed) {
    if (this.#isLive) this.#send({ type: "signal", conversation, sealed });
  }

  /** @param {string} path */
  async #greet(path) {
    this.#last += 1;
    const ref = this.#last;
    this.#greeting = ref;
    try {
      const { token, proof } = await this.#hello(path);
      // It may have closed meanwhile, and another one greets for itself.
      if (ref === this.#greeting) this.#send({ type: "hello", ref, token, proof });
    } catch (error) {
      if (ref !== this.#greeting) return;
      this.#why = error instanceof Refusal ? error : new Refusal("internal");
      this.#socket.restart();
    }
  }

  /** @param {Frame} frame */
  #send(frame) {
    this.#socket.send(JSON.stringify([frame]));
  }

  /** @param {unknown} value */
  #hear(value) {
    this.#listen();
    for (const frame of Array.isArray(value) ? value : []) {
      if (!isObject(frame) || typeof frame.type !== "string") continue;
      if (frame.type === "welcome" && frame.ref === this.#greeting) this.#welcomed(frame);
      else if (frame.type === "ok" || frame.type === "error") this.#answered(frame);
      else if (this.#isLive) this.#on.event(frame);
    }
  }

  /** @param {Frame} frame */
  #welcomed(frame) {
    this.#isLive = true;
    this.#socket.resetBackoff();
    this.#on.welcome(frame);
  }

  /** @param {Frame} frame */
  #answered(frame) {
    const refusal = frame.type === "error" ? readError(frame.error) : null;
    const asked = isInteger(frame.ref) ? this.#asked.get(frame.ref) : undefined;
    if (asked === undefined) {
      // It says why this connection is about to be closed.
      if (refusal !== null) this.#why = refusal;
      return;
    }
    this.#asked.delete(frame.ref);
    clearTimeout(asked.timer);
    if (refusal === null) asked.resolve(frame);
    else asked.reject(refusal);
  }

  /** From now on silence is counted. */
  #listen() {
    clearTimeout(this.#silent);
    this.#silent = setTimeout(() => void this.#probe(), SILENT_MS);
  }

  async #probe() {
    if (!this.#isLive) return;
    const greeting = this.#greeting;
    const timer = setTimeout(() => {
      if (greeting === this.#greeting) this.#socket.restart();
    }, PROBE_MS);
    await this.ask("ping", {}).catch(() => undefined);
    clearTimeout(timer);
  }

  /** @param {number} code  @returns {"retry"|"later"|"stop"} */
  #lost(code) {
    const why = this.#why;
    this.#forget();
    if (why !== null && ENDS.includes(why.code)) {
      this.#on.ended(why.code);
      return "stop";
    }
    if (LAST.includes(code)) {
      this.#on.ended("malformed");
      return "stop";
    }
    if (why !== null) this.#on.refused(why);
    this.#on.away();
    return code === TOO_FAST ? "later" : "retry";
  }

  #forget() {
    clearTimeout(this.#silent);
    this.#isLive = false;
    this.#greeting = 0;
    this.#why = null;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject, timer } of asked) {
      clearTimeout(timer);
      reject(new Refusal("unreachable"));
    }
  }
}
