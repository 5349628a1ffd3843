/**
 * Files on their way into a room: one after the other, each a message of its own. What fails in passing is tried again, with
 * the same bytes: they are sealed under a key of their own that seals nothing else, so that sealing them again gives the same.
 */

import { CHUNK_BYTES, Sealer, fileContent } from "../protocol/attachments.js";
import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { ID_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { randomBytes } from "../device/random.js";
import * as http from "./attachment-http.js";

/** What is tried again by itself, at the latest after so long. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** A crowded room has space again when others have read: nobody tells when. */
const CROWDED_MS = 10_000;

/**
 * What late parts of a room's client go on with (`RoomClient.inner`).
 * @typedef {http.Who & {me: string, roomNonce: Uint8Array, outbox: import("../protocol/outbox.js").Outbox,
 *   crypto: import("./room-crypto.js").RoomCrypto, draw: () => {id: string, viewing: Uint8Array}, changed: () => void,
 *   seal: (id: string, viewing: Uint8Array, counter: number, content: import("../protocol/envelope.js").Content) => Promise<void>}} Inner
 * @typedef {EventTarget & {readonly inner: Inner|null, state: import("./room-state.js").RoomState}} Client
 *
 * @typedef {{name: string, mime: string, bytes: Uint8Array, view: number|null, viewLimit: number|null}} Outgoing
 *
 * @typedef {object} Job
 * @property {string} id  of its message
 * @property {Uint8Array} viewing
 * @property {Outgoing} file
 * @property {Uint8Array} attachment  its id
 * @property {Uint8Array} key
 * @property {"waits"|"sending"|"posted"|"failed"} phase
 * @property {number} done  from 0 to 1
 * @property {string|null} error  why it waits, or has failed
 * @property {AbortController} going
 */

export class Sending extends EventTarget {
  #client;
  /** @type {Map<string, Job>} */
  #jobs = new Map();
  #busy = false;
  #wake = () => {};

  /** @param {Client} client */
  constructor(client) {
    super();
    this.#client = client;
    client.addEventListener("change", () => this.#look());
  }

  /** How one stands; undefined once the server has it. @param {string} id */
  get(id) {
    return this.#jobs.get(id);
  }

  /**
   * Takes a file in, whose bytes are nobody else's; gives the id of its message.
   * @param {Outgoing} file
   * @throws {Refusal} `content_field`, `attachment_size`
   */
  add(file) {
    const inner = this.#inner();
    const { id, viewing } = inner.draw();
    const attachment = randomBytes(ID_BYTES);
    const key = randomBytes(SECRET_BYTES);
    contentOf({ file, attachment, key });
    inner.outbox.begin(id, { name: file.name, size: file.bytes.length, mime: file.mime }, Date.now());
    this.#jobs.set(id, { id, viewing, file, attachment, key, phase: "waits", done: 0, error: null, going: new AbortController() });
    inner.changed();
    void this.#work();
    return id;
  }

  /** Nothing of it is wanted any more. @param {string} id */
  cancel(id) {
    const job = this.#jobs.get(id);
    const inner = this.#client.inner;
    if (job === undefined || inner === null || job.phase === "posted") return;
    this.#giveUp(job, inner);
    inner.outbox.drop(id);
    inner.changed();
  }

  /** Tries again what has failed: the same bytes; as another message if this one was refused. @param {string} id */
  retry(id) {
    const job = this.#jobs.get(id);
    if (job?.phase !== "failed") return;
    const inner = this.#inner();
    const file = { ...job.file, bytes: job.file.bytes.slice() };
    this.#giveUp(job, inner);
    inner.outbox.drop(id);
    this.add(file);
  }

  #inner() {
    const { inner } = this.#client;
    if (inner === null) throw new Refusal("ended");
    return inner;
  }

  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    for (let job = this.#next(); job !== undefined; job = this.#next()) await this.#send(job);
    this.#busy = false;
  }

  #next() {
    return [...this.#jobs.values()].find(({ phase }) => phase === "waits");
  }

  /** Until it is posted, has failed for good, or is wanted no more. @param {Job} job */
  async #send(job) {
    for (let tries = 0; !job.going.signal.aborted; tries += 1) {
      const inner = this.#client.inner;
      if (inner === null) return this.#forget(job);
      try {
        this.#says(job, "sending", null);
        await this.#upload(job, inner);
        const counter = inner.outbox.ready(job.id, toBase64url(job.attachment));
        if (counter === null) return this.#giveUp(job, inner);
        this.#says(job, "posted", null);
        return await inner.seal(job.id, job.viewing, counter, contentOf(job));
      } catch (error) {
        if (job.going.signal.aborted) return;
        const { code, retryAfter } = error instanceof Refusal ? error : new Refusal("internal");
        const pause = pauseAfter(code, retryAfter, tries);
        if (pause === null) return this.#fail(job, code);
        // What was reserved has gone in the meantime: it is reserved anew.
        this.#says(job, "sending", code === "attachment_unknown" ? null : code);
        await this.#rest(pause, job.going.signal);
      }
    }
  }

  /** @param {Job} job  @param {Inner} inner */
  async #upload(job, inner) {
    const { file: { bytes }, going: { signal } } = job;
    const place = { roomNonce: inner.roomNonce, author: fromBase64url(inner.me), id: fromBase64url(job.id) };
    const sealer = new Sealer(described(job), place);
    const id = toBase64url(job.attachment);
    const landed = await http.reserve(inner, { id, chunks: sealer.count, padded: sealer.padded }, signal);
    for (let at = 0; at < sealer.count; at += 1) {
      if (!landed.has(at)) {
        const sealed = await sealer.chunk(at, bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES));
        await http.putChunk(inner, id, at, sealed, signal);
      }
      job.done = (at + 1) / sealer.count;
      this.#says(job, "sending", null);
    }
  }

  /** @param {Job} job  @param {string} code */
  #fail(job, code) {
    this.#client.inner?.outbox.failed(job.id, code);
    this.#says(job, "failed", code);
    this.#client.inner?.changed();
  }

  /** @param {Job} job  @param {Job["phase"]} phase  @param {string|null} error */
  #says(job, phase, error) {
    Object.assign(job, { phase, error });
    this.dispatchEvent(new Event("change"));
  }

  /** The client has news: what the server has need not be kept, and whose room is over neither. */
  #look() {
    const { inner, state: { sent } } = this.#client;
    this.#wake();
    for (const job of this.#jobs.values()) {
      const message = sent.find(({ id }) => id === job.id);
      if (inner === null) this.#forget(job);
      else if (job.phase === "posted" && message?.state === "refused") this.#says(job, "failed", message.error);
      else if (job.phase === "posted" && message?.state !== "sending") this.#forget(job);
      // Its author has let go of it.
      else if (job.phase === "failed" && (message?.file ?? null) === null) this.#giveUp(job, inner);
    }
  }

  /** What it has reserved is free again: a seat has room for few. @param {Job} job  @param {Inner} inner */
  #giveUp(job, inner) {
    this.#forget(job);
    http.giveUp(inner, toBase64url(job.attachment)).catch(() => {});
  }

  /** @param {Job} job */
  #forget(job) {
    job.going.abort();
    job.key.fill(0);
    job.file.bytes.fill(0);
    this.#jobs.delete(job.id);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} milliseconds  @param {AbortSignal} signal */
  #rest(milliseconds, signal) {
    const live = this.#client.state.phase === "live";
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", resolve, { once: true });
      // A connection that has come back is tried at once.
      this.#wake = () => {
        if (live || this.#client.state.phase !== "live") return;
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => { this.#wake = () => {}; });
  }
}

/** @param {Pick<Job, "file"|"attachment"|"key">} job  @returns {import("../protocol/attachments.js").Attachment} */
const described = ({ file: { name, mime, bytes, view, viewLimit }, attachment, key }) =>
  ({ name, mime, size: bytes.length, id: attachment, key, view, viewLimit });

/** @param {Pick<Job, "file"|"attachment"|"key">} job */
const contentOf = (job) => fileContent(described(job));

/**
 * How long to wait before the same is tried again; null: it never helps.
 * @param {string} code  @param {number|null} retryAfter  seconds  @param {number} tries
 */
export function pauseAfter(code, retryAfter, tries) {
  const usual = Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS);
  if (code === "attachment_unknown") return tries < 3 ? 0 : null;
  if (code === "room_crowded") return CROWDED_MS;
  if (code === "attachments_off" && retryAfter === null) return null;
  if (retryAfter !== null) return 1000 * retryAfter;
  return isPassing(new Refusal(code)) || code === "attachments_off" ? usual : null;
}
