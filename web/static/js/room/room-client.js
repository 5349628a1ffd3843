/**
 * A room, as pages see it: calls in, one `state` out, a "change" event whenever it is another.
 */

import { derive } from "../device/derive.js";
import { randomBytes } from "../device/random.js";
import { tabStorage } from "../device/tab-storage.js";
import { answerTabs, otherTabs } from "../device/tabs.js";
import { readConfig } from "../protocol/config.js";
import { encodeContent } from "../protocol/envelope.js";
import { Refusal } from "../protocol/errors.js";
import * as entry from "./entry.js";
import { RoomApi } from "./room-api.js";
import { RoomConnection } from "./room-connection.js";

/**
 * @typedef {import("./room-state.js").RoomState} RoomState
 * @typedef {import("./room-state.js").EndReason} EndReason
 * @typedef {import("./entry.js").Visitor} Visitor
 * @typedef {import("./entry.js").Policy} Policy
 * @typedef {import("./entry.js").Device} Device
 */

/** What a close code means for good (11.7); any other is a reason to come back. */
const END_BY_CODE = new Map(
  /** @type {[number, EndReason][]} */ ([
    [1000, "left"], [1009, "protocol"], [4400, "protocol"], [4401, "seat_lost"],
    [4404, "room_unknown"], [4409, "replaced"], [4410, "destroyed"],
  ]),
);
const TOO_FAST = 4429;
/** Whoever ends it so wants nothing kept of it. @type {Set<EndReason>} */
const OWN_END = new Set(["left", "destroyed_by_you", "destroy_unconfirmed"]);

/** @returns {Promise<never>} */
const notLoaded = () => Promise.reject(new Refusal("unreachable"));

/** @param {Partial<Pick<Device, "standIn"|"profiles"|"resuming">>} options  @returns {Device} */
const browser = ({ standIn, profiles = notLoaded, resuming = notLoaded }) =>
  ({ derive, randomBytes, storage: tabStorage(), tabs: otherTabs, standIn, profiles, resuming });

/** The only thing pages use of a room. Errors of the static methods are `Refusal`s. */
export class RoomClient extends EventTarget {
  /** @type {RoomState} */
  state;
  #base;
  #seat;
  #connection;
  /** @type {import("./room-state.js").Ended|null} */
  #ended = null;
  #returnTaken = false;
  #closed = false;
  #destroying = false;
  #wasLive = false;
  #changePending = false;
  #listeners = new AbortController();

  /**
   * What a server says of itself: what it allows, what it proposes, and what links and keys need.
   * @param {{base: string}} options
   */
  static async config({ base }) {
    return readConfig(await new RoomApi(base).config());
  }

  /**
   * @param {Visitor & {policy: Policy}} options  `base`: absolute address of the deployment with a
   *   trailing slash; `code`: as typed or canonical
   * @param {Device} [device]
   */
  static async create(options, device = browser(options)) {
    return new RoomClient(options.base, await entry.create(options, device), device);
  }

  /**
   * @param {Visitor} options  `link` may stand instead of `code`; it is refused if it is of another
   *   server
   * @param {Device} [device]
   */
  static async join(options, device = browser(options)) {
    return new RoomClient(options.base, await entry.join(options, device), device);
  }

  /**
   * Brings a reloaded tab back without the code.
   * @param {{base: string, onProgress?: (phase: "connecting") => void} & Partial<Pick<Device, "standIn"|"profiles"|"resuming">>} options
   * @param {Device} [device]
   * @returns {Promise<RoomClient|null>} null when there is nothing to resume (any longer); a
   *   `Refusal` such as `unreachable` when it may work later
   */
  static async resume(options, device = browser(options)) {
    const { resume } = await device.resuming();
    const seat = await resume(options, device);
    return seat && new RoomClient(options.base, seat, device);
  }

  /**
   * Finds the seat that a return link leads to, for `ReturnClient` (return-client.js).
   * @param {Parameters<typeof entry.back>[0] & Partial<Pick<Device, "profiles">>} options
   * @param {Device} [device]
   */
  static back(options, device = browser(options)) {
    return entry.back(options, device);
  }

  /**
   * @param {string} base
   * @param {import("./entry.js").Seat} seat
   * @param {Device} device
   */
  constructor(base, seat, device) {
    super();
    this.#base = base;
    // The keys are the connection's alone, so that they go when it forgets them.
    this.#seat = { ...seat, secret: null, keys: null, messages: null, resume: null, progress: null, present: {} };
    this.#connection = new RoomConnection(base, seat, device, {
      changed: () => this.#changed(),
      lost: (code) => this.#lost(code),
      ended: (reason, leave, by) => {
        if (leave) void this.#endAndLeave(/** @type {EndReason} */ (reason));
        else this.#end(/** @type {EndReason} */ (reason), by);
      },
    });
    this.state = this.#snapshot();
    for (const type of ["online", "offline"]) {
      const { signal } = this.#listeners;
      globalThis.addEventListener?.(type, () => this.#changed(), { signal });
    }
    this.#listeners.signal.addEventListener("abort", answerTabs(device.tabs?.() ?? null, seat.locator), { once: true });
    this.#connection.start();
  }

  /**
   * Encrypts and sends; the message waits in memory until the server has it.
   * @param {string} text
   * @param {{view?: number|null, limit?: number|null, quote?: import("./room-state.js").Quote|null}}
   *   [options]  `view`: 0 is until closed, else 5 to 300 seconds; `limit`: 5 to 600 seconds, after which
   *   it goes whatever its reader wishes; `quote`: a text of at most 280 code points
   * @returns {string} the message's id
   * @throws {Refusal} `content_size` or `content_field`, at once
   */
  send(text, { view = null, limit = null, quote = null } = {}) {
    if (this.#isOver) throw new Refusal("ended");
    /** @type {import("../protocol/envelope.js").TextContent} */
    const content = {
      type: "text",
      text: whole(text),
      ...(view !== null && { view }),
      ...(limit !== null && { view_limit: limit }),
      ...(quote !== null && { quote: { text: whole(quote.text), author: quote.author } }),
    };
    encodeContent(content);
    return this.#connection.post(content);
  }

  /**
   * Asks for a card.
   * @param {string} id
   * @returns {Promise<void>} once it is open
   * @throws {Refusal} why it isn't
   */
  async open(id) {
    if (this.#isOver) throw new Refusal("ended");
    await this.#connection.open(id);
  }

  /** The card has been painted in a visible document: acknowledges it. @param {string} id */
  shown(id) {
    this.#connection.shown(id);
  }

  /** Gives an open card back unread. @param {string} id */
  release(id) {
    this.#connection.release(id);
  }

  /** Drops the text of a card that was shown, or of a message of one's own. @param {string} id */
  discard(id) {
    this.#connection.discard(id);
  }

  /**
   * Takes a message of one's own back, that nobody is reading.
   * @param {string} id
   * @returns {Promise<{opened: number}>} once it is destroyed: how often it had been opened, by the
   *   server's word
   * @throws {Refusal} `message_leased`: somebody reads it; `message_gone`; `unreachable`: nothing was
   *   asked for; the server's
   */
  async withdraw(id) {
    if (this.#isOver) throw new Refusal("ended");
    return this.#connection.withdraw(id);
  }

  /** The secret of this seat, for a link that leads back to it: 32 hexadecimal digits; null once over. */
  seatSecret() {
    return this.#connection.seatSecret;
  }

  /** The person has a link that leads back: closing the page needs no more questions. */
  returnTaken() {
    this.#returnTaken = true;
  }

  /** Whether what one has written waits unread, and nothing leads back to learn what becomes of it. */
  get isOwed() {
    return !this.#returnTaken && this.#ended === null && this.state.owed > 0;
  }

  /** @param {boolean} typing */
  setTyping(typing) {
    this.#connection.setTyping(typing);
  }

  /** @param {boolean} enabled  whether others may see that one types */
  setTypingEnabled(enabled) {
    this.#connection.setTypingEnabled(enabled);
  }

  /**
   * @param {boolean} locked
   * @throws {Refusal} the server's, or `unreachable`
   */
  async lock(locked) {
    if (this.#isOver) throw new Refusal("ended");
    await this.#connection.lock(locked);
  }

  /**
   * What the server says it holds. `read` reads its answer: few ever ask, so that it comes with who does.
   * @template T
   * @param {(answer: unknown) => T} read
   * @returns {Promise<T>}
   * @throws {Refusal} the server's, or `unreachable`
   */
  async record(read) {
    if (this.#isOver) throw new Refusal("ended");
    const { api, locator, token } = this.#seat;
    return read(await api.record({ locator, token }));
  }

  /**
   * What late parts of this client go on with; nothing once it is over.
   * @returns {import("./attachment-sending.js").Inner|null}
   */
  get inner() {
    if (this.#isOver) return null;
    const { locator, token, me, rules } = this.#seat;
    return { base: this.#base, locator, token, me, roomNonce: rules.nonce, ...this.#connection.inner };
  }

  /**
   * Destroys the room for everyone. Texts and keys are dropped at once; `state.ended` says whether
   * the server confirmed it.
   */
  async destroy() {
    if (this.#isOver) return;
    this.#destroying = true;
    const outcome = this.#destroyRoom();
    this.#forget();
    this.#changed();
    this.#end(await outcome);
  }

  /** Gives the seat up and forgets everything. */
  async leave() {
    if (!this.#isOver) await this.#endAndLeave("left");
  }

  /**
   * Disconnects; the seat stays, and what a reload needs unless the person is done with it.
   * @param {{unloading?: boolean, done?: boolean}} [options]  `unloading`: the page goes; `done`: only a
   *   link leads back
   */
  close({ unloading = false, done = false } = {}) {
    this.#closed = true;
    this.#forget({ unloading, keepSeat: !done });
    // What is shown holds no text any more, however long a socket takes to close.
    if (done) this.#changed();
  }

  get #isOver() {
    return this.#closed || this.#destroying || this.#ended !== null;
  }

  /** @returns {Promise<EndReason>} */
  async #destroyRoom() {
    const { api, locator, token } = this.#seat;
    try {
      await api.destroy({ locator, token });
      return "destroyed_by_you";
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      // Perhaps the answer to an earlier attempt was lost; in any case it is gone.
      return code === "room_unknown" ? "destroyed_by_you" : "destroy_unconfirmed";
    }
  }

  /** @param {EndReason} reason */
  async #endAndLeave(reason) {
    const { api, locator, token } = this.#seat;
    this.#end(reason);
    // Without an answer the server frees the seat by itself, after its time of grace.
    await api.leave({ locator, token }).catch(() => undefined);
  }

  /** @param {EndReason} reason  @param {string|null} [by]  id of the member who ended it */
  #end(reason, by = null) {
    if (this.#ended !== null) return;
    const expired = reason === "room_unknown" && this.#connection.isPastExpiry;
    const unsent = OWN_END.has(reason) ? [] : this.#connection.unsent();
    this.#ended = { reason: expired ? "expired" : reason, by, unsent };
    this.#forget();
    this.#changed();
  }

  #forget({ unloading = false, keepSeat = this.#closed } = {}) {
    this.#listeners.abort();
    this.#connection.forget({ keepSeat, unloading });
    this.#seat = { ...this.#seat, locator: "", token: "" };
  }

  // What the connection tells

  /** @param {number} code  @returns {"retry"|"later"|"stop"} */
  #lost(code) {
    const reason = END_BY_CODE.get(code);
    if (reason !== undefined) this.#end(reason);
    if (this.#isOver) return "stop";
    return code === TOO_FAST ? "later" : "retry";
  }

  #changed() {
    this.#wasLive ||= this.#connection.live;
    if (this.#changePending) return;
    this.#changePending = true;
    // Once for all that happens together.
    queueMicrotask(() => {
      this.#changePending = false;
      this.state = this.#snapshot();
      this.dispatchEvent(new Event("change"));
    });
  }

  /** @returns {import("./room-state.js").Phase} */
  #phase() {
    if (this.#ended !== null) return "ended";
    if (this.#connection.live) return "live";
    if (globalThis.navigator?.onLine === false) return "offline";
    return this.#wasLive ? "reconnecting" : "connecting";
  }

  #snapshot() {
    return this.#connection.snapshot({ phase: this.#phase(), ended: this.#ended });
  }
}

/** A text cut through the middle of a character can't be written in UTF-8. @param {string} text */
const whole = (text) => new TextDecoder().decode(new TextEncoder().encode(text));
