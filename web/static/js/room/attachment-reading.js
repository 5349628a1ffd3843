/**
 * A file on its way to whoever has opened its message (docs/protocol.md, 15.2 and 15.3): its chunks, one after the other. What
 * was verified stays here when the lease ends before all of it has come, and isn't fetched again under the next one.
 */

import { FILE, Opener, readFile } from "../protocol/attachments.js";
import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { getChunk } from "./attachment-http.js";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** Who has to wait longer gives the message back meanwhile: a lease that ends by time is counted, and three of them burn it. */
const LONGEST_WAIT_SECONDS = 30;
/** These don't pass: what came isn't what was sent. */
const SPOILT = new Set(["attachment_open", "attachment_length", "attachment_padding", "attachment_size", "malformed"]);

/**
 * @typedef {import("./attachment-sending.js").Client & {release(id: string): void}} Client
 * @typedef {import("./room-state.js").CardView} CardView
 * @typedef {"receiving"|"waiting"|"whole"|"spoilt"} Phase  waiting: for another lease
 */

/** What a content says of a file, if it is one; for `RoomCrypto.fileIn`. @param {import("../protocol/envelope.js").Content} content */
export const fileIn = (content) => (content.type === FILE ? readFile(content) : null);

export class Reading extends EventTarget {
  /** @type {Phase} */
  phase = "receiving";
  /** Why it doesn't go on just now. @type {string|null} */
  trouble = null;
  #client;
  #card;
  #opener;
  /** @type {Uint8Array[]} */
  #chunks = [];
  /** @type {Uint8Array<ArrayBuffer>|null} */
  #whole = null;
  /** When its reader saved it first, by this device's clock. @type {number|null} */
  savedAt = null;
  #going = new AbortController();
  /** Whether anything has come under the lease that there is or was last. */
  advances = false;

  /**
   * @param {Client} client
   * @param {CardView & {file: import("../protocol/attachments.js").Attachment}} card  that is open
   * @throws {Refusal} `attachment_size`: its notice says another
   */
  constructor(client, card) {
    super();
    this.#client = client;
    this.#card = card;
    const { inner } = client;
    if (inner === null) throw new Refusal("ended");
    const place = { roomNonce: inner.roomNonce, author: fromBase64url(card.author), id: fromBase64url(card.id) };
    this.#opener = new Opener(card.file, place, card.attachment ?? 0);
  }

  /** From 0 to 1. */
  get done() {
    return this.#chunks.length / this.#opener.count;
  }

  /** Fetches what is missing, under the lease that there is now. */
  async go() {
    if (this.phase === "whole" || this.phase === "spoilt" || this.#going.signal.aborted) return;
    this.#going.abort();
    this.#going = new AbortController();
    const { signal } = this.#going;
    this.advances = false;
    this.#says("receiving");
    for (let tries = 0; this.#chunks.length < this.#opener.count; ) {
      try {
        await this.#fetch(signal);
        tries = 0;
        this.#says("receiving");
      } catch (error) {
        if (signal.aborted) return;
        const { code, retryAfter } = error instanceof Refusal ? error : new Refusal("internal");
        if (SPOILT.has(code)) return this.#says("spoilt", code);
        if (!isPassing(new Refusal(code))) return this.#says("waiting", code);
        if ((retryAfter ?? 0) > LONGEST_WAIT_SECONDS) {
          this.advances = false;
          this.#says("waiting", code);
          return this.#client.release(this.#card.id);
        }
        this.#says("receiving", code);
        const pause = retryAfter === null ? Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS) : 1000 * retryAfter;
        tries += 1;
        await rest(pause, signal);
        if (signal.aborted) return;
      }
    }
    this.#says("whole");
  }

  /** The lease is over: goes on with the next. */
  pause() {
    this.#going.abort();
    this.#going = new AbortController();
    if (this.phase === "receiving") this.#says("waiting");
  }

  /** All of it, for as long as the card is open. @returns {Uint8Array<ArrayBuffer>} */
  get bytes() {
    if (this.#whole !== null) return this.#whole;
    const whole = new Uint8Array(this.#card.file.size);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      chunk.fill(0);
      at += chunk.length;
    }
    this.#whole = whole;
    return whole;
  }

  /** Nothing of it is kept. */
  drop() {
    this.#going.abort();
    for (const chunk of [...this.#chunks, this.#whole]) chunk?.fill(0);
    this.#chunks = [];
    this.#whole = null;
  }

  /** @param {AbortSignal} signal */
  async #fetch(signal) {
    const { inner } = this.#client;
    if (inner === null) throw new Refusal("ended");
    const at = this.#chunks.length;
    const sealed = await getChunk(inner, toBase64url(this.#card.file.id), at, signal);
    const chunk = await this.#opener.open(at, sealed);
    if (signal.aborted) return;
    this.#chunks.push(chunk);
    this.advances = true;
  }

  /** @param {Phase} phase  @param {string|null} [trouble] */
  #says(phase, trouble = null) {
    Object.assign(this, { phase, trouble });
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {number} milliseconds  @param {AbortSignal} signal */
const rest = (milliseconds, signal) => new Promise((resolve) => {
  setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", resolve, { once: true });
});

/**
 * What is being read in one room, by the ids of messages. A file that hasn't come whole when its lease ends is asked for again if
 * something of it came under that one; else somebody opens it again, lest it be burnt by leases of which nobody has anything.
 */
export class Readings {
  #client;
  /** @type {Map<string, Reading>} */
  #readings = new Map();
  /** Messages whose files didn't arrive as they were sent. @type {Set<string>} */
  spoilt = new Set();

  /** @param {Client & {open(id: string): Promise<void>}} client */
  constructor(client) {
    this.#client = client;
    if (client.inner !== null) client.inner.crypto.fileIn = fileIn;
    client.addEventListener("change", () => this.#look());
  }

  /**
   * The one of this card, which is open; begun, or going on.
   * @param {CardView} card
   * @returns {Reading}
   * @throws {Refusal}
   */
  of(card) {
    const known = this.#readings.get(card.id);
    if (known !== undefined) {
      if (known.phase === "waiting") void known.go();
      return known;
    }
    const reading = new Reading(this.#client, /** @type {any} */ (card));
    this.#readings.set(card.id, reading);
    void reading.go();
    return reading;
  }

  /** Its reader wants it no more, or has it. @param {string} id */
  end(id) {
    this.#readings.get(id)?.drop();
    this.#readings.delete(id);
  }

  #look() {
    const { cards, phase } = this.#client.state;
    for (const [id, reading] of this.#readings) {
      const card = cards.find((one) => one.id === id);
      if (card?.state === "open" || card?.state === "opening") continue;
      // Whole and not yet shown or saved: with the lease the right to it has ended.
      if (card?.state !== "returned" || reading.phase === "whole" || reading.phase === "spoilt") this.end(id);
      else if (phase === "live") {
        reading.pause();
        if (!reading.advances) continue;
        reading.advances = false;
        this.#client.open(id).catch(() => this.end(id));
      }
    }
  }
}
