/**
 * The files that this browser is sending: one after the other, each as its job says (jobs.js). A tab that goes leaves a
 * job with which the next one goes on once the person has picked the file again.
 */

import { randomBelow } from "../device/random.js";
import { fromBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { Layout } from "../protocol/files/layout.js";
import { fileDigest } from "../protocol/files/segments.js";
import { putObject } from "./fetching.js";
import { compare, compared, likeness, readSegment } from "./picked.js";
import { countBits } from "./source.js";
import { Uploader } from "./uploader.js";
import { waitFor } from "./waiting.js";

/**
 * @typedef {import("./jobs.js").Job} Job
 * @typedef {import("./uploader.js").Progress} Progress
 *
 * `waits`: others come first. `absent`: the person picks it again. `elsewhere`: another tab sends it. `checking`: whether
 * it is the one that was picked before. `stopped`: `code` says by what.
 * @typedef {{kind: "waits"|"sending"|"paused"|"absent"|"elsewhere"|"checking"|"stopped"|"finishing", progress: Progress|null,
 *   code: string|null}} UploadState
 *
 * @typedef {object} Given
 * @property {import("./jobs.js").Jobs} jobs
 * @property {import("./file-api.js").FileApi} api
 * @property {import("./sealer.js").Sealer} sealer
 * @property {Pick<LockManager, "request">} locks
 * @property {() => number} now  by the server's clock
 * @property {(job: Job) => Promise<{device: string, id: string}|null>} named  the message that names it
 * @property {(job: Job, message: {device: string, id: string}, digest: Uint8Array, until: number) => Promise<void>} confirm
 * @property {(job: Job, blob: File) => Promise<Blob>} content  what is sent of what was picked
 * @property {(file: string) => void} told  something about it has changed
 */

/** Held by the tab that makes one or sends it. */
export const LOCK = "ephemeral-account/upload/";
/** After so long a server that couldn't be asked is asked again, and where the network has come back. */
const AGAIN_MS = 30_000;
const PAUSED = new Refusal("cancelled");

export class Uploads {
  #given;
  /** @type {Map<string, UploadState>} */
  #states = new Map();
  /** What was picked in this tab. @type {Map<string, Blob>} */
  #contents = new Map();
  /** @type {string[]} */
  #queue = [];
  /** @type {{file: string, controller: AbortController, done: Promise<void>}|null} */
  #running = null;
  #isClosed = false;
  #closing = new AbortController();

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
  }

  /** @param {string} file  @returns {UploadState|null} null: nothing of it is sent from here */
  state(file) {
    return this.#states.get(file) ?? null;
  }

  /** Whether something would be cut off if this page went. */
  get isBusy() {
    return this.#running !== null || this.#queue.length > 0;
  }

  /** What was begun before, and by whom it can be gone on with. */
  async begin() {
    for (const job of await this.#given.jobs.all()) {
      if (this.#states.has(job.file)) continue;
      await this.#begin(job).catch((error) => {
        if (!(error instanceof Refusal)) throw error;
        this.#set(job.file, "absent");
      });
    }
  }

  /** @param {Job} job */
  async #begin(job) {
    const { jobs, locks, named } = this.#given;
    const { count } = new Layout(job.padded);
    const isFree = await locks.request(LOCK + job.file, { ifAvailable: true }, async (lock) => lock !== null);
    // Another tab sends it, or is about to name it.
    if (!isFree) return this.#set(job.file, "elsewhere");
    if (job.message === null) {
      const message = await named(job);
      // It was never said, so nobody has it.
      if (message === null) return this.#drop(job.file);
      await jobs.change(job.file, { message });
    }
    if ((await jobs.hashes(job.file)).size === count) void this.#finishLater(job.file).catch((error) => globalThis.reportError?.(error));
    else this.#set(job.file, "absent");
  }

  /** Sends one whose job was written down. @param {string} file  @param {Blob} content */
  add(file, content) {
    this.#contents.set(file, content);
    this.#queue.push(file);
    this.#set(file, "waits");
    this.#next();
  }

  /** One that is sent from here. @param {string} file */
  async pause(file) {
    if (!this.#states.has(file)) return;
    this.#queue = this.#queue.filter((one) => one !== file);
    this.#set(file, "paused");
    if (this.#running?.file !== file) return;
    this.#running.controller.abort(PAUSED);
    await this.#running.done;
  }

  /** @param {string} file */
  resume(file) {
    const content = this.#contents.get(file);
    if (content === undefined) this.#set(file, "absent");
    else if (!this.#queue.includes(file) && this.#running?.file !== file) this.add(file, content);
  }

  /**
   * Goes on with what the person has picked again.
   * @param {string} file
   * @param {File} picked
   * @throws {Refusal} `file_other`: another size; `file_changed`; `file_unreadable`; `file_elsewhere`: another tab is at it
   */
  async again(file, picked) {
    const { jobs, locks } = this.#given;
    const job = await jobs.one(file);
    if (job === null) throw new Refusal("file_unknown");
    const before = this.#states.get(file)?.kind ?? "absent";
    const like = likeness(picked, job.picked);
    if (like === "other") throw new Refusal("file_other");
    const isFree = await locks.request(LOCK + file, { ifAvailable: true }, async (lock) => lock !== null);
    if (!isFree) throw new Refusal("file_elsewhere");
    this.#set(file, "checking");
    try {
      const content = await this.#given.content(job, picked);
      if (content.size !== job.size) throw new Refusal("file_other");
      const hashes = await jobs.hashes(file);
      const numbers = compared([...hashes.keys()], like !== "same", randomBelow);
      await compare(content, new Layout(job.padded), hashes, numbers);
      this.add(file, content);
    } catch (error) {
      this.#set(file, before === "checking" ? "absent" : before);
      throw error;
    }
  }

  /** Gives it up: nothing of it is left on the server, and nobody can go on. @param {string} file */
  async cancel(file) {
    await this.pause(file);
    await this.#drop(file);
  }

  /** The server has none any more. @param {string} file */
  async ended(file) {
    if (this.#states.has(file) || await this.#given.jobs.one(file) !== null) await this.cancel(file);
  }

  close() {
    this.#isClosed = true;
    this.#closing.abort();
    this.#queue = [];
    this.#running?.controller.abort(PAUSED);
    this.#contents.clear();
  }

  #next() {
    if (this.#running !== null || this.#isClosed) return;
    const file = this.#queue.shift();
    if (file === undefined) return;
    const controller = new AbortController();
    const done = this.#run(file, controller.signal).finally(() => {
      this.#running = null;
      this.#next();
    });
    this.#running = { file, controller, done };
  }

  /** @param {string} file  @param {AbortSignal} signal */
  async #run(file, signal) {
    try {
      await this.#given.locks.request(LOCK + file, { ifAvailable: true }, async (lock) => {
        if (lock === null) throw new Refusal("file_elsewhere");
        await this.#send(file, signal);
      });
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (error === PAUSED) return;
      if (!(error instanceof Refusal)) globalThis.reportError?.(error);
      if (code === "file_unknown") await this.#drop(file).catch(() => undefined);
      else this.#set(file, "stopped", null, code ?? "internal");
    }
  }

  /** @param {string} file  @param {AbortSignal} signal */
  async #send(file, signal) {
    const { api, jobs, sealer, now } = this.#given;
    const job = await jobs.one(file);
    const content = this.#contents.get(file);
    if (job === null || content === undefined) throw new Refusal("file_unknown");
    this.#set(file, "sending");
    const layout = new Layout(job.padded);
    const key = { id: fromBase64url(job.file), key: fromBase64url(job.key) };
    const { landed } = await this.#standing(file, signal);
    const uploader = new Uploader(layout, { order: layout.order(job.first), landed }, {
      read: (number) => readSegment(content, layout, number),
      seal: (number, plaintext) => sealer.seal(key, job.padded, number, plaintext),
      keep: (number, hash) => jobs.keep(file, number, hash),
      urls: (numbers) => api.urls(file, "put", numbers),
      landed: async (numbers) => (await api.landed(file, numbers)).landed,
      put: putObject, pause: waitFor, now, chance: () => randomBelow(1000) / 1000,
      told: (progress) => this.#set(file, "sending", progress),
    });
    await uploader.run(signal);
    await this.#finish(job);
  }

  /** Where the network is away for a moment, it is waited for. @param {string} file  @param {AbortSignal} signal */
  async #standing(file, signal) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#given.api.one(file);
      } catch (error) {
        signal.throwIfAborted();
        const refusal = /** @type {Refusal} */ (error);
        if (!["unreachable", "unavailable", "too_many"].includes(refusal.code)) throw error;
        this.#set(file, "sending", { bytes: 0, rate: null, left: null, isWaiting: true });
        await waitFor(Math.max(1000 * (refusal.retryAfter ?? 0), Math.min(1000 * 2 ** attempt, 60_000)), signal);
        signal.throwIfAborted();
      }
    }
  }

  /** All of it may have landed before, and only its digest wasn't said: whoever can't be asked now is asked again. @param {string} file */
  async #finishLater(file) {
    const { api, jobs, locks } = this.#given;
    this.#set(file, "finishing");
    await locks.request(LOCK + file, { ifAvailable: true }, async (lock) => {
      if (lock === null) return this.#set(file, "elsewhere");
      for (;;) {
        const job = await jobs.one(file);
        if (job === null || this.#isClosed) return this.#forget(file);
        try {
          const { count } = new Layout(job.padded);
          const { landed } = await api.one(file);
          if (countBits(landed, count) === count) return await this.#finish(job);
          return this.#set(file, "absent");
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          if (error.code === "file_unknown") return await this.#drop(file);
          if (!isPassing(error)) return this.#set(file, "absent");
          await waitFor(Math.max(1000 * (error.retryAfter ?? 0), AGAIN_MS), this.#closing.signal);
        }
      }
    });
  }

  /** All of it is there: that is signed. @param {Job} job */
  async #finish(job) {
    const { api, confirm, jobs, named } = this.#given;
    this.#set(job.file, "finishing");
    const layout = new Layout(job.padded);
    const hashes = await jobs.hashes(job.file);
    const all = Array.from({ length: layout.count }, (_, number) => hashes.get(number)).filter((hash) => hash !== undefined);
    const digest = await fileDigest(fromBase64url(job.file), layout, job.size, all);
    const { expiresAt } = await api.one(job.file);
    const message = (await jobs.one(job.file))?.message ?? await named(job);
    if (message !== null) await confirm(job, message, digest, expiresAt);
    await jobs.remove(job.file);
    this.#forget(job.file);
  }

  /** @param {string} file */
  async #drop(file) {
    await this.#given.api.remove(file);
    await this.#given.jobs.remove(file);
    this.#forget(file);
  }

  /** @param {string} file */
  #forget(file) {
    this.#states.delete(file);
    this.#contents.delete(file);
    this.#given.told(file);
  }

  /** @param {string} file  @param {UploadState["kind"]} kind  @param {Progress|null} [progress]  @param {string|null} [code] */
  #set(file, kind, progress = this.#states.get(file)?.progress ?? null, code = null) {
    if (this.#isClosed) return;
    // Word of what was going when somebody stopped it comes late.
    if (kind === "sending" && progress !== null && this.#states.get(file)?.kind === "paused") return;
    this.#states.set(file, { kind, progress, code });
    this.#given.told(file);
  }
}

