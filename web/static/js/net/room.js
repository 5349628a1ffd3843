/**
 * A room, as pages see it: calls in, one `state` out, a "change" event whenever it is another.
 *
 * @typedef {import("./state.js").RoomState} RoomState
 * @typedef {object} Policy
 * @property {1|2} policy  1: first view, 2: everyone
 * @property {number} seats
 * @property {number} messageTtl  seconds
 * @property {number} roomTtl  seconds
 */

/** The only thing pages use of a room. Errors of the static methods are `Refusal`s. */
export class RoomClient extends EventTarget {
  /** @type {RoomState} */
  state;

  /**
   * @param {{base: string, code: string, policy: Policy, name?: string, colour?: number,
   *   resumable?: boolean, onProgress?: (phase: "deriving"|"connecting") => void}} options
   *   `base`: address of the deployment with a trailing slash; `code`: as typed or canonical
   * @returns {Promise<RoomClient>}
   */
  static async create(options) {}

  /**
   * @param {{base: string, code: string, name?: string, colour?: number, resumable?: boolean,
   *   onProgress?: (phase: "deriving"|"connecting") => void}} options
   * @returns {Promise<RoomClient>}
   */
  static async join(options) {}

  /**
   * Brings a reloaded tab back without the code.
   * @param {{base: string, onProgress?: (phase: "connecting") => void}} options
   * @returns {Promise<RoomClient|null>} null when there is nothing to resume (any longer)
   */
  static async resume(options) {}

  /**
   * Encrypts and sends; the message waits in memory until the server has it.
   * @param {string} text
   * @param {{view?: number}} [options]  0: until closed, 5 to 300 seconds
   * @returns {string} the message's id
   * @throws {Refusal} `content_size` or `content_field`, at once
   */
  send(text, options) {}

  /** Asks for a card. @param {string} id @returns {Promise<void>} once it is open */
  async open(id) {}

  /** The card has been painted in a visible document: acknowledges it. @param {string} id */
  shown(id) {}

  /** Gives an open card back unread. @param {string} id */
  release(id) {}

  /** Drops the text of a card that was shown. @param {string} id */
  discard(id) {}

  /** @param {boolean} typing */
  setTyping(typing) {}

  /** @param {boolean} enabled  whether others may see that one types */
  setTypingEnabled(enabled) {}

  /** @param {boolean} locked @returns {Promise<void>} */
  async lock(locked) {}

  /** Destroys the room for everyone; texts are dropped at once. @returns {Promise<void>} */
  async destroy() {}

  /** Gives the seat up and forgets everything. @returns {Promise<void>} */
  async leave() {}

  /** Disconnects, and keeps the seat and what a reload needs. */
  close() {}
}
