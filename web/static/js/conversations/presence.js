/**
 * Who of the contacts is here, as the account's socket tells (docs/conversations.md, 12.7): in memory alone, and forgotten
 * with the socket. It is off until it is switched on, for all devices of the account.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { ID_BYTES } from "../protocol/limits.js";
import { CONTACT } from "./store.js";

/** As many as an account may have. */
const CONTACTS_MOST = 500;

export class Presence {
  #own;
  #store;
  #contacts;
  #tell;
  /** Accounts; null: nobody knows. @type {Set<string>|null} */
  #here = null;
  /** Of those whose chain is known. @type {Set<string>} */
  #chains = new Set();

  /**
   * @param {Pick<import("./own-devices.js").OwnDevices, "registers"|"set">} own
   * @param {Pick<import("./store.js").Store, "read">} store
   * @param {Pick<import("./contacts.js").Contacts, "accepted">} contacts
   * @param {(event: {type: "presence", here: string[]|null}) => void} tell  that somebody has come or gone
   */
  constructor(own, store, contacts, tell) {
    this.#own = own;
    this.#store = store;
    this.#contacts = contacts;
    this.#tell = tell;
  }

  /** Whether it is known who is here: it is on, and the server is there. */
  get isKnown() {
    return this.#here !== null;
  }

  /** Whether somebody is here, as far as that is known. @param {string} chain  base64url */
  isHere(chain) {
    return this.#chains.has(chain);
  }

  /** Whether this account shows that it is here, and sees who else is. @returns {Promise<boolean>} */
  async isOn() {
    return (await this.#settings()).presence === true;
  }

  /** For all own devices. @param {boolean} on */
  async set(on) {
    const { presence: _, ...others } = await this.#settings();
    const settings = on ? { ...others, presence: true } : others;
    await this.#own.set("settings", "", Object.keys(settings).length === 0 ? null : settings);
  }

  /** @returns {Promise<Record<string, any>>} */
  async #settings() {
    return /** @type {any} */ ((await this.#own.registers()).get("settings", "") ?? {});
  }

  /**
   * What the socket has told, or by another tab all of it.
   * @param {Record<string, any>} event
   * @throws {Refusal} `malformed`; the server's, where a contact is new
   */
  async hear({ come, gone, here }) {
    if (here === null) return this.forget();
    const whole = here !== undefined;
    const now = new Set(whole ? accounts(here) : this.#here);
    for (const account of whole ? [] : accounts(gone)) now.delete(account);
    for (const account of whole ? [] : accounts(come)) now.add(account);
    this.#here = now;
    const chains = await this.#chainsOf([...now]);
    // Another word may have come meanwhile, which is newer.
    if (this.#here !== now) return;
    this.#chains = chains;
    this.say();
  }

  /** Nobody is known to be here any more. */
  forget() {
    if (this.#here === null) return;
    this.#here = null;
    this.#chains = new Set();
    this.say();
  }

  /** Tells how it stands, also who hasn't heard anything yet. */
  say() {
    this.#tell({ type: "presence", here: this.#here === null ? null : [...this.#here] });
  }

  /** @param {string[]} here  accounts */
  async #chainsOf(here) {
    const read = () => Promise.all(here.map((account) => this.#store.read(CONTACT + account)));
    let rows = await read();
    if (rows.includes(undefined)) {
      // Another own device has met them.
      await this.#contacts.accepted();
      rows = await read();
    }
    return new Set(rows.flatMap((row) => (row === undefined ? [] : [row.chain])));
  }
}

/** @param {unknown} value @returns {string[]} */
const accounts = (value) => (Array.isArray(value) ? value : []).slice(0, CONTACTS_MOST)
  .map((account) => toBase64url(fromBase64url(account, ID_BYTES)));
