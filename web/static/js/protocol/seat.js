/**
 * A seat, and what follows from its secret (docs/protocol.md, 4.2 and 4.3): token, member id, and the
 * ids and viewing bytes of its first messages. Whoever has the secret can come back to the seat.
 */

import { LABELS, hkdf } from "./keys.js";
import { ID_BYTES, RETURN_MESSAGES, SECRET_BYTES } from "./limits.js";

const NO_SALT = new Uint8Array(0);
const MESSAGE_BYTES = ID_BYTES + SECRET_BYTES;

/**
 * @param {Uint8Array} secret  16 random bytes
 * @param {Uint8Array} roomNonce
 * @returns {Promise<{token: Uint8Array, member: Uint8Array, messages: SeatMessages}>} 32 and 16 bytes
 */
export async function seatOf(secret, roomNonce) {
  const token = await hkdf(secret, roomNonce, LABELS.seatToken, SECRET_BYTES);
  const size = MESSAGE_BYTES * RETURN_MESSAGES;
  const messages = await hkdf(secret, roomNonce, LABELS.seatMessages, size);
  return { token, member: await memberOf(token), messages: new SeatMessages(messages) };
}

/**
 * @param {Uint8Array} token  32 bytes
 * @returns {Promise<Uint8Array>} the id of the member that it seats, 16 bytes
 */
export const memberOf = (token) => hkdf(token, NO_SALT, LABELS.member, ID_BYTES);

/** Ids and viewing bytes of a seat's first messages. */
export class SeatMessages {
  #bytes;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  /**
   * @param {number} counter  from 1
   * @returns {{id: Uint8Array, viewing: Uint8Array}|null} null past the first messages: both are random
   */
  get(counter) {
    if (counter > RETURN_MESSAGES) return null;
    const at = MESSAGE_BYTES * (counter - 1);
    const bytes = this.#bytes.slice(at, at + MESSAGE_BYTES);
    return { id: bytes.subarray(0, ID_BYTES), viewing: bytes.subarray(ID_BYTES) };
  }

  forget() {
    this.#bytes.fill(0);
  }
}
