/**
 * What lies sealed in this browser, and can be made forgotten (docs/accounts.md, storage).
 *
 * A database of a browser forgets when it likes. So its rows lie under K_n, made of a key that the browser
 * keeps and a share that only the server keeps. Every row names its n. A rotation begins with a new share
 * and ends when no row names the old one: then the server destroys it, and with it whatever an old copy of
 * the database holds. Each K_n lies beside the rows, sealed to the ten words, in case the server loses its
 * shares.
 */

import { concat, fromBase64url, u32, utf8 } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { aeadOpen, aeadSeal, importAead } from "../protocol/keys.js";
import { NONCE_BYTES } from "../protocol/limits.js";
import { storageKey } from "../protocol/accounts/shares.js";
import { randomBytes } from "../device/random.js";

const LOCAL = "ephemeral/v1/account/local";
const ROW = "ephemeral/v1/account/row\0";
const BATCH = 256;
const decoder = new TextDecoder();
/** Writers hold it together, and whoever turns to another key alone. */
export const ROTATE = "ephemeral-account/rotate";
/** Whoever turns the keys, and moves the rows then, which may take long: nobody who writes waits for that. */
const TURN = "ephemeral-account/turn";

/**
 * @typedef {import("./storage.js").AccountStorage} AccountStorage
 * @typedef {import("./storage.js").Transaction} Transaction
 * @typedef {{n: number, share: string}} Share
 * @typedef {{n: number, sealed: Uint8Array}} Row
 *
 * @typedef {object} ShareApi
 * @property {() => Promise<Share[]>} shares
 * @property {(n: number) => Promise<Share[]>} rotate  makes share n + 1, or gives the one that is there
 * @property {(n: number) => Promise<Share[]>} confirm  destroys those below n
 *
 * @typedef {(key: Uint8Array) => Promise<Uint8Array|null>} SealToWords  to the recovery sealing key; null: it is
 *   not known here
 * @typedef {Pick<LockManager, "request">} Locks
 */

export class SealedRows {
  #storage;
  #api;
  #locks;
  /** @type {Map<number, CryptoKey>} */
  #keys = new Map();

  /**
   * @param {AccountStorage} storage
   * @param {ShareApi} api
   * @param {Locks} locks
   */
  constructor(storage, api, locks) {
    this.#storage = storage;
    this.#api = api;
    this.#locks = locks;
  }

  /**
   * Asks the server for its shares; must come before anything else. A device that has none yet gets its first.
   * @returns {Promise<{isHalfway: boolean}>} whether a rotation was stopped, and is to be finished
   * @throws {Refusal} `locked`: the server has lost the share of a row that is here; the server's
   */
  async open() {
    const shares = await this.#api.shares();
    for (const share of shares) await this.#learn(share);
    const named = new Set([await this.#number()]);
    for await (const rows of this.#batches()) for (const [, { n }] of rows) named.add(n);
    if ([...named].some((n) => n > 0 && !this.#keys.has(n))) throw new Refusal("locked");
    return { isHalfway: shares.length > 1 };
  }

  /** Whether rows can be written: there is a share, and its K_n is sealed to the words. */
  async isReady() {
    const n = await this.#number();
    return n > 0 && this.#keys.has(n);
  }

  /**
   * The first K_n of a new device, or of one that was stopped while it made it.
   * @param {SealToWords} sealToWords
   */
  async begin(sealToWords) {
    if (await this.isReady()) return;
    await this.#locks.request(TURN, async () => {
      const known = [...this.#keys.keys()];
      const shares = known.length > 0 ? [] : await this.#api.rotate(0);
      for (const share of shares) await this.#learn(share);
      await this.#turnTo(Math.max(...this.#keys.keys()), sealToWords, await this.#api.shares());
    });
  }

  /**
   * @param {string} id
   * @returns {Promise<any>} the row's value; undefined: there is none
   * @throws {Refusal} `locked`: its key is not to be had
   */
  async read(id) {
    const row = await this.#storage.read(({ get }) => get("rows", id));
    return row === undefined ? undefined : this.opened(id, row);
  }

  /** @param {string} prefix  @returns {Promise<string[]>} ids of rows, in order */
  ids(prefix) {
    return this.#storage.read(({ keys }) => keys("rows", { prefix }));
  }

  /**
   * Writes rows, all or none; null removes one.
   * @param {Record<string, unknown>} values  JSON by the row's id
   * @param {(within: Transaction) => Promise<void|boolean>} [besides]  what else is written with them; false: nothing
   *   is to be written, since the values were made of what is there no more
   * @returns {Promise<boolean>} whether it was written
   */
  write(values, besides = async () => undefined) {
    return this.#locks.request(ROTATE, { mode: "shared" }, async () => {
      for (;;) {
        const n = await this.#number();
        /** @type {[string, Row|null][]} */
        const rows = await Promise.all(Object.entries(values).map(async ([id, value]) =>
          /** @type {[string, Row|null]} */ ([id, value === null ? null : await this.#sealed(id, n, value)])));
        const isWritten = await this.#storage.write(async (within) => {
          // Whoever was robbed of the lock sees here that another tab has turned to the next key.
          if ((await within.get("facts", "n") ?? 0) !== n) return null;
          if (await besides(within) === false) return false;
          for (const [id, row] of rows) {
            if (row === null) await within.remove("rows", id);
            else await within.put("rows", id, row);
          }
          return true;
        });
        if (isWritten !== null) return isWritten;
      }
    });
  }

  /**
   * Turns to the next share, or finishes what was begun: afterwards no row names an old one, and the server
   * has destroyed it.
   * @param {SealToWords} sealToWords
   */
  async rotate(sealToWords) {
    await this.#locks.request(TURN, async () => {
      const n = await this.#number();
      // Where two shares are there, a rotation was stopped, and goes on.
      let shares = await this.#api.shares();
      if (shares.every((share) => share.n === n)) shares = await this.#api.rotate(n);
      for (const share of shares) await this.#learn(share);
      await this.#turnTo(Math.max(n, ...shares.map((share) => share.n)), sealToWords, shares);
    });
  }

  /**
   * The way back where the server has lost its shares.
   * @param {(sealed: Uint8Array) => Promise<Uint8Array>} openWithWords
   * @param {SealToWords} sealToWords
   */
  async openWith(openWithWords, sealToWords) {
    const escrow = await this.#storage.read(({ all }) => all("escrow"));
    for (const [n, sealed] of escrow) {
      if (this.#keys.has(Number(n))) continue;
      const key = await openWithWords(sealed);
      this.#keys.set(Number(n), await importAead(key));
      key.fill(0);
    }
    await this.#locks.request(TURN, async () => {
      const n = await this.#number();
      const shares = await this.#api.rotate(n);
      for (const share of shares) await this.#learn(share);
      await this.#turnTo(Math.max(...shares.map((share) => share.n)), sealToWords, shares);
    });
  }

  forget() {
    this.#keys.clear();
  }

  /**
   * @param {number} next
   * @param {SealToWords} sealToWords
   * @param {Share[]} shares
   */
  async #turnTo(next, sealToWords, shares) {
    const told = shares.find(({ n }) => n === next);
    if (await this.#number() !== next && told !== undefined) {
      const key = await this.#bytes(told);
      const escrow = await sealToWords(key);
      key.fill(0);
      // From here on everybody writes under the new one.
      await this.#locks.request(ROTATE, () => this.#storage.write(async ({ get, put }) => {
        if ((await get("facts", "n") ?? 0) > next) return;
        if (escrow !== null) await put("escrow", String(next), escrow);
        await put("facts", "n", next);
      }));
    }
    for await (const rows of this.#batches()) await this.#move(rows.filter(([, row]) => row.n < next), next);
    await this.#api.confirm(next);
    await this.#storage.write(async ({ all, remove }) => {
      for (const [n] of await all("escrow")) if (Number(n) < next) await remove("escrow", n);
    });
    // What somebody here has read under the last one before it was moved is still to be opened.
    for (const n of this.#keys.keys()) if (n < next - 1) this.#keys.delete(n);
  }

  /** @param {[string, Row][]} rows  @param {number} next */
  async #move(rows, next) {
    if (rows.length === 0) return;
    const moved = await Promise.all(rows.map(async ([id, row]) =>
      /** @type {const} */ ([id, row, await this.#sealed(id, next, await this.opened(id, row))])));
    await this.#storage.write(async ({ get, put }) => {
      for (const [id, before, after] of moved) {
        // Written anew, which is under the next one, or removed in the meantime: then it is not to be moved.
        if ((await get("rows", id))?.n === before.n) await put("rows", id, after);
      }
    });
  }

  /** All rows, in order, so many at a time: they may be more than a phone wants to hold. */
  async *#batches() {
    for (let after = /** @type {string|undefined} */ (undefined); ;) {
      const range = { ...(after === undefined ? {} : { after }), limit: BATCH };
      const rows = /** @type {[string, Row][]} */ (await this.#storage.read(({ all }) => all("rows", range)));
      if (rows.length > 0) yield rows;
      if (rows.length < BATCH) return;
      after = rows[rows.length - 1][0];
    }
  }

  async #number() {
    return /** @type {number} */ (await this.#storage.read(({ get }) => get("facts", "n")) ?? 0);
  }

  /** @param {string} id  @param {number} n  @param {unknown} value  @returns {Promise<Row>} */
  async #sealed(id, n, value) {
    const nonce = randomBytes(NONCE_BYTES);
    const key = await this.#key(n);
    const text = await aeadSeal(key, nonce, utf8(JSON.stringify(value)), labelFor(id, n));
    return { n, sealed: concat(nonce, text) };
  }

  /**
   * @param {string} id
   * @param {Row} row  as it lies there
   * @returns {Promise<any>} its value
   * @throws {Refusal} `locked`; `storage_broken`
   */
  async opened(id, { n, sealed }) {
    const key = await this.#key(n);
    const text = await aeadOpen(key, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), labelFor(id, n));
    // Somebody has changed what lies in this browser: it is as good as gone.
    if (text === null) throw new Refusal("storage_broken");
    // Nobody else could seal it, and whatever was written must be read again: it needs no judging.
    return JSON.parse(decoder.decode(text));
  }

  /** @param {number} n  @returns {Promise<CryptoKey>} */
  async #key(n) {
    // Another tab has turned to a key that this one has not seen.
    if (!this.#keys.has(n)) for (const share of await this.#api.shares()) await this.#learn(share);
    const key = this.#keys.get(n);
    if (key === undefined) throw new Refusal("locked");
    return key;
  }

  /** @param {Share} share */
  async #learn(share) {
    if (this.#keys.has(share.n)) return;
    const bytes = await this.#bytes(share);
    this.#keys.set(share.n, await importAead(bytes));
    bytes.fill(0);
  }

  /** K_n itself. @param {Share} share */
  async #bytes({ share }) {
    const key = await this.#storage.read(({ get }) => get("keys", "local"));
    const by = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(LOCAL) };
    const local = new Uint8Array(await crypto.subtle.deriveBits(by, key, 256));
    try {
      return await storageKey(local, fromBase64url(share, 32));
    } finally {
      local.fill(0);
    }
  }
}

/**
 * This browser's half, which it won't tell.
 * @returns {Promise<CryptoKey>}
 */
export async function makeLocalKey() {
  const bytes = randomBytes(32);
  const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);
  bytes.fill(0);
  return key;
}

/** @param {string} id  @param {number} n */
const labelFor = (id, n) => concat(utf8(ROW), u32(n), utf8(id));
