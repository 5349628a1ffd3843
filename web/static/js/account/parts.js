/** What an account's client is made of in this browser, and whether this browser can have one. */

import { inWorker } from "../device/derive.js";
import { randomBytes } from "../device/random.js";
import { Refusal } from "../protocol/errors.js";
import { audienceOf } from "../protocol/accounts/proofs.js";
import { AccountApi } from "./account-api.js";
import { StateHolder } from "./account-state.js";
import { Clock } from "./clock.js";
import { openStorage } from "./storage.js";
import { SealedRows } from "./storage-keys.js";
import { Tabs } from "./tabs.js";
import { Tokens } from "./tokens.js";

/**
 * @typedef {typeof import("../device/hpke.js")} Hpke
 * @typedef {typeof import("./inside.js")} Inside
 *
 * @typedef {object} Parts
 * @property {string} base  address of the deployment with a trailing slash
 * @property {Uint8Array} salt  of the deployment
 * @property {StateHolder} state
 * @property {import("./storage.js").AccountStorage} storage
 * @property {import("./storage-keys.js").Locks} locks
 * @property {Tabs} tabs
 * @property {Clock} clock
 * @property {Tokens} tokens
 * @property {AccountApi} api
 * @property {SealedRows} rows
 * @property {() => Promise<Hpke>} hpke
 * @property {() => Promise<Inside>} inside
 * @property {(size: number) => Uint8Array} random
 * @property {(options: import("../protocol/keys.js").Argon2Options) => Promise<Uint8Array>} argon2id
 * @property {string} agent  how the browser describes itself
 *
 * @typedef {object} Given
 * @property {{salt: Uint8Array}|Promise<{salt: Uint8Array}>} config  as `/config` says
 * @property {string} base
 * @property {() => Promise<Hpke>} hpke  how device/hpke.js is loaded, which is heavy
 * @property {() => Promise<Inside>} inside  how account/inside.js is loaded
 */

/** @returns {Promise<"insecure"|"no_ed25519"|"no_storage"|null>} what is missing */
export async function missing() {
  if (!globalThis.isSecureContext || globalThis.crypto?.subtle === undefined) return "insecure";
  if (globalThis.indexedDB === undefined || globalThis.navigator?.locks === undefined ||
    globalThis.BroadcastChannel === undefined) return "no_storage";
  try {
    const probe = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]));
    await crypto.subtle.sign("Ed25519", probe.privateKey, new Uint8Array(1));
  } catch {
    return "no_ed25519";
  }
  return null;
}

/**
 * @param {StateHolder} state
 * @param {Given} given
 * @returns {Promise<Parts>}
 * @throws {Refusal} `no_storage`
 */
export async function openParts(state, { config, base, hpke, inside }) {
  const [storage, { salt }] = await Promise.all([
    openStorage(globalThis.indexedDB).catch(() => { throw new Refusal("no_storage"); }), config,
  ]);
  const { locks } = navigator;
  const tabs = new Tabs();
  const clock = new Clock();
  const tokens = new Tokens({ base, audience: await audienceOf(salt), clock, locks, tabs });
  const api = new AccountApi(tokens);
  return {
    base, salt, state, storage, locks, tabs, clock, tokens, api,
    rows: new SealedRows(storage, api, locks), hpke, inside, random: randomBytes, argon2id: inWorker,
    agent: navigator.userAgent,
  };
}
