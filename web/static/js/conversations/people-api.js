/** What a server is asked about contacts (docs/accounts.md, 17), and what its answers must look like. */

import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { HASH_BYTES } from "../protocol/accounts/statements.js";
import { ID_BYTES } from "../protocol/limits.js";

const STATES = ["accepted", "ended", "denied", "blocked"];
/** No list of the server's is longer. */
const LONGEST = 4096;
/** Of those who ask, so many pages are read, of a hundred each. */
const PAGES_MOST = 20;

/**
 * Ids and chains are base64url, days count from 1970.
 * @typedef {"accepted"|"ended"|"denied"|"blocked"} ContactState
 * @typedef {{account: string, state: ContactState, day: number, chain: string|null, request: string|null}} ServedContact
 * @typedef {{account: string, chain: string, address: string, day: number}} Asking  somebody who asks this account
 * @typedef {{contacts: ServedContact[], asking: Asking[], asked: {request: string, day: number}[], isFindable: boolean}} Served
 */

export class PeopleApi {
  #ask;

  /** @param {import("./conversation-api.js").Ask} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @returns {Promise<Served>} */
  async list() {
    const first = await this.#ask("GET", "contacts");
    const { contacts, findable, requests } = first;
    return {
      contacts: list(contacts).map(({ account, state, day, chain, request }) => ({
        account: id(account), state: stateOf(state), day: count(day), chain: chain == null ? null : hash(chain),
        request: request == null ? null : id(request),
      })),
      asking: await this.#asking(first),
      asked: list(requests).map(({ request, day }) => ({ request: id(request), day: count(day) })),
      isFindable: findable === true,
    };
  }

  /** All who ask, page by page: else a hundred strangers would hide a friend. @param {any} first  @returns {Promise<Asking[]>} */
  async #asking(first) {
    const found = askingOf(first);
    let page = first;
    for (let pages = 1; page.more === true && found.length > 0 && pages < PAGES_MOST; pages += 1) {
      try {
        page = await this.#ask("GET", `contacts?after=${found[found.length - 1].account}`);
      } catch (error) {
        // Answered meanwhile, by another own device.
        if (/** @type {Refusal} */ (error).code === "not_found") break;
        throw error;
      }
      found.push(...askingOf(page));
    }
    return found;
  }

  /** @param {string} address  @param {string} own  @returns {Promise<string>} the request */
  async request(address, own) {
    return id((await this.#ask("POST", "contacts/requests", { body: { address, own } })).request);
  }

  /** @param {string} account  @param {{state: "accepted"|"denied"|"blocked", tell?: boolean}} body */
  async put(account, body) {
    await this.#ask("PUT", `contacts/${account}`, { body });
  }

  /** @param {string} account */
  async drop(account) {
    await this.#ask("DELETE", `contacts/${account}`);
  }

  /** @param {boolean} findable */
  async findable(findable) {
    await this.#ask("PUT", "contacts/findable", { body: { findable } });
  }
}

/** @param {any} page  @returns {Asking[]} */
const askingOf = ({ asked }) => list(asked).map(({ account, chain, address, day }) =>
  ({ account: id(account), chain: hash(chain), address: text(address), day: count(day) }));

/** @param {unknown} value  @returns {any[]} */
function list(value) {
  if (!Array.isArray(value) || value.length > LONGEST || !value.every(isObject)) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @returns {string} */
const id = (value) => toBase64url(fromBase64url(value, ID_BYTES));

/** @param {unknown} value  @returns {string} */
const hash = (value) => toBase64url(fromBase64url(value, HASH_BYTES));

/** @param {unknown} value  @returns {ContactState} */
function stateOf(value) {
  const found = STATES.find((one) => one === value);
  if (found === undefined) throw new Refusal("malformed");
  return /** @type {ContactState} */ (found);
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
