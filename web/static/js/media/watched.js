/** One file as it is shown: how far it is, what is told of it, and how it ended. */

import { Refusal, isPassing } from "../protocol/errors.js";
import { openInfo } from "../protocol/files/info.js";
import { Layout } from "../protocol/files/layout.js";
import { fromBase64url } from "../protocol/encoding.js";
import { countBits } from "./source.js";

/**
 * @typedef {import("../protocol/files/contents.js").Reference} Reference
 * @typedef {import("../protocol/files/info.js").Info} Info
 *
 * `deleted`: by this account. `gone`: the server doesn't give it any more, and why, nobody has signed.
 * `refused`: what its sender has signed isn't what the server has, or can't be read; `code` says why.
 * @typedef {"reading"|"offline"|"uploading"|"complete"|"expired"|"deleted"|"gone"|"broken"|"refused"} State
 */

/** The share is known by the bits once they are all set. */
export class Watched {
  /** @type {State} */
  state = "reading";
  /** @type {string|null} */
  code = null;
  /** @type {Info|null} */
  info = null;
  isOwn = false;
  /** Milliseconds; null: nobody knows. @type {number|null} */
  expiresAt = null;
  /** Which segments are there. @type {Uint8Array|null} */
  landed = null;
  /** As its sender has signed it, once all was sent. @type {Uint8Array|null} */
  digest = null;
  #api;
  #reference;
  #now;
  /** @type {Layout|null} */
  #layout = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Promise<void>|null} */
  #reading = null;

  /**
   * @param {Reference} reference
   * @param {{api: Pick<import("./file-api.js").FileApi, "one">, id: string, now: () => number}} given
   */
  constructor(reference, { api, id, now }) {
    this.id = id;
    this.reference = reference;
    this.#reference = reference;
    this.#api = api;
    this.#now = now;
  }

  /** @param {() => void} listener  @returns {() => void} ends it */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Bytes that have landed, of the padded length. */
  get bytes() {
    if (this.state === "complete") return this.#reference.padded;
    const { landed } = this;
    if (landed === null || this.#layout === null) return 0;
    const { count, padded } = this.#layout;
    if (countBits(landed, count) === count) return padded;
    let bytes = 0;
    for (let number = 0; number < count; number += 1) if (landed[number >> 3] & (1 << (number & 7))) bytes += this.#layout.segment(number).length;
    return bytes;
  }

  /** Whether it can be read at all, now or later. */
  get isLiving() {
    return ["uploading", "complete"].includes(this.state);
  }

  /** Asks the server how it stands. @returns {Promise<void>} */
  read() {
    this.#reading ??= this.#read().finally(() => { this.#reading = null; });
    return this.#reading;
  }

  async #read() {
    const { file, padded, info } = this.#reference;
    try {
      this.#layout ??= new Layout(padded);
      const standing = await this.#api.one(this.id);
      // What the message says is what counts.
      if (standing.padded !== padded) throw new Refusal("file_layout");
      this.info ??= await openInfo(file, padded, info, standing.info);
      this.isOwn = standing.isOwn;
      this.expiresAt = standing.expiresAt;
      this.#stand(standing.isBroken ? "broken" : standing.isComplete ? "complete" : "uploading", standing.landed);
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (!(error instanceof Refusal)) throw error;
      if (code === "file_unknown") this.#gone();
      else if (isPassing(error)) {
        // What was known of it stands.
        if (this.state === "reading") this.#stand("offline", null);
      } else if (OF_FILES.includes(code)) {
        this.code = code;
        this.#stand("refused", null);
      } else throw error;
    }
  }

  /** As the socket tells it. @param {{bitmap: string|null, expires_at: number|null}} event */
  hear({ bitmap, expires_at }) {
    if (bitmap === null || expires_at === null) return this.#gone();
    this.expiresAt = expires_at;
    if (this.#layout === null || this.info === null) return void this.read();
    const landed = fromBase64url(bitmap);
    this.#stand(countBits(landed, this.#layout.count) === this.#layout.count ? "complete" : "uploading", landed);
  }

  /** All of it is there, its sender has said. @param {Uint8Array|null} digest */
  confirm(digest) {
    if (digest === null || this.digest !== null) return;
    this.digest = digest;
    this.#tell();
  }

  /** This account has deleted it. */
  end() {
    this.#stand("deleted", null);
  }

  #gone() {
    if (this.state === "deleted") return;
    this.#stand(this.expiresAt !== null && this.expiresAt <= this.#now() ? "expired" : "gone", null);
  }

  /** @param {State} state  @param {Uint8Array|null} landed */
  #stand(state, landed) {
    this.state = state;
    this.landed = landed;
    this.#tell();
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What a file itself is refused for. */
const OF_FILES = ["file_layout", "file_size", "info_open", "info_field"];
