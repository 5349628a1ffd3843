/**
 * A file as bytes that were verified, from wherever in it somebody reads: for who plays it and for who saves it. It runs
 * in a page or in a worker, and asks nobody by itself: where the objects lie, and how one is fetched, is given to it.
 */

import { Refusal } from "../protocol/errors.js";
import { CHUNK_BYTES, Layout, SALT_BYTES, TAG_BYTES, checkSize } from "../protocol/files/layout.js";
import { Opener, contentOf, openSegment } from "../protocol/files/segments.js";

/**
 * Where an object lies for now.
 * @typedef {{segment: number, url: string, headers: Record<string, string>, expires_at: number}} Address
 *
 * @typedef {object} Given
 * @property {import("../protocol/files/keys.js").FileKey} file
 * @property {number} padded  as the sender's message says
 * @property {number} size  as the file's info says
 * @property {(segments: number[]) => Promise<Address[]>} urls  asks the server where they lie
 * @property {(address: Address, range: [number, number]|null, how: {length: number, signal: AbortSignal}) => Promise<Uint8Array>} get
 *   from the first byte up to before the second, `length` of them; throws `url_expired`, `segment_missing`, `unreachable`
 * @property {Uint8Array|null} [landed]  which segments are there; null: all
 * @property {(milliseconds: number) => Promise<void>} [pause]
 * @property {() => number} [now]  milliseconds, by the server's clock
 */

/** Bytes of verified chunks that are kept, and how many that are. */
const CACHE_BYTES = 67_108_864;
const CACHED = CACHE_BYTES / CHUNK_BYTES;
/** Where so many objects lie is asked at once. */
const TOGETHER = 16;
/** An address that ends so soon isn't begun with. */
const EARLY_MS = 20_000;
const ATTEMPTS = 4;
const PAUSE_MS = 500;

export class Source {
  #file;
  #urls;
  #get;
  #pause;
  #now;
  /** @type {Uint8Array|null} */
  #landed;
  /** Verified chunks, those that were used last behind. @type {Map<string, Uint8Array>} */
  #cache = new Map();
  /** Those that are being fetched. @type {Map<string, Promise<Uint8Array>>} */
  #coming = new Map();
  /** @type {Map<number, Promise<Opener>>} */
  #openers = new Map();
  /** @type {Map<number, Address>} */
  #addresses = new Map();
  /** @type {Map<number, Promise<void>>} */
  #asking = new Map();
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Set<() => void>} */
  #ends = new Set();
  #closing = new AbortController();

  /**
   * @param {Given} given
   * @throws {Refusal} `file_layout`, `file_size`
   */
  constructor({ file, padded, size, urls, get, landed = null, pause, now = () => Date.now() }) {
    this.layout = new Layout(padded);
    checkSize(padded, size);
    this.size = size;
    this.padded = padded;
    this.#file = file;
    this.#urls = urls;
    this.#get = get;
    this.#landed = landed;
    this.#now = now;
    this.#pause = pause ?? ((milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); }));
  }

  /** More has landed. @param {Uint8Array|null} landed  null: all */
  told(landed) {
    this.#landed = landed;
    for (const listener of [...this.#listeners]) listener();
  }

  /** @param {() => void} listener  is called when more has landed, and when it is closed @returns {() => void} ends it */
  onTold(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a segment is in the store. @param {number} number */
  isLanded(number) {
    return this.#landed === null || hasBit(this.#landed, number);
  }

  /** @param {number} start  @param {number} end  whether all of it is in the store */
  has(start, end) {
    return end <= start || this.availableFrom(start) >= end - start;
  }

  /** So many bytes from there on are in the store without a gap. @param {number} offset */
  availableFrom(offset) {
    if (offset >= this.size) return 0;
    let { number } = this.layout.at(offset);
    let end = offset;
    for (; number < this.layout.count && this.isLanded(number); number += 1) {
      const segment = this.layout.segment(number);
      end = segment.start + segment.length;
    }
    return Math.min(end, this.size) - offset;
  }

  /**
   * Bytes of the file, once they are in the store.
   * @param {number} start
   * @param {number} end
   * @param {{signal?: AbortSignal}} [how]
   * @returns {Promise<Uint8Array>}
   * @throws {Refusal} `segment_open`, `segment_length`, `file_padding`: it isn't what was sent; `segment_missing`,
   *   `unreachable`; the server's
   */
  async read(start, end, { signal } = {}) {
    if (!(start >= 0 && start <= end && end <= this.size)) throw new RangeError("not in this file");
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end;) {
      const segment = this.layout.at(at);
      const stop = Math.min(end, segment.start + segment.length);
      await this.#until(segment.number, signal);
      const from = Math.floor((at - segment.start) / CHUNK_BYTES);
      const to = Math.floor((stop - 1 - segment.start) / CHUNK_BYTES);
      const chunks = await aborted(this.#chunks(segment.number, from, to), signal);
      for (const [index, chunk] of chunks.entries()) {
        const begins = segment.start + (from + index) * CHUNK_BYTES;
        bytes.set(chunk.subarray(Math.max(at - begins, 0), Math.min(stop - begins, chunk.length)), Math.max(begins, at) - start);
      }
      at = stop;
    }
    return bytes;
  }

  /**
   * A whole segment, with its padding, once it is in the store: for who saves the file or compares it.
   * @param {number} number
   * @param {{signal?: AbortSignal}} [how]
   * @returns {Promise<Uint8Array>}
   * @throws {Refusal} as `read`
   */
  async segment(number, { signal } = {}) {
    await this.#until(number, signal);
    const object = await aborted(this.#fetched(number, null), signal);
    const plaintext = await openSegment(this.#file, this.layout, number, object);
    contentOf(this.layout, number, this.size, plaintext);
    return plaintext;
  }

  /** @param {() => void} listener  is called once, when it is closed */
  onClose(listener) {
    this.#ends.add(listener);
  }

  get #isClosed() {
    return this.#closing.signal.aborted;
  }

  /** Forgets what was read, and fetches nothing more; whoever still waits hears `closed`. */
  close() {
    this.#closing.abort();
    for (const end of this.#ends) end();
    this.#ends.clear();
    this.#cache.clear();
    this.#openers.clear();
    this.#addresses.clear();
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }

  /** @param {number} number  @param {AbortSignal} [signal]  @returns {Promise<void>} */
  #until(number, signal) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (signal?.aborted) return ends(() => reject(signal.reason));
        if (this.#isClosed) return ends(() => reject(new Refusal("closed")));
        if (this.isLanded(number)) ends(resolve);
      };
      const off = this.onTold(look);
      const ends = (/** @type {() => void} */ end) => {
        off();
        signal?.removeEventListener("abort", look);
        end();
      };
      signal?.addEventListener("abort", look);
      look();
    });
  }

  /**
   * Chunks of a segment, from `from` to `to`; what isn't here comes in as few requests as there are gaps.
   * @param {number} number
   * @param {number} from
   * @param {number} to
   */
  #chunks(number, from, to) {
    /** @type {Promise<Uint8Array>[]} */
    const found = [];
    for (let at = from; at <= to;) {
      const known = this.#known(number, at);
      if (known !== null) {
        found.push(known);
        at += 1;
        continue;
      }
      let end = at + 1;
      while (end <= to && this.#known(number, end) === null) end += 1;
      found.push(...this.#come(number, at, end));
      at = end;
    }
    return Promise.all(found);
  }

  /** @param {number} number  @param {number} at  @returns {Promise<Uint8Array>|null} */
  #known(number, at) {
    const key = `${number}/${at}`;
    const chunk = this.#cache.get(key);
    if (chunk === undefined) return this.#coming.get(key) ?? null;
    this.#cache.delete(key);
    this.#cache.set(key, chunk);
    return Promise.resolve(chunk);
  }

  /** @param {number} number  @param {number} from  @param {number} end  chunks, up to before it @returns {Promise<Uint8Array>[]} */
  #come(number, from, end) {
    const objects = this.#sealed(number, from, end);
    return Array.from({ length: end - from }, (_, index) => {
      const at = from + index;
      const key = `${number}/${at}`;
      const coming = objects.then(async ({ opener, sealed }) => {
        const chunk = await opener.open(at, sealed.subarray(index * SEALED_CHUNK, (index + 1) * SEALED_CHUNK));
        this.#checkPadding(number, at, chunk);
        this.#keep(key, chunk);
        return chunk;
      }).finally(() => this.#coming.delete(key));
      this.#coming.set(key, coming);
      // Whoever reads hears of it; who has gone on doesn't.
      coming.catch(() => undefined);
      return coming;
    });
  }

  /** Chunks as they lie there, and what opens them. @param {number} number  @param {number} from  @param {number} end */
  async #sealed(number, from, end) {
    const { sealedLength } = this.layout.segment(number);
    const stop = Math.min(SALT_BYTES + end * SEALED_CHUNK, sealedLength);
    if (from > 0) {
      const opener = await this.#opener(number);
      return { opener, sealed: await this.#fetched(number, [SALT_BYTES + from * SEALED_CHUNK, stop]) };
    }
    // The salt stands before the first chunk: both come at once.
    const object = await this.#fetched(number, [0, stop]);
    const opener = new Opener(this.#file, this.layout, number, object.subarray(0, SALT_BYTES));
    if (!this.#openers.has(number)) this.#openers.set(number, Promise.resolve(opener));
    return { opener, sealed: object.subarray(SALT_BYTES) };
  }

  /** @param {number} number  @returns {Promise<Opener>} */
  #opener(number) {
    const known = this.#openers.get(number);
    if (known !== undefined) return known;
    const made = this.#fetched(number, [0, SALT_BYTES]).then((salt) => new Opener(this.#file, this.layout, number, salt));
    this.#openers.set(number, made);
    made.catch(() => this.#openers.delete(number));
    return made;
  }

  /** @param {number} number  @param {number} at  @param {Uint8Array} chunk */
  #checkPadding(number, at, chunk) {
    const begins = this.layout.segment(number).start + at * CHUNK_BYTES;
    const end = Math.max(this.size - begins, 0);
    if (chunk.subarray(end).some((byte) => byte !== 0)) throw new Refusal("file_padding");
  }

  /** @param {string} key  @param {Uint8Array} chunk */
  #keep(key, chunk) {
    if (this.#isClosed) return;
    this.#cache.set(key, chunk);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= CACHED) break;
      this.#cache.delete(oldest);
    }
  }

  /** @param {number} number  @param {[number, number]|null} range  @returns {Promise<Uint8Array>} */
  async #fetched(number, range) {
    const [from, to] = range ?? [0, this.layout.segment(number).sealedLength];
    for (let attempt = 1; ; attempt += 1) {
      if (this.#isClosed) throw new Refusal("closed");
      const address = await this.#address(number);
      try {
        const bytes = await this.#get(address, range, { length: to - from, signal: this.#closing.signal });
        if (bytes.length !== to - from) throw new Refusal("segment_length");
        return bytes;
      } catch (error) {
        if (this.#isClosed) throw new Refusal("closed");
        const { code, retryAfter } = /** @type {Refusal} */ (error);
        const asked = retryAfter ?? 0;
        if (code === "url_expired") this.#addresses.delete(number);
        if (!AGAIN.includes(code) || attempt === ATTEMPTS || asked > LONGEST_ASKED) throw error;
        if (code !== "url_expired" || attempt > 1) await this.#pause(Math.max(1000 * asked, PAUSE_MS * 2 ** attempt));
      }
    }
  }

  /** @param {number} number  @returns {Promise<Address>} */
  async #address(number) {
    for (;;) {
      const known = this.#addresses.get(number);
      if (known !== undefined && known.expires_at - this.#now() > EARLY_MS) return known;
      await (this.#asking.get(number) ?? this.#ask(number));
    }
  }

  /** Where this one lies and those that come next. @param {number} number  @returns {Promise<void>} */
  #ask(number) {
    /** @type {number[]} */
    const numbers = [];
    for (let next = number; next < this.layout.count && numbers.length < TOGETHER; next += 1) {
      if (this.isLanded(next) && !this.#asking.has(next)) numbers.push(next);
    }
    const asking = this.#urls(numbers).then((addresses) => {
      for (const address of addresses) this.#addresses.set(address.segment, address);
      if (!this.#addresses.has(number)) throw new Refusal("segment_missing");
    }).finally(() => {
      for (const each of numbers) this.#asking.delete(each);
    });
    for (const each of numbers) this.#asking.set(each, asking);
    return asking;
  }
}

const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES;
/** What another try may change. */
const AGAIN = ["url_expired", "unreachable", "unavailable", "too_many"];
/** Seconds: who is sent away for longer is told so. */
const LONGEST_ASKED = 60;

/** Of a bitmap as the server gives it. @param {Uint8Array} bits  @param {number} number */
export const hasBit = (bits, number) => (bits[number >> 3] & (1 << (number & 7))) !== 0;

/** How many of the first `count` bits are set. @param {Uint8Array} bits  @param {number} count */
export function countBits(bits, count) {
  let found = 0;
  for (let number = 0; number < count; number += 1) if (hasBit(bits, number)) found += 1;
  return found;
}

/**
 * @template T
 * @param {Promise<T>} work
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
function aborted(work, signal) {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
