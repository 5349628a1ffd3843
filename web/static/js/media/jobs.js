/**
 * Files that are being sent, written down so that another day can go on with them: sealed as all that an account keeps in
 * this browser. What lies on the disk of the person isn't kept; they pick the file again (docs/files.md, 7).
 *
 * Rows: `upload/<file>`, a job, and `upload/<file>/<number>`, hashes of so many segments, by their numbers.
 */

import { isSame } from "../protocol/accounts/derivation.js";
import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { changed } from "../conversations/row-change.js";

/**
 * `picked`: what the person has picked, by which it is known again. `size`: of what is sent, which cleaning may have made
 * shorter. `info`: sealed, until the server has it. `message`: that which names the file, once it is in the outbox.
 * @typedef {object} Job
 * @property {string} file  base64url, as all here
 * @property {string} key
 * @property {string} conversation
 * @property {string} name
 * @property {{size: number, lastModified: number}} picked
 * @property {boolean} isCleaned
 * @property {number} size
 * @property {number} padded
 * @property {number} ttl  seconds
 * @property {string|null} info
 * @property {string} infoHash
 * @property {number[]} first  segments that hold a film's index
 * @property {{device: string, id: string}|null} message
 *
 * @typedef {import("../conversations/row-change.js").RowChange} RowChange
 */

const JOBS = "upload/";
/** Hashes in a row: each time one comes it is written anew. */
const TOGETHER = 64;
const HASH_BYTES = 32;
const DIGITS = 4;

export class Jobs {
  #rows;
  #storage;

  /**
   * @param {import("../account/storage-keys.js").SealedRows} rows
   * @param {import("../account/storage.js").AccountStorage} storage  theirs
   */
  constructor(rows, storage) {
    this.#rows = rows;
    this.#storage = storage;
  }

  /** @returns {Promise<Job[]>} all */
  async all() {
    const ids = (await this.#rows.ids(JOBS)).filter((id) => !id.slice(JOBS.length).includes("/"));
    const all = await Promise.all(ids.map((id) => this.#rows.read(id)));
    return all.filter((job) => job !== undefined);
  }

  /** @param {string} file  @returns {Promise<Job|null>} */
  async one(file) {
    return (await this.#rows.read(JOBS + file)) ?? null;
  }

  /** @param {Job} job */
  async put(job) {
    await this.#rows.write({ [JOBS + job.file]: job });
  }

  /** @param {string} file  @param {Partial<Job>} change */
  async change(file, change) {
    await changed(this.#rows, this.#storage, async (within) => {
      const job = await within.read(JOBS + file);
      if (job !== undefined) within.put(JOBS + file, { ...job, ...change });
    });
  }

  /** It is done, or given up. @param {string} file */
  async remove(file) {
    await changed(this.#rows, this.#storage, async (within) => {
      within.remove(JOBS + file);
      for (const id of await within.ids(`${JOBS}${file}/`)) within.remove(id);
    });
  }

  /**
   * Writes down what a segment holds, before it is sent.
   * @param {string} file
   * @param {number} number
   * @param {Uint8Array} hash
   * @throws {Refusal} `file_changed`: it held something else before; `file_unknown`: the job was given up
   */
  async keep(file, number, hash) {
    const id = rowOf(file, number);
    await changed(this.#rows, this.#storage, async (within) => {
      const hashes = await within.read(id) ?? {};
      const kept = hashes[number];
      if (kept !== undefined && !isSame(fromBase64url(kept, HASH_BYTES), hash)) throw new Refusal("file_changed");
      if ((await within.read(JOBS + file)) === undefined) throw new Refusal("file_unknown");
      if (kept === undefined) within.put(id, { ...hashes, [number]: toBase64url(hash) });
    });
  }

  /** What was written down so. @param {string} file  @returns {Promise<Map<number, Uint8Array>>} by segment, in order */
  async hashes(file) {
    const found = new Map();
    for (const id of await this.#rows.ids(`${JOBS}${file}/`)) {
      for (const [number, hash] of Object.entries(await this.#rows.read(id) ?? {})) {
        found.set(Number(number), fromBase64url(/** @type {string} */ (hash), HASH_BYTES));
      }
    }
    return new Map([...found].sort(([one], [other]) => one - other));
  }
}

/** @param {string} file  @param {number} number */
const rowOf = (file, number) => `${JOBS}${file}/${String(Math.floor(number / TOGETHER)).padStart(DIGITS, "0")}`;
