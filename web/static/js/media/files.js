/**
 * Files of an account's conversations, as one of its devices has them: what is sent from here, what is shown of those that
 * messages name, and what is saved of them. A client without a page.
 */

import { randomBytes } from "../device/random.js";
import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { ID_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { sha256 } from "../protocol/keys.js";
import { confirmationBody, filesBody } from "../protocol/files/contents.js";
import { NAME_BYTES, sealInfo } from "../protocol/files/info.js";
import { Layout, paddedLength } from "../protocol/files/layout.js";
import { cleaned } from "./cleaned.js";
import { getObject } from "./fetching.js";
import { FileApi } from "./file-api.js";
import { indexSegments } from "./film-index.js";
import { Jobs } from "./jobs.js";
import { KnownFiles } from "./known-files.js";
import { previewOf } from "./preview.js";
import { save } from "./saver.js";
import { Savings } from "./savings.js";
import { Sealer } from "./sealer.js";
import { dropAll, tidy } from "./sinks.js";
import { Source } from "./source.js";
import { LOCK, Uploads } from "./uploads.js";
import { waitFor } from "./waiting.js";
import { Watched } from "./watched.js";

/**
 * @typedef {import("./jobs.js").Job} Job
 * @typedef {import("../protocol/files/contents.js").Reference} Reference
 * @typedef {import("../conversations/conversations.js").Conversations} Conversations
 * @typedef {Pick<import("../account/parts.js").Parts, "rows"|"storage"|"tokens"|"base"|"clock"|"locks">} Parts
 *
 * A message that names a file, and in which conversation it stands.
 * @typedef {{conversation: string, device: string, message: string, digest: string|null}} Where
 */

const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/;
const ANY_TYPE = "application/octet-stream";
const LOOK_MS = 30_000;
const DAY_SECONDS = 86_400;
/** Lines that are looked through for a message that was said just before this browser stopped. */
const LOOKED_THROUGH = 50;

export class Files {
  #talk;
  #limits;
  #clock;
  #locks;
  #jobs;
  #sealer = new Sealer();
  /** By the messages that name them: another one may name the same file by another key, and sign another digest. @type {Map<string, Watched>} */
  #watched = new Map();
  /** @type {Set<(file: string) => void>} */
  #listeners = new Set();
  #unsubscribe;
  #looking;

  /**
   * @param {Parts} parts  of an account that is open in this browser
   * @param {Conversations} talk
   * @param {import("./file-api.js").FileLimits} limits
   */
  constructor({ rows, storage, tokens, base, clock, locks }, talk, limits) {
    this.#talk = talk;
    this.#limits = limits;
    this.#clock = clock;
    this.#locks = locks;
    const now = () => clock.now();
    this.api = new FileApi((method, path, request) => tokens.ask(method, path, request), base);
    this.known = new KnownFiles(talk.own, now);
    this.#jobs = new Jobs(rows, storage);
    this.uploads = new Uploads({
      jobs: this.#jobs, api: this.api, sealer: this.#sealer, locks, now,
      named: (job) => this.#named(job), confirm: (...given) => this.#confirm(...given),
      content: async (job, picked) => (job.isCleaned ? (await cleaned(picked)).content : picked),
      told: (file) => this.#tell(file),
    });
    this.savings = new Savings({ save: (...saving) => this.save(...saving), told: (file) => this.#tell(file) });
    // A word of what has landed may be lost, and the last one of a file is followed by no other.
    this.#looking = setInterval(() => this.#lookAgain(), LOOK_MS);
    this.#unsubscribe = talk.subscribe((_, event) => {
      if (event?.type === "file") this.#heard(/** @type {any} */ (event));
    });
  }

  /** Looks at what was begun before. */
  async begin() {
    await this.uploads.begin();
    void tidy().catch(() => undefined);
    void this.known.tidy();
  }

  /** @param {(file: string) => void} listener  is told which one is to be shown otherwise  @returns {() => void} ends it */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * One that a message names.
   * @param {Reference} reference
   * @param {Where} where
   * @returns {Watched}
   */
  watch(reference, where) {
    const id = toBase64url(reference.file.id);
    const key = keyOf(id, where.conversation, where.device, where.message);
    let one = this.#watched.get(key);
    if (one === undefined) {
      one = new Watched(reference, { api: this.api, id, now: () => this.#clock.now() });
      this.#watched.set(key, one);
      one.subscribe(() => this.#tell(id));
      void this.#learn(one, where).catch((error) => globalThis.reportError?.(error));
    }
    one.confirm(where.digest === null ? null : fromBase64url(where.digest, 32));
    return one;
  }

  /** @param {Watched} one  @param {Where} where */
  async #learn(one, where) {
    await one.read();
    const { conversation, device, message } = where;
    const known = await this.known.one(one.id);
    const isSame = known !== null && keyOf(one.id, known.conversation, known.device, known.message) === keyOf(one.id, conversation, device, message);
    if (isSame) one.confirm(known.digest);
    // What was said of a file first stays.
    if (known !== null && !isSame) return;
    if (one.isLiving && one.expiresAt !== null) {
      await this.known.tell(one.id, { ...one.reference, conversation, device, message, digest: one.digest, until: one.expiresAt });
    }
    // Of what the server doesn't give nothing is forgotten before its time is over: it may say so wrongly.
  }

  /**
   * Sends a file into a conversation: it is named there once the server has room for it, and goes on by itself.
   * @param {string} conversation
   * @param {File} picked
   * @param {{clean: boolean}} how
   * @throws {Refusal} `not_cleaned`, `file_size`, `file_unreadable`; the server's: `quota_full`, `store_full`
   */
  async send(conversation, picked, { clean }) {
    const { content, by } = clean ? await cleaned(picked) : { content: /** @type {Blob} */ (picked), by: null };
    const padded = paddedLength(content.size);
    if (padded > this.#limits.size) throw new Refusal("file_size");
    const type = TYPE.test(picked.type) ? picked.type : ANY_TYPE;
    const file = { id: randomBytes(ID_BYTES), key: randomBytes(SECRET_BYTES) };
    const { name } = picked;
    const info = await sealInfo(file, {
      name: fitting(name), type, size: content.size, ...await previewOf(content, type), made_by: by,
    }, randomBytes);
    const hash = await sha256(info);
    const id = toBase64url(file.id);
    const { timer } = await this.#talk.of(conversation).view();
    const ttl = timer === 0 ? this.#limits.ttl
      : Math.max(this.#limits.ttl_min, Math.min(this.#limits.ttl, timer + DAY_SECONDS));
    const layout = new Layout(padded);
    await this.#locks.request(LOCK + id, async () => {
      await this.#jobs.put({
        file: id, key: toBase64url(file.key), conversation, name, picked: { size: picked.size, lastModified: picked.lastModified },
        isCleaned: clean, size: content.size, padded, ttl, info: toBase64url(info), infoHash: toBase64url(hash),
        first: await indexSegments(content, layout), message: null,
      });
      try {
        await this.api.create({ id, padded, info, conversation, ttl });
      } catch (error) {
        if (error instanceof Refusal && !MAYBE.includes(error.code)) await this.#jobs.remove(id);
        throw error;
      }
      await this.#say(id, conversation, filesBody([{ file, padded, info: hash }]));
    });
    this.uploads.add(id, content);
    await this.#talk.of(conversation).flush().catch(waits);
  }

  /** Names it there; what can't be named isn't kept for anybody. @param {string} id  @param {string} conversation  @param {object} body */
  async #say(id, conversation, body) {
    try {
      const message = await this.#talk.of(conversation).say("file", /** @type {any} */ (body));
      await this.#jobs.change(id, { message: { device: this.#talk.device, id: message }, info: null });
    } catch (error) {
      await this.api.remove(id).catch(waits);
      await this.#jobs.remove(id);
      throw error;
    }
  }

  /**
   * Saves one into a place that was asked for before.
   * @param {Watched} one
   * @param {import("./saver.js").Sink} sink
   * @param {{signal: AbortSignal, told: (bytes: number) => void}} how
   * @throws {Refusal} `not_confirmed`: its sender hasn't said yet that it is whole; as `save`
   */
  async save(one, sink, { signal, told }) {
    if (one.digest === null) throw new Refusal("not_confirmed");
    const source = this.source(one);
    try {
      await save({ source, file: one.reference.file.id, digest: one.digest, signal, told, pause: waitFor }, sink);
    } catch (error) {
      // Nobody may have said that it has gone.
      if (/** @type {Refusal} */ (error).code === "file_unknown") await one.read();
      throw error;
    } finally {
      source.close();
    }
  }

  /** One as bytes, as far as it has landed; whoever asks for it closes it. @param {Watched} one  @returns {Source} */
  source(one) {
    if (one.info === null) throw new Refusal("file_unknown");
    const source = new Source({
      file: one.reference.file, padded: one.reference.padded, size: one.info.size, get: getObject, now: () => this.#clock.now(),
      landed: one.state === "complete" ? null : one.landed, urls: (numbers) => this.api.urls(one.id, "get", numbers),
    });
    const off = one.subscribe(() => {
      if (one.isLiving) source.told(one.state === "complete" ? null : one.landed);
      else source.close();
    });
    source.onClose(off);
    return source;
  }

  /** Destroys files of this account, for everybody. @param {readonly string[]} ids */
  async remove(ids) {
    for (const id of ids) {
      await this.uploads.pause(id);
      await this.api.remove(id);
      await this.uploads.ended(id);
      for (const one of this.#of(id)) one.end();
      await this.known.forget(id);
    }
  }

  /** Whether something would be cut off if this page went. */
  get isBusy() {
    return this.uploads.isBusy || this.savings.isBusy;
  }

  /** All that the server has for this account, with what is known of each here. */
  async listed() {
    const [standings, known] = await Promise.all([this.api.all(), this.known.all()]);
    return standings.map((standing) => ({ standing, known: known.get(standing.id) ?? null }));
  }

  /** As all messages name it that are shown. @param {string} file */
  #of(file) {
    return [...this.#watched.values()].filter(({ id }) => id === file);
  }

  #lookAgain() {
    if (globalThis.document?.visibilityState === "hidden") return;
    for (const one of this.#watched.values()) {
      if (["reading", "offline", "uploading"].includes(one.state) && this.uploads.state(one.id) === null) void one.read();
    }
  }

  close() {
    void dropAll();
    // What is being written can't be removed yet.
    void this.savings.close().then(dropAll);
    clearInterval(this.#looking);
    this.#unsubscribe();
    this.uploads.close();
    this.#sealer.close();
    this.#listeners.clear();
  }

  /** @param {{file: string, bitmap: string|null, expires_at: number|null}} event */
  #heard(event) {
    for (const one of this.#of(event.file)) one.hear(event);
    if (event.bitmap === null) void this.uploads.ended(event.file).catch(() => undefined);
  }

  /** @param {Job} job  @param {{device: string, id: string}} message  @param {Uint8Array} digest  @param {number} until */
  async #confirm(job, message, digest, until) {
    const file = { id: fromBase64url(job.file), key: fromBase64url(job.key) };
    const conversation = this.#talk.of(job.conversation);
    await conversation.say("digest", confirmationBody({
      device: fromBase64url(message.device), message: fromBase64url(message.id), file: file.id, digest,
    }));
    const reference = { file, padded: job.padded, info: fromBase64url(job.infoHash) };
    const one = this.#watched.get(keyOf(job.file, job.conversation, message.device, message.id));
    one?.confirm(digest);
    void one?.read();
    void conversation.flush().catch(waits);
    void this.known.tell(job.file, { ...reference, conversation: job.conversation, device: message.device, message: message.id, digest, until });
  }

  /** Which message names it, if this browser stopped before it could write that down. @param {Job} job */
  async #named(job) {
    if (job.message !== null) return job.message;
    const { shown } = this.#talk.of(job.conversation);
    const names = (/** @type {any} */ content) => content?.kind === "file" &&
      content.body.files.some((/** @type {{file: string}} */ one) => one.file === job.file);
    const view = await shown.view();
    const waiting = view.waiting.find((one) => names(one));
    if (waiting !== undefined) return { device: this.#talk.device, id: waiting.id };
    const lines = await shown.page({ limit: LOOKED_THROUGH });
    const line = lines.find(({ value }) => value.kind === "message" && names(value.content));
    return line === undefined ? null : { device: line.value.device, id: line.value.id };
  }

  /** @param {string} file */
  #tell(file) {
    for (const listener of [...this.#listeners]) listener(file);
  }
}

/** @param {string} file  @param {string} conversation  @param {string} device  @param {string} message */
const keyOf = (file, conversation, device, message) => [file, conversation, device, message].join();

/** After these a file may have been made though nobody said so; the next start asks. */
const MAYBE = ["unreachable", "unavailable", "not_ours", "internal"];

/** What can't be sent now waits in the outbox. @param {unknown} error */
function waits(error) {
  if (!(error instanceof Refusal)) throw error;
}

/** A name as it may be told: its end says what it is. @param {string} name */
function fitting(name) {
  const encoder = new TextEncoder();
  // What isn't well-formed is written as it can be.
  let kept = new TextDecoder().decode(encoder.encode(name));
  while (encoder.encode(kept).length > NAME_BYTES) kept = [...kept].slice(1).join("");
  return kept === "" ? "file" : kept;
}
