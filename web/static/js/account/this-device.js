/** Who this browser is: a key that it won't tell, and which device of which account that makes it. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { generateKey } from "../protocol/accounts/signing.js";
import { deviceId } from "../protocol/accounts/statements.js";
import { makeLocalKey } from "./storage-keys.js";
import { emptied } from "./storage.js";

/**
 * What was begun and not finished: written before anything is asked, and removed when this device stands.
 * @typedef {{kind: "genesis"|"recover", statement: string, recovery_seal: string}
 *   |{kind: "link", keys: import("../protocol/accounts/linking.js").LinkKeys}} Begun
 *
 * @typedef {object} ThisDevice
 * @property {string} account  base64url
 * @property {Uint8Array} chain
 * @property {Uint8Array} id
 * @property {SigningKey} keys
 * @property {Begun|null} begun
 *
 * @typedef {import("./storage.js").AccountStorage} AccountStorage
 * @typedef {import("../protocol/accounts/signing.js").SigningKey} SigningKey
 */

/** @returns {Promise<{keys: SigningKey, id: Uint8Array}>} a device that nobody knows yet */
export async function newDevice() {
  const keys = await generateKey();
  return { keys, id: await deviceId(keys.publicBytes) };
}

/** @param {AccountStorage} storage  @returns {Promise<ThisDevice|null>} */
export async function readDevice(storage) {
  const [self, keys, begun] = await storage.read(({ get }) =>
    Promise.all([get("facts", "self"), get("keys", "device"), get("keys", "begun")]));
  if (self === undefined || keys === undefined) return null;
  return {
    account: self.account, chain: fromBase64url(self.chain, 32), id: fromBase64url(self.device, 16), keys,
    begun: begun ?? null,
  };
}

/**
 * Keeps a new device, in place of whatever was here. Before anybody is told of it.
 * @param {AccountStorage} storage
 * @param {ThisDevice} device
 */
export async function keepDevice(storage, { account, chain, id, keys, begun }) {
  const local = await makeLocalKey();
  await storage.write(async (within) => {
    await emptied(within);
    const { put } = within;
    await put("facts", "self", { account, chain: toBase64url(chain), device: toBase64url(id) });
    await put("keys", "local", local);
    await put("keys", "device", keys);
    await put("keys", "begun", begun);
  });
}

/**
 * What has become of this browser, for its next start.
 * @typedef {"signed_out"|"revoked"} Fate  signed_out: nobody could be told of it yet
 * @param {AccountStorage} storage
 * @param {Fate|null} fate
 */
export async function setFate(storage, fate) {
  await storage.write(({ put, remove }) => (fate === null ? remove("facts", "fate") : put("facts", "fate", fate)));
}

/** @param {AccountStorage} storage  @returns {Promise<Fate|null>} */
export const fateOf = async (storage) => (await storage.read(({ get }) => get("facts", "fate"))) ?? null;
