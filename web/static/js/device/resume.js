/**
 * What a reload needs, in the tab's session storage (docs/protocol.md, 7.6): a resume token, and the
 * rest sealed under a key that only the server keeps. Neither half opens anything alone.
 *
 * Two parts are sealed: the seat, once, so that the root need not stay in memory; and the progress,
 * whenever it changes. No text is among them.
 */

import { concat, fromBase64url, isObject, readJson, toBase64url, utf8 } from "../protocol/encoding.js";
import { LABELS, aeadOpen, aeadSeal, importAead, labelled } from "../protocol/keys.js";
import { NONCE_BYTES } from "../protocol/limits.js";
import { ENTRY } from "./kept-until.js";
import { randomBytes } from "./random.js";

const LIMIT = 1_048_576;

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

  /**
   * @param {TabStorage} storage
   * @returns {string|null} the token, if this tab holds one
   */
  static token(storage) {
    return read(storage)?.token ?? null;
  }

  /**
   * @param {TabStorage} storage
   * @param {Uint8Array} key  the server's half
   * @returns {Promise<{resume: Resume, seat: SeatRecord, progress: Progress}|null>} null if the two
   *   halves don't belong together
   */
  static async open(storage, key) {
    const kept = read(storage);
    if (kept === null) return null;
    const aead = await importAead(key);
    const seat = await unseal(aead, "/seat", kept.seat);
    const progress = await unseal(aead, "/progress", kept.progress);
    if (seat === null || progress === null) return null;
    const resume = new Resume(storage, aead, kept.token, kept.seat, kept.lasts);
    return {
      resume,
      seat: /** @type {SeatRecord} */ (seat),
      progress: /** @type {Progress} */ (progress),
    };
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
 * @param {TabStorage} storage
 * @returns {{token: string, seat: string, progress: string, lasts: number|null}|null}
 */
function read(storage) {
  try {
    const kept = readJson(storage.getItem(ENTRY) ?? "null", LIMIT);
    if (!isObject(kept)) return null;
    const { token, seat, progress, lasts } = kept;
    if ([token, seat, progress].some((part) => typeof part !== "string")) return null;
    return {
      token: String(token), seat: String(seat), progress: String(progress),
      lasts: typeof lasts === "number" ? lasts : null,
    };
  } catch {
    return null;
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

/**
 * @param {CryptoKey} key
 * @param {string} part
 * @param {string} sealed
 * @returns {Promise<unknown>} null if it was not sealed so
 */
async function unseal(key, part, sealed) {
  try {
    const bytes = fromBase64url(sealed);
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const plaintext = await aeadOpen(key, nonce, bytes.subarray(NONCE_BYTES), labelFor(part));
    return plaintext === null ? null : readJson(plaintext, LIMIT);
  } catch {
    return null;
  }
}

/** @param {string} part */
const labelFor = (part) => labelled(LABELS.resume, utf8(part));
