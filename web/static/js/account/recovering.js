/** The way back with ten words: into an account, or into what lies in this browser. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { readAddress } from "../protocol/accounts/addresses.js";
import { normalized } from "../protocol/accounts/passwords.js";
import { readChain } from "../protocol/accounts/chain.js";
import { recover } from "../protocol/accounts/making.js";
import { audienceOf, recoveryProof } from "../protocol/accounts/proofs.js";
import { RecoveryKeys, readRecoveryWords, recoveryRoot } from "../protocol/accounts/recovery.js";
import { consent } from "../protocol/accounts/statements.js";
import { HttpClient } from "../net/http-client.js";
import { authKeyOf } from "./credentials.js";
import { registersFrom } from "./pins.js";
import { makeSealing } from "./sealing.js";
import { openWithSeed, sealToWords, settle } from "./settling.js";
import { keepDevice, newDevice } from "./this-device.js";

const BEGIN = "auth/recover/begin";
/** A thief may have left pins with twenty devices, two megabytes: that must stop nobody on a slow line. */
const PATIENCE_MS = 120_000;

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 */

/**
 * @param {Parts} parts
 * @param {string} typed
 * @returns {Promise<RecoveryKeys>}
 * @throws {Refusal} `code_word`, `code_length`
 */
async function keysOf({ salt, argon2id, hpke, state }, typed) {
  const words = readRecoveryWords(typed);
  const root = await state.during("deriving", () => recoveryRoot(words, salt, argon2id));
  return RecoveryKeys.derived(root, await hpke());
}

/**
 * Makes this browser the one device of the account, and the password a new one.
 * @param {Parts} parts
 * @param {{address: string, words: string, password: string}} typed
 * @returns {Promise<ThisDevice>}
 * @throws {Refusal} `address_form`, `code_word`, `code_length`, `password_length`; `not_found`: no such account,
 *   or other words
 */
export async function recoverAccount(parts, { address: typedAddress, words, password }) {
  const { clock, hpke, random, state, storage, tokens } = parts;
  const address = readAddress(typedAddress);
  normalized(password);
  const recovery = await keysOf(parts, words);
  const { account, statements, pins } = await state.during("asking", () => begin(parts, address, recovery));
  const chain = await readChain(statements);
  // The server knows these words; what it shows is to be what they are for.
  if (toBase64url(chain.recovery) !== toBase64url(recovery.signing.publicBytes)) throw new Refusal("chain_recovery");
  const auth_key = await authKeyOf(parts, address, password);
  const made = await state.during("making_keys", async () => {
    const { keys, id } = await newDevice();
    const agreed = await consent(keys, chain.id);
    const signed = (await recover(chain, recovery.signing, keys.publicBytes, agreed)).encode();
    const sealing = await makeSealing({ keys, chain: chain.id, device: id, hpke, random }, 1, clock.today());
    const recovery_seal = toBase64url(recovery.sealPublic);
    /** @type {ThisDevice} */
    const device = {
      account, chain: chain.id, id, keys, begun: { kind: "recover", statement: toBase64url(signed), recovery_seal },
    };
    const found = await registersFrom(await hpke(), recovery.sealSeed, chain, pins);
    const registers = found === null ? undefined : { ...found, recovery_seal };
    return { device, signed, sealing, registers };
  });
  await keepDevice(storage, made.device);
  tokens.drop();
  tokens.proveBy(made.device.keys);
  await state.during("asking", () => tokens.open("auth/recover", {
    address, statement: toBase64url(made.signed), auth_key, sealing: made.sealing.body, cookie: true,
  }));
  await state.during("opening", () => settle(parts, made.device, {
    address, sealing: made.sealing, statements: [...statements, made.signed],
    ...(made.registers === undefined ? {} : { registers: made.registers }),
  }));
  return made.device;
}

/** @param {Parts} parts  @param {string} address  @param {RecoveryKeys} recovery */
async function begin({ base, clock, salt }, address, { signing }) {
  const http = new HttpClient(base);
  const { pathname } = new URL(BEGIN, base);
  const named = await audienceOf(salt);
  for (let attempt = 1; ; attempt += 1) {
    const time = clock.now();
    const signature = toBase64url(await recoveryProof(signing, named, pathname, address, time));
    const body = { address, recovery_key: toBase64url(signing.publicBytes), time, signature };
    try {
      const answer = /** @type {any} */ (await http.ask("POST", BEGIN, { body, timeoutMs: PATIENCE_MS }));
      clock.learn(answer);
      return {
        account: String(answer.account),
        statements: /** @type {Uint8Array[]} */ (answer.chain.map((/** @type {unknown} */ one) => fromBase64url(one))),
        pins: /** @type {import("./pins.js").ServedPins[]} */ (answer.pins ?? []),
      };
    } catch (error) {
      const { code, now } = /** @type {Refusal} */ (error);
      if (code !== "proof_wrong" || now === null || attempt === 2) throw error;
      clock.learn({ now });
    }
  }
}

/**
 * Opens what lies in this browser, where the server has lost its half of it.
 * @param {Parts} parts
 * @param {string} words  as typed
 * @throws {Refusal} `code_word`, `code_length`; `words_wrong`
 */
export async function openKept(parts, words) {
  const { rows, state } = parts;
  const { sealSeed, sealPublic } = await keysOf(parts, words);
  await state.during("opening", () =>
    rows.openWith(openWithSeed(parts, sealSeed), sealToWords(parts, toBase64url(sealPublic))));
}
