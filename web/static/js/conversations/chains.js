/**
 * The chains of everybody with whom this device talks, as far as it has read them. A chain only ever goes on from
 * there: what a server shows as an older one, or another, is refused.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { Signed } from "../protocol/accounts/statements.js";
import { Line, Lines } from "../protocol/conversations/lines.js";
import { RECOVERED } from "./store.js";

/** @typedef {{statements: string[]}} Kept */

const keyOf = (/** @type {string} */ id) => `chain/${id}`;

export class Chains {
  #store;
  #api;
  /** @type {Map<string, Line>} */
  #read = new Map();

  /**
   * @param {import("./store.js").Store} store
   * @param {Pick<import("./conversation-api.js").ConversationApi, "chain">} api
   */
  constructor(store, api) {
    this.#store = store;
    this.#api = api;
  }

  /**
   * As it was read; nobody is asked.
   * @param {Uint8Array} chain
   * @returns {Promise<Line|null>}
   */
  async known(chain) {
    const id = toBase64url(chain);
    if (!this.#read.has(id)) {
      /** @type {Kept|undefined} */
      const kept = await this.#store.read(keyOf(id));
      if (kept === undefined) return null;
      await this.#learn(id, kept.statements);
    }
    return this.#read.get(id) ?? null;
  }

  /**
   * With what the server has of it by now.
   * @param {Uint8Array} chain
   * @returns {Promise<Line|null>} null: there is none, or it isn't this account's to see
   * @throws {Refusal} `chain_fork` for statements that don't follow on what was read
   */
  async newest(chain) {
    const id = toBase64url(chain);
    const before = await this.known(chain);
    try {
      const served = await this.#api.chain(id, before === null ? -1 : before.last.sequence);
      if (served.length > 0) await this.#extend(id, before, served);
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== "not_found") throw error;
    }
    return this.#read.get(id) ?? null;
  }

  /**
   * Lines of these people, each read at least as far as is said.
   * @param {readonly {chain: Uint8Array, sequence: number}[]} people
   */
  async upTo(people) {
    const lines = await Promise.all(people.map(async ({ chain, sequence }) => {
      const line = await this.known(chain);
      return line !== null && line.last.sequence >= sequence ? line : this.newest(chain);
    }));
    return new Lines(lines.filter((line) => line !== null));
  }

  /** Lines as they were read. @param {readonly {chain: Uint8Array}[]} people */
  async linesOf(people) {
    const lines = await Promise.all(people.map(({ chain }) => this.known(chain)));
    return new Lines(lines.filter((line) => line !== null));
  }

  /** @param {string} id  @param {Line|null} before  @param {Uint8Array[]} served */
  async #extend(id, before, served) {
    let line = before;
    try {
      for (const data of served) line = await next(line, Signed.decode(data));
    } catch {
      throw new Refusal("chain_fork");
    }
    if (line === null || toBase64url(line.id) !== id) throw new Refusal("chain_fork");
    const from = before === null ? 0 : before.last.sequence + 1;
    const kept = await this.#store.change(async (within) => {
      /** @type {Kept} */
      const { statements } = await within.read(keyOf(id)) ?? { statements: [] };
      const all = [...statements.slice(0, from), ...served.map(toBase64url)];
      // Another tab may have read on further.
      if (statements.length >= all.length) return statements;
      await within.put(keyOf(id), { statements: all });
      // Who has it may be another by now: that is told before anything is said to them (people.js).
      if (before !== null && line.last.founded > before.last.founded) await within.put(RECOVERED + id, { founded: line.last.founded });
      return all;
    });
    if (kept.length === line.last.sequence + 1) this.#read.set(id, line);
    else await this.#learn(id, kept);
  }

  /** @param {string} id  @param {string[]} statements */
  async #learn(id, statements) {
    this.#read.set(id, await Line.of(statements.map((one) => Signed.decode(fromBase64url(one)))));
  }
}

/** @param {Line|null} line  @param {Signed} signed */
const next = (line, signed) => (line === null ? Line.of([signed]) : line.extend(signed));
