/** What a member seals and opens in its room: the keys stay in here, and go with `forget`. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { openMessage, sealMessage } from "../protocol/envelope.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { ID_BYTES, NONCE_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { openProfile } from "../protocol/profile.js";

/** @typedef {import("../protocol/quotes.js").Quote} Quote */

export class RoomCrypto {
  /** @type {{messageKey: CryptoKey, profileKey: CryptoKey}|null} */
  #keys;
  #roomNonce;
  #me;
  #randomBytes;

  /**
   * @param {{messageKey: CryptoKey, profileKey: CryptoKey}|null} keys
   * @param {Uint8Array} roomNonce
   * @param {string} me  member id, base64url
   * @param {(size: number) => Uint8Array} randomBytes
   */
  constructor(keys, roomNonce, me, randomBytes) {
    this.#keys = keys;
    this.#roomNonce = roomNonce;
    this.#me = me;
    this.#randomBytes = randomBytes;
  }

  forget() {
    this.#keys = null;
  }

  /**
   * @param {string} id
   * @param {number} counter
   * @param {import("../protocol/envelope.js").Content} content
   * @returns {Promise<{hash: string, envelope: string}>} of the viewing bytes; both base64url
   */
  async message(id, counter, content) {
    const { messageKey } = this.#needKeys();
    const viewing = this.#randomBytes(SECRET_BYTES);
    const hash = toBase64url(await sha256(viewing));
    const message = { viewing, counter, content };
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
    return {
      viewing: toBase64url(viewing),
      counter,
      type: content.type,
      text: isText ? String(content.text) : null,
      view: isText && content.view !== undefined ? Number(content.view) : null,
      quote: isText ? /** @type {Quote|undefined} */ (content.quote) ?? null : null,
    };
  }

  /**
   * @param {string} member
   * @param {string} envelope  base64url
   * @returns {Promise<import("../protocol/profile.js").Profile|null>} null if it can't be read (7.5)
   */
  async profile(member, envelope) {
    try {
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
