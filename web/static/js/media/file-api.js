/** What a server is asked about files (docs/files.md, 12), and what its answers must look like. */

import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { SIZE_MOST } from "../protocol/files/layout.js";

/**
 * As `Tokens.ask`: as a device, with its proof.
 * @typedef {(method: string, path: string, request?: {body?: object}) => Promise<Record<string, any>>} Ask
 *
 * @typedef {import("./source.js").Address} Address
 *
 * @typedef {object} Standing  how a file stands on the server
 * @property {string} id  base64url, as all here
 * @property {string} conversation
 * @property {boolean} isOwn  this account has sent it
 * @property {number} padded
 * @property {Uint8Array} info  sealed
 * @property {Uint8Array} landed  which segments are in the store
 * @property {boolean} isComplete
 * @property {boolean} isBroken  something that had landed is lost
 * @property {number} createdAt  milliseconds
 * @property {number} expiresAt  milliseconds
 *
 * What this deployment takes of files, where it takes any.
 * @typedef {{size: number, bytes: number, count: number, uploads: number, ttl_min: number, ttl: number, ttl_max: number,
 *   store: string|null}} FileLimits
 */

/** No answer has more of a list. */
const LONGEST = 64;

export class FileApi {
  #ask;
  #base;

  /**
   * @param {Ask} ask
   * @param {string} base  address of the deployment with a trailing slash
   */
  constructor(ask, base) {
    this.#ask = ask;
    this.#base = base;
  }

  /**
   * @param {{id: string, padded: number, info: Uint8Array, conversation: string, ttl: number}} file
   * @returns {Promise<Standing>}
   * @throws {Refusal} `quota_full`, `store_full`, `file_size`, `file_conflict`
   */
  async create({ info, ...file }) {
    const answer = await this.#ask("POST", "files/upload", { body: { ...file, info: toBase64url(info) } });
    return standing(answer.file);
  }

  /**
   * @param {string} id
   * @param {"put"|"get"} purpose
   * @param {number[]} segments  64 at most
   * @returns {Promise<Address[]>} of fewer, where there is nothing to put or to get
   */
  async urls(id, purpose, segments) {
    const { urls } = await this.#ask("POST", `files/${id}/urls`, { body: { purpose, segments } });
    return list(urls).map(({ segment, url, headers, expires_at }) => ({
      segment: count(segment), url: this.#whole(text(url)), expires_at: count(expires_at),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, text(value)])),
    }));
  }

  /**
   * Looks for segments in the store.
   * @param {string} id
   * @param {number[]} segments  64 at most
   */
  async landed(id, segments) {
    const answer = await this.#ask("POST", `files/${id}/landed`, { body: { segments } });
    return { landed: fromBase64url(answer.bitmap), isComplete: answer.complete === true, expiresAt: count(answer.expires_at) };
  }

  /** @param {string} id  @returns {Promise<Standing>} @throws {Refusal} `file_unknown` */
  async one(id) {
    return standing((await this.#ask("GET", `files/${id}`)).file);
  }

  /** All that this account can read. @returns {Promise<Standing[]>} */
  async all() {
    const found = [];
    for (let after = ""; ;) {
      const answer = await this.#ask("GET", after === "" ? "files" : `files?after=${after}`);
      const page = list(answer.files).map(standing);
      found.push(...page);
      if (answer.more !== true || page.length === 0) return found;
      after = page[page.length - 1].id;
    }
  }

  /** @param {string} id  @returns {Promise<void>} also where there is none any more */
  async remove(id) {
    await this.#ask("DELETE", `files/${id}`).catch((error) => {
      if (error.code !== "file_unknown") throw error;
    });
  }

  /** @param {string} url */
  #whole(url) {
    return url.startsWith("/") ? new URL(url.slice(1), this.#base).href : url;
  }
}

/** @param {any} value  @returns {Standing} */
function standing(value) {
  if (!isObject(value)) throw new Refusal("malformed");
  const { id, conversation, own, padded, info, bitmap, complete, broken, created_at, expires_at } = /** @type {any} */ (value);
  if (!isInteger(padded, 1, SIZE_MOST)) throw new Refusal("malformed");
  return {
    id: text(id), conversation: text(conversation), isOwn: own === true, padded, info: fromBase64url(info), landed: fromBase64url(bitmap),
    isComplete: complete === true, isBroken: broken === true, createdAt: count(created_at), expiresAt: count(expires_at),
  };
}

/** @param {unknown} value  @returns {any[]} */
function list(value) {
  if (!Array.isArray(value) || value.length > LONGEST) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @returns {string} */
function text(value) {
  if (typeof value !== "string") throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @returns {number} */
function count(value) {
  if (!isInteger(value)) throw new Refusal("malformed");
  return value;
}
