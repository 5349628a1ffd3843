/** This device as a member of conversations: what of its account the rest here stands on. */

import { fromBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { rowOf } from "../account/sealing.js";
import { readDevice } from "../account/this-device.js";

/**
 * How urgent a piece of sealing or opening is.
 * @typedef {"send"|"open"|"other"|"history"} Priority
 *
 * @typedef {object} Member
 * @property {string} account  base64url
 * @property {Uint8Array} chain
 * @property {Uint8Array} device
 * @property {import("../protocol/accounts/signing.js").SigningKey} keys  that sign for the device
 * @property {import("./conversation-api.js").Ask} ask
 * @property {() => Promise<string|null>} address  of the account; null: it was never typed here
 * @property {() => number} now  milliseconds, by the server's clock
 * @property {(size: number) => Uint8Array} random
 * @property {(priority: Priority) => Promise<import("../protocol/accounts/sealing-keys.js").Hpke>} hpke
 * @property {(number: number) => Promise<Uint8Array|null>} sealingKey  the own private key of this number; null: it is
 *   destroyed
 * @property {() => Promise<{[conversation: string]: unknown}>} pinned  records that other own devices followed, as they
 *   have told when this one was linked, or left for whoever recovers
 * @property {(records: {[conversation: string]: unknown}) => Promise<void>} pin  those that this one follows
 * @property {(began: number) => Promise<void>} synced  all that was sealed to this device before then is opened
 * @property {(milliseconds: number) => Promise<void>} pause
 * @property {import("./conversation-api.js").Line|null} line
 */

/**
 * Of an account that is open in this browser, as one of its devices.
 * @param {Pick<import("../account/parts.js").Parts, "clock"|"hpke"|"random"|"rows"|"storage"|"tokens">} parts
 * @param {{hpke?: Member["hpke"], line?: Member["line"]}} [how]
 * @returns {Promise<Member>}
 * @throws {Refusal} `device_required`
 */
export async function memberOf({ clock, hpke, random, rows, storage, tokens }, how = {}) {
  const device = await readDevice(storage);
  if (device === null || device.begun !== null) throw new Refusal("device_required");
  return {
    account: device.account, chain: device.chain, device: device.id, keys: device.keys, random,
    ask: (method, path, request) => tokens.ask(method, path, request),
    address: async () => (await rows.read("address")) ?? null,
    now: () => clock.now(),
    hpke: how.hpke ?? (() => hpke()),
    sealingKey: async (number) => {
      const row = await rows.read(rowOf(number));
      return row === undefined ? null : fromBase64url(row.seed, 32);
    },
    pinned: async () => (await rows.read("registers"))?.conversations ?? {},
    pin: async (conversations) => {
      const registers = await rows.read("registers");
      if (registers === undefined || isSame(registers.conversations ?? {}, conversations)) return;
      await rows.write({ registers: { ...registers, conversations } });
    },
    synced: async (began) => void (await rows.write({ synced: { began } })),
    line: how.line ?? null,
    pause: (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); }),
  };
}

/** @param {{[key: string]: unknown}} one  @param {{[key: string]: unknown}} other */
const isSame = (one, other) => {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
};
