/**
 * What a reload needs, in the tab's session storage (docs/protocol.md, 7.6): a resume token, and the
 * rest sealed under a key that only the server keeps. Neither half opens anything alone.
 *
 * Two parts are sealed: the seat, once, so that the root need not stay in memory; and the progress,
 * whenever it changes. No text is among them. (What reads them again: resumed.js.)
 */

import { concat, toBase64url, utf8 } from "../protocol/encoding.js";
import { LABELS, aeadSeal, importAead, labelled } from "../protocol/keys.js";
import { NONCE_BYTES } from "../protocol/limits.js";
import { ENTRY } from "./kept-until.js";
import { randomBytes } from "./random.js";

/**
 * @typedef {import("./tab-storage.js").TabStorage} TabStorage
 *
 * @typedef {object} SeatRecord  all bytes in base64url
 * @property {string} root
 * @property {string} secret  of the seat
 * @property {string} charter
 * @property {string} mac
 * @property {number} suite
 * @property {number} [graceSeconds]  for so long the seat is kept without a connection; an earlier version
 *   of this page didn't keep it
 *
 * @typedef {ReturnType<import("../protocol/session.js").Session["save"]>} Progress
 */

export class Resume {
  #storage;
  #key;
  #token;
  #seat;
  #lasts;
  /** Whether the browser has kept the latest; true until it is tried. */
  isKept = true;

  /**
   * @param {TabStorage} storage
   * @param {CryptoKey} key
   * @param {string} token
   * @param {string} seat  sealed
   * @param {number|null} lasts  seconds for which the server keeps its half, if known
   */
  constructor(storage, key, token, seat, lasts) {
    this.#storage = storage;
    this.#key = key;
    this.#token = token;
    this.#seat = seat;
    this.#lasts = lasts;
  }

  /**
   * @param {TabStorage} storage
   * @param {{token: string, key: Uint8Array}} pair  as given to the server
   * @param {SeatRecord} seat
   * @param {number|null} [lasts]  seconds for which the server keeps its half without a connection
   */
  static async begin(storage, { token, key }, seat, lasts = null) {
    const aead = await importAead(key);
    return new Resume(storage, aead, token, await seal(aead, "/seat", seat), lasts);
  }

  /** @param {Progress} progress */
  async save(progress) {
    const sealed = await seal(this.#key, "/progress", progress);
    const entry = JSON.stringify({ token: this.#token, seat: this.#seat, progress: sealed, lasts: this.#lasts });
    try {
      this.#storage.setItem(ENTRY, entry);
      this.isKept = true;
    } catch {
      // A browser without storage: the room works, a reload asks for the code.
      this.isKept = false;
    }
  }

  /** @param {TabStorage} storage */
  static clear(storage) {
    storage.removeItem(ENTRY);
  }
}

/**
 * @param {CryptoKey} key
 * @param {string} part
 * @param {object} value
 */
async function seal(key, part, value) {
  const nonce = randomBytes(NONCE_BYTES);
  const plaintext = utf8(JSON.stringify(value));
  return toBase64url(concat(nonce, await aeadSeal(key, nonce, plaintext, labelFor(part))));
}

/** @param {string} part */
export const labelFor = (part) => labelled(LABELS.resume, utf8(part));
