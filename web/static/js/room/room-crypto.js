/** What a member seals and opens in its room: the keys stay in here, and go with `forget`. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { openMessage, sealMessage } from "../protocol/envelope.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { ID_BYTES, NONCE_BYTES, SECRET_BYTES } from "../protocol/limits.js";

/** @typedef {import("../protocol/quotes.js").Quote} Quote */
/** @typedef {import("../protocol/envelope.js").Content} Content */

export class RoomCrypto {
  /** What reads a content that names a file, once that has come. @type {((content: Content) => import("../protocol/attachments.js").Attachment|null)|null} */
  fileIn = null;
  /** @type {{messageKey: CryptoKey, profileKey: CryptoKey}|null} */
  #keys;
  #messages;
  #roomNonce;
  #me;
  #randomBytes;
  #profiles;

  /**
   * @param {{keys: {messageKey: CryptoKey, profileKey: CryptoKey}|null,
   *   messages: import("../protocol/seat.js").SeatMessages|null, roomNonce: Uint8Array, me: string,
   *   randomBytes: (size: number) => Uint8Array, profiles: import("./entry.js").Device["profiles"]}} seat  `me`: member id, base64url
   */
  constructor({ keys, messages, roomNonce, me, randomBytes, profiles }) {
    this.#keys = keys;
    this.#messages = messages;
    this.#roomNonce = roomNonce;
    this.#me = me;
    this.#randomBytes = randomBytes;
    this.#profiles = profiles;
  }

  forget() {
    this.#keys = null;
    this.#messages?.forget();
  }

  /**
   * Id and viewing bytes of the message with this counter: those that follow from the seat's secret, or
   * random ones (4.3).
   * @param {number} counter
   */
  draw(counter) {
    const { id, viewing } = this.#messages?.get(counter) ??
      { id: this.#randomBytes(ID_BYTES), viewing: this.#randomBytes(SECRET_BYTES) };
    return { id: toBase64url(id), viewing };
  }

  /**
   * @param {string} id
   * @param {{viewing: Uint8Array, counter: number,
   *   content: import("../protocol/envelope.js").Content}} message
   * @returns {Promise<{hash: string, envelope: string}>} of the viewing bytes; both base64url
   */
  async message(id, message) {
    const { messageKey } = this.#needKeys();
    const hash = toBase64url(await sha256(message.viewing));
    const nonce = this.#randomBytes(NONCE_BYTES);
    const envelope = await sealMessage(messageKey, this.#place(this.#me, id), message, nonce);
    return { hash, envelope: toBase64url(envelope) };
  }

  /**
   * @param {string} id
   * @param {string} author
   * @param {string} envelope  base64url
   * @throws {Refusal} why it can't be read
   */
  async open(id, author, envelope) {
    const { messageKey } = this.#needKeys();
    const bytes = fromBase64url(envelope);
    const { viewing, counter, content } =
      await openMessage(messageKey, this.#place(author, id), bytes);
    const isText = content.type === "text";
    const file = this.fileIn?.(content) ?? null;
    return {
      viewing: toBase64url(viewing),
      counter,
      type: content.type,
      text: isText ? String(content.text) : null,
      view: isText && content.view !== undefined ? Number(content.view) : file?.view ?? null,
      viewLimit: isText && content.view_limit !== undefined ? Number(content.view_limit) : file?.viewLimit ?? null,
      quote: isText ? /** @type {Quote|undefined} */ (content.quote) ?? null : null,
      file,
    };
  }

  /**
   * @param {string} member
   * @param {string} envelope  base64url
   * @returns {Promise<import("../protocol/profile.js").Profile|null>} null if it can't be read (7.5), or what
   *   reads it has not come
   */
  async profile(member, envelope) {
    try {
      const { openProfile } = await this.#profiles();
      const { profileKey } = this.#needKeys();
      const seat = { roomNonce: this.#roomNonce, member: fromBase64url(member, ID_BYTES) };
      return await openProfile(profileKey, seat, fromBase64url(envelope));
    } catch {
      return null;
    }
  }

  /**
   * @param {string} hash  base64url
   * @param {string|null} viewing  what should be the viewing bytes, base64url
   */
  async isHashOf(hash, viewing) {
    try {
      return toBase64url(await sha256(fromBase64url(viewing, SECRET_BYTES))) === hash;
    } catch {
      return false;
    }
  }

  #needKeys() {
    if (this.#keys === null) throw new Refusal("ended");
    return this.#keys;
  }

  /** @param {string} author  @param {string} id */
  #place(author, id) {
    return {
      roomNonce: this.#roomNonce,
      author: fromBase64url(author, ID_BYTES),
      id: fromBase64url(id, ID_BYTES),
    };
  }
}
