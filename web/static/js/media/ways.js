/**
 * How an element comes by a film: by the service worker, as much as it wants of it and from where it wants; or, where
 * there is none, all of it in memory.
 */

import { Refusal } from "../protocol/errors.js";
import { servedType } from "./ranges.js";

/** What is held in memory whole. */
export const MEMORY_MOST = 200 * 2 ** 20;
/** Read at once. */
const PIECE_BYTES = 2 ** 20;

/**
 * @typedef {import("./page-streams.js").Source} Source
 *
 * @typedef {object} Way
 * @property {() => Promise<string>} address  another one each time; rejects with why there is none
 * @property {boolean} isAwaited  the sender is waited for
 * @property {unknown} failure  why bytes can't be had, or null
 * @property {number} loaded  which part is in memory, where all of it has to be; else 1
 * @property {() => void} close
 */

/** @implements {Way} */
export class StreamWay {
  loaded = 1;
  isAwaited = false;
  /** @type {unknown} */
  failure = null;
  #streams;
  #folder;
  #source;
  #type;
  #changed;
  /** @type {string|null} */
  #token = null;

  /**
   * @param {import("./page-streams.js").PageStreams} streams
   * @param {string} folder  in which the worker looks for them
   * @param {Source} source
   * @param {string} type  that is played
   * @param {() => void} changed
   */
  constructor(streams, folder, source, type, changed) {
    this.#streams = streams;
    this.#folder = folder;
    this.#source = source;
    this.#type = type;
    this.#changed = changed;
  }

  async address() {
    this.close();
    this.failure = null;
    const token = this.#streams.open(this.#source, String(servedType(this.#type)), {
      waits: (answers) => {
        if (token !== this.#token) return;
        this.isAwaited = answers > 0;
        this.#changed();
      },
      failed: (error) => {
        if (token === this.#token) this.failure = error;
      },
    });
    this.#token = token;
    return this.#folder + token;
  }

  close() {
    if (this.#token !== null) this.#streams.end(this.#token);
    this.#token = null;
    this.isAwaited = false;
  }
}

/** @implements {Way} */
export class MemoryWay {
  loaded = 0;
  isAwaited = false;
  /** @type {unknown} */
  failure = null;
  #source;
  #type;
  #changed;
  #gone = new AbortController();
  /** @type {Promise<Blob>|null} */
  #blob = null;
  #address = "";

  /** @param {Source} source  @param {string} type  that is played  @param {() => void} changed */
  constructor(source, type, changed) {
    this.#source = source;
    this.#type = type;
    this.#changed = changed;
  }

  async address() {
    if (this.#source.size > MEMORY_MOST) throw new Refusal("too_large_here");
    this.#blob ??= this.#read();
    this.#forget();
    this.#address = URL.createObjectURL(await this.#blob);
    return this.#address;
  }

  close() {
    this.#gone.abort();
    this.#forget();
    this.#blob = null;
  }

  async #read() {
    const { size } = this.#source;
    const parts = [];
    for (let at = 0; at < size;) {
      this.isAwaited = this.#source.availableFrom(at) === 0;
      const bytes = await this.#source.read(at, Math.min(at + PIECE_BYTES, size), { signal: this.#gone.signal });
      parts.push(/** @type {BlobPart} */ (bytes));
      at += bytes.length;
      this.loaded = at / size;
      this.isAwaited = false;
      this.#changed();
    }
    return new Blob(parts, { type: String(servedType(this.#type)) });
  }

  #forget() {
    if (this.#address !== "") URL.revokeObjectURL(this.#address);
    this.#address = "";
  }
}
