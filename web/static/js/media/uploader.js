/**
 * Sends a file's segments: read, sealed, written down, sent, and looked for in the store. It decides; whatever reads,
 * seals, sends or waits is given to it.
 *
 * A segment's hash is kept before its object is sent the first time, and no other content is ever sealed in its place
 * (docs/files.md, 7). Whatever the network says of an object, what the server finds in the store is what counts.
 */

import { Refusal, isPassing } from "../protocol/errors.js";
import { Lanes, Rate } from "./pace.js";
import { hasBit } from "./source.js";

/**
 * @typedef {import("./source.js").Address} Address
 * @typedef {import("./fetching.js").Sent} Sent
 * @typedef {{bytes: number, rate: number|null, left: number|null, isWaiting: boolean}} Progress  `bytes` of the padded
 *   length; `left` in seconds; `isWaiting`: for the network
 *
 * @typedef {object} Ports
 * @property {(number: number) => Promise<Uint8Array>} read  a segment, with its padding
 * @property {(number: number, plaintext: Uint8Array) => Promise<{object: Uint8Array, hash: Uint8Array}>} seal
 * @property {(number: number, hash: Uint8Array) => Promise<void>} keep  throws `file_changed` where another was kept
 * @property {(numbers: number[]) => Promise<Address[]>} urls
 * @property {(numbers: number[]) => Promise<Uint8Array>} landed  looks for them in the store; the whole bitmap
 * @property {(address: Address, object: Uint8Array, how: {progress: (bytes: number) => void, signal: AbortSignal}) => Promise<Sent>} put
 * @property {(milliseconds: number, signal: AbortSignal) => Promise<void>} pause  less where the network has come back
 * @property {() => number} now  milliseconds
 * @property {() => number} chance  0 to 1
 * @property {(progress: Progress) => void} told
 */

/** Where so many objects go is asked at once, and so many are looked for. */
const ADDRESSES = 16;
const LOOKED_FOR = 64;
/** An address that ends so soon isn't begun with. */
const EARLY_MS = 30_000;
const LOST_MOST = 5;
/** How often an address is asked for that isn't given. */
const ATTEMPTS = 3;
/** The server looks into the store no more often. */
const LOOK_MS = 2100;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Seconds: who is sent away for longer is told so. */
const LONGEST_ASKED = 300;
/** Between two words of how far it is. */
const TELL_MS = 200;

export class Uploader {
  #layout;
  #ports;
  /** Still to be sent, in this order. @type {number[]} */
  #waiting;
  #landed;
  /** Sent, and not yet found in the store. @type {Set<number>} */
  #sent = new Set();
  /** Of which somebody here has the object. @type {Set<number>} */
  #busy = new Set();
  /** @type {Map<number, Address>} */
  #addresses = new Map();
  /** @type {Promise<void>|null} */
  #asking = null;
  /** @type {Promise<void>|null} */
  #looking = null;
  /** How often a part was sent and not found. @type {Map<number, number>} */
  #lost = new Map();
  #lookedAt = -LOOK_MS;
  #lookSoon = () => {};
  #lanes;
  #rate = new Rate();
  /** Bytes of what is being sent. @type {Map<number, number>} */
  #moving = new Map();
  #toldAt = -TELL_MS;
  /** Until the last that was begun is being sent. @type {Promise<void>} */
  #line = Promise.resolve();
  /** How many are being sent, and who waits until fewer are. */
  #inside = 0;
  /** @type {(() => void)[]} */
  #atDoor = [];
  #failures = 0;
  #waits = 0;

  /**
   * @param {import("../protocol/files/layout.js").Layout} layout
   * @param {{order: readonly number[], landed: Uint8Array}} from  what the server has of it already
   * @param {Ports} ports
   */
  constructor(layout, { order, landed }, ports) {
    this.#layout = layout;
    this.#ports = ports;
    this.#landed = landed;
    this.#waiting = order.filter((number) => !hasBit(landed, number));
    this.#lanes = new Lanes(ports.now(), layout.segment(layout.count >> 1).length);
  }

  /**
   * Until all of it is in the store.
   * @param {AbortSignal} signal
   * @throws {Refusal} what no other try will change; what the signal was aborted with
   */
  async run(signal) {
    const stop = new AbortController();
    const give = () => stop.abort(signal.reason);
    signal.addEventListener("abort", give);
    if (signal.aborted) give();
    /** @type {Set<Promise<void>>} */
    const running = new Set();
    const begin = (/** @type {Promise<void>} */ work) => {
      const done = work.catch((error) => stop.abort(error)).finally(() => running.delete(done));
      running.add(done);
    };
    // Others may read a part once it was found: they don't have to wait for the end, or for the next part.
    this.#lookSoon = () => {
      if (this.#looking === null) begin(this.#look(stop.signal));
    };
    this.#tell(true);
    while (!stop.signal.aborted) {
      const next = this.#busy.size < this.#lanes.held ? this.#waiting.shift() : undefined;
      if (next !== undefined) begin(this.#one(next, stop.signal));
      else if (running.size > 0) await Promise.race(running);
      else if (this.#sent.size > 0) begin(this.#look(stop.signal));
      else break;
    }
    await Promise.all(running);
    signal.removeEventListener("abort", give);
    this.#tell(true);
    stop.signal.throwIfAborted();
  }

  /** @param {number} number  @param {AbortSignal} signal */
  async #one(number, signal) {
    this.#busy.add(number);
    const before = this.#line;
    /** @type {() => void} */
    let pass = () => {};
    this.#line = new Promise((resolve) => { pass = resolve; });
    try {
      await this.#sending(number, signal, before, pass);
    } finally {
      pass();
      this.#busy.delete(number);
      if (!this.#sent.has(number)) this.#moving.delete(number);
    }
    if (this.#sent.size > 0) this.#lookSoon();
  }

  /**
   * @param {number} number
   * @param {AbortSignal} signal
   * @param {Promise<void>} before  until the one before is being sent: what a player needs first goes first
   * @param {() => void} pass
   */
  async #sending(number, signal, before, pass) {
    const { object, hash } = await this.#ports.seal(number, await this.#ports.read(number));
    signal.throwIfAborted();
    // Whoever dies from here on goes on with this content or not at all.
    await this.#ports.keep(number, hash);
    await before;
    await this.#enter(signal);
    pass();
    try {
      await this.#put(number, object, signal);
    } finally {
      this.#inside -= 1;
      for (const look of this.#atDoor.splice(0)) look();
    }
  }

  /** As many as go at once, and no more. @param {AbortSignal} signal */
  async #enter(signal) {
    while (this.#inside >= this.#lanes.width) await new Promise((resolve) => { this.#atDoor.push(() => resolve(undefined)); });
    signal.throwIfAborted();
    this.#inside += 1;
  }

  /** @param {number} number  @param {Uint8Array} object  @param {AbortSignal} signal */
  async #put(number, object, signal) {
    const { length } = this.#layout.segment(number);
    // The same bytes may go any number of times.
    for (;;) {
      const address = await this.#address(number, signal);
      // It has come before.
      if (address === null) return;
      const sent = await this.#ports.put(address, object, { signal, progress: (bytes) => this.#progress(number, Math.min(bytes, length)) });
      this.#progress(number, sent === "done" ? length : 0);
      if (sent === "done") break;
      if (sent === "full") throw new Refusal("store_full");
      if (typeof sent === "object") {
        if (sent.again > LONGEST_ASKED) throw new Refusal("too_many", { retryAfter: sent.again });
        this.#lanes.failed(this.#ports.now());
        await this.#backOff(signal, 1000 * sent.again);
        continue;
      }
      if (sent === "expired") {
        // One that the store never takes is asked for no faster than any other failure.
        if (this.#addresses.delete(number) && address.expires_at < this.#ports.now()) continue;
      } else this.#lanes.failed(this.#ports.now());
      // It may have come though nobody said so, or another attempt at this content has.
      if (sent === "unknown" && await this.#isThere(number, signal)) return;
      await this.#backOff(signal);
    }
    this.#failures = 0;
    this.#sent.add(number);
    this.#lanes.done(length, this.#ports.now());
  }

  /** @param {number} number  @param {AbortSignal} signal  @returns {Promise<boolean>} whether it was found in the store */
  async #isThere(number, signal) {
    // What is looked for already may not name this one.
    await this.#looking;
    this.#sent.add(number);
    await this.#look(signal);
    return hasBit(this.#landed, number);
  }

  /** @param {number} number  @param {AbortSignal} signal  @returns {Promise<Address|null>} null: it is there already */
  async #address(number, signal) {
    for (let attempt = 0; ; attempt += 1) {
      const known = this.#addresses.get(number);
      if (known !== undefined && known.expires_at - this.#ports.now() > EARLY_MS) return known;
      if (hasBit(this.#landed, number)) return null;
      // Those that are there already are given no address.
      if (attempt > 0 && await this.#isThere(number, signal)) return null;
      if (attempt > ATTEMPTS) throw new Refusal("malformed");
      await this.#asking;
      if (this.#addresses.has(number) && attempt === 0) continue;
      this.#asking = this.#ask([number, ...this.#waiting.slice(0, ADDRESSES - 1)], signal).finally(() => { this.#asking = null; });
      await this.#asking;
    }
  }

  /** @param {number[]} numbers  @param {AbortSignal} signal */
  async #ask(numbers, signal) {
    const addresses = await this.#patiently(() => this.#ports.urls(numbers), signal);
    for (const address of addresses) this.#addresses.set(address.segment, address);
  }

  /** What was sent is looked for in the store; what isn't there goes again. @param {AbortSignal} signal */
  #look(signal) {
    this.#looking ??= this.#found(signal).finally(() => { this.#looking = null; });
    return this.#looking;
  }

  /** @param {AbortSignal} signal */
  async #found(signal) {
    const wait = this.#lookedAt + LOOK_MS - this.#ports.now();
    if (wait > 0) await this.#ports.pause(wait, signal);
    signal.throwIfAborted();
    const numbers = [...this.#sent].slice(0, LOOKED_FOR);
    const landed = await this.#patiently(() => this.#ports.landed(numbers), signal);
    this.#lookedAt = this.#ports.now();
    this.#landed = landed;
    for (const number of numbers) {
      this.#sent.delete(number);
      if (this.#busy.has(number)) continue;
      this.#moving.delete(number);
      if (hasBit(landed, number)) continue;
      this.#lost.set(number, (this.#lost.get(number) ?? 0) + 1);
      // A store that takes everything and keeps nothing isn't given it for ever.
      if (Number(this.#lost.get(number)) > LOST_MOST) throw new Refusal("segment_missing");
      this.#waiting.unshift(number);
    }
    this.#tell(true);
  }

  /**
   * @template T
   * @param {() => Promise<T>} ask
   * @param {AbortSignal} signal
   * @returns {Promise<T>}
   */
  async #patiently(ask, signal) {
    for (;;) {
      try {
        const answer = await ask();
        this.#failures = 0;
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        const refusal = /** @type {Refusal} */ (error);
        if (!(error instanceof Refusal) || !isPassing(refusal) || (refusal.retryAfter ?? 0) > LONGEST_ASKED) throw error;
        await this.#backOff(signal, 1000 * (refusal.retryAfter ?? 0));
      }
    }
  }

  /** Longer each time, and not all at once. @param {AbortSignal} signal  @param {number} [least] */
  async #backOff(signal, least = 0) {
    this.#failures += 1;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_PAUSE_MS);
    this.#waits += 1;
    this.#tell(true);
    await this.#ports.pause(Math.max(least, longest * (0.5 + this.#ports.chance() / 2)), signal);
    this.#waits -= 1;
    signal.throwIfAborted();
    this.#tell(true);
  }

  /** @param {number} number  @param {number} bytes  of its object */
  #progress(number, bytes) {
    this.#moving.set(number, bytes);
    this.#tell(false);
  }

  /** @param {boolean} isDue */
  #tell(isDue) {
    const now = this.#ports.now();
    if (!isDue && now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    let bytes = 0;
    for (let number = 0; number < this.#layout.count; number += 1) {
      bytes += hasBit(this.#landed, number) ? this.#layout.segment(number).length : this.#moving.get(number) ?? 0;
    }
    this.#rate.tell(bytes, now);
    const { current: rate } = this.#rate;
    this.#ports.told({ bytes, rate, left: this.#rate.left(this.#layout.padded - bytes), isWaiting: this.#waits > 0 });
  }
}
