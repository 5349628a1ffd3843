/**
 * The keys to which others seal for this device: a new one every day, and an old one destroyed two days after
 * its successor was published, when all that was sealed to it has come and is opened.
 */

import { toBase64url } from "../protocol/encoding.js";
import { signSealing } from "../protocol/accounts/sealing-keys.js";

const KEEP_MS = 48 * 3_600_000;
const ROW = "sealing/";

/**
 * @typedef {import("./storage-keys.js").SealedRows} SealedRows
 * @typedef {import("./account-api.js").AccountApi} AccountApi
 * @typedef {import("./account-api.js").SealingBody} SealingBody
 *
 * @typedef {object} SealingRow
 * @property {number} number
 * @property {number} day
 * @property {string} seed  base64url
 * @property {SealingBody} body  as it is published: the same bytes however often it is posted
 * @property {boolean} published
 * @property {number|null} followedAt  when its successor was published, by the server's clock
 * @property {boolean} synchronised  whether all has been looked through since then
 *
 * @typedef {object} Maker  what a sealing key is made with
 * @property {import("../protocol/accounts/signing.js").SigningKey} keys  of the device
 * @property {Uint8Array} chain
 * @property {Uint8Array} device
 * @property {() => Promise<typeof import("../device/hpke.js")>} hpke
 * @property {(size: number) => Uint8Array} random
 */

/**
 * @param {Maker} maker
 * @param {number} number
 * @param {number} day
 * @returns {Promise<SealingRow>}
 */
export async function makeSealing({ keys, chain, device, hpke, random }, number, day) {
  const seed = random(32);
  const { publicBytes: box } = await (await hpke()).fromSeed(seed);
  const signature = await signSealing(keys, chain, device, { number, day, key: box });
  const body = { number, day, key: toBase64url(box), signature: toBase64url(signature) };
  return { number, day, seed: toBase64url(seed), body, published: false, followedAt: null, synchronised: false };
}

/** @param {number} number */
export const rowOf = (number) => `${ROW}${String(number).padStart(10, "0")}`;

export class SealingKeys {
  #rows;
  #api;
  #maker;

  /**
   * @param {SealedRows} rows
   * @param {AccountApi} api
   * @param {Maker} maker
   */
  constructor(rows, api, maker) {
    this.#rows = rows;
    this.#api = api;
    this.#maker = maker;
  }

  /** @returns {Promise<SealingRow[]>} the newest last */
  async all() {
    const ids = await this.#rows.ids(ROW);
    return Promise.all(ids.map((id) => this.#rows.read(id)));
  }

  /**
   * Publishes a new key, if the newest is of another day; first finishes what was begun.
   * @param {number} today
   * @param {number} now
   * @param {number} least  the highest number that the server names: a key that was lost before it was kept
   */
  async renew(today, now, least) {
    const known = await this.all();
    let newest = known.at(-1);
    if (newest === undefined || (newest.published && (newest.day < today || newest.number < least))) {
      const number = Math.max(newest?.number ?? 0, least) + 1;
      newest = await makeSealing(this.#maker, number, today);
      await this.#rows.write({ [rowOf(number)]: newest });
      known.push(newest);
    }
    if (newest.published) return;
    await this.#api.putSealingKey(newest.body);
    await this.#rows.write(Object.fromEntries(known.map((row) => [rowOf(row.number), row === newest
      ? { ...row, published: true } : { ...row, followedAt: row.followedAt ?? now }])));
  }

  /**
   * Destroys keys of which nobody has need any more.
   * @param {number} now
   * @param {{began: number, isAllOpened: boolean}} looked  when the last look at everything began, by the
   *   server's clock, and whether all that was sealed to this device is opened, or given up
   */
  async destroyOld(now, { began, isAllOpened }) {
    /** @type {Record<string, unknown>} */
    const changes = {};
    for (const row of await this.all()) {
      if (row.followedAt === null) continue;
      const synchronised = row.synchronised || (began > row.followedAt && isAllOpened);
      if (synchronised && now - row.followedAt >= KEEP_MS) changes[rowOf(row.number)] = null;
      else if (synchronised !== row.synchronised) changes[rowOf(row.number)] = { ...row, synchronised };
    }
    if (Object.keys(changes).length > 0) await this.#rows.write(changes);
  }

  /**
   * Whether the server names a key of this device that it has not made.
   * @param {SealingBody|null} served
   */
  async isForeign(served) {
    if (served === null) return false;
    const known = await this.all();
    const newest = known.at(-1)?.number ?? 0;
    const mine = known.find(({ number }) => number === served.number);
    // One that was lost before it could be kept has a lower number than whatever is made after it.
    return mine === undefined ? newest > 0 && served.number > newest : mine.body.key !== served.key;
  }
}
