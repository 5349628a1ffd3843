/**
 * A new device of an account (docs/accounts.md, linking). The new one deposits what it is, sealed under seven
 * words, and only then shows them; an old one reads them, shows what it will add, and answers.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { makeCode } from "../protocol/codes.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import {
  checkRequest, linkKeys, linkRoot, linkText, openAnswer, openRequest, readLinkCode, sealAnswer, sealRequest,
} from "../protocol/accounts/linking.js";
import { consent } from "../protocol/accounts/statements.js";
import { randomBelow, randomBytes } from "../device/random.js";
import { usualName } from "./device-names.js";
import { readRegisters } from "./pins.js";
import { makeSealing } from "./sealing.js";
import { settle } from "./settling.js";
import { keepDevice, newDevice } from "./this-device.js";

const PAUSE_MS = 500;

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 * @typedef {import("./pins.js").Registers} Registers
 * @typedef {import("../protocol/accounts/linking.js").LinkRequest} Request
 * @typedef {import("../protocol/accounts/linking.js").LinkKeys} Keys
 * @typedef {import("../protocol/accounts/chain.js").Pin} Pin
 */

/** @param {Parts} parts  @param {string} code */
async function keysFor({ state, salt, argon2id }, code) {
  const root = await state.during("deriving", () => linkRoot(code, salt, argon2id));
  try {
    return await linkKeys(root);
  } finally {
    root.fill(0);
  }
}

/**
 * On the new device: deposits its request.
 * @param {Parts} parts
 * @param {{account: string, chain: Uint8Array, address: string|null}} own
 * @returns {Promise<{device: ThisDevice, code: string, link: string, expiresAt: number, done: Promise<void>,
 *   cancel: () => void}>} done: this device stands
 */
export async function askToBeLinked(parts, { account, chain, address }) {
  const { agent, api, base, clock, hpke, random, state, storage, tokens } = parts;
  const code = makeCode(randomBelow);
  const keys = await keysFor(parts, code);
  const { device, sealing, request } = await state.during("making_keys", async () => {
    const made = await newDevice();
    const maker = { keys: made.keys, chain, device: made.id, hpke, random };
    const first = await makeSealing(maker, 1, clock.today());
    /** @type {Request} */
    const content = {
      device: made.id, key: made.keys.publicBytes, consent: await consent(made.keys, chain), name: usualName(agent),
      sealing: { number: 1, day: first.day, key: fromBase64url(first.body.key) },
      signature: fromBase64url(first.body.signature),
    };
    /** @type {ThisDevice} */
    const kept = {
      account, chain, id: made.id, keys: made.keys,
      begun: { kind: "link", keys },
    };
    return { device: kept, sealing: first, request: await sealRequest(keys, fromBase64url(account), content, randomBytes) };
  });
  await keepDevice(storage, device);
  tokens.proveBy(device.keys);
  const { expiresAt } = await state.during("asking", () => api.depositLink(keys.locator, request));
  const ending = new AbortController();
  const done = waitForAnswer(parts, keys.locator, { expiresAt, signal: ending.signal }).then(async (sealed) => {
    const given = await readAnswer(sealed, device, keys);
    await state.during("opening", () => settle(parts, device, { ...given, sealing, ...(address === null ? {} : { address }) }));
  });
  done.catch(() => undefined);
  const link = linkText(new URL("account/", base).href, code);
  return { device, code, link, expiresAt, done, cancel: () => ending.abort() };
}

/**
 * @param {Parts} parts
 * @param {Uint8Array} locator
 * @param {{expiresAt: number, signal: AbortSignal}} until
 * @returns {Promise<Uint8Array>} sealed
 * @throws {Refusal} `cancelled`, `link_expired`, the server's
 */
async function waitForAnswer({ api, clock }, locator, { expiresAt, signal }) {
  for (;;) {
    if (signal.aborted) throw new Refusal("cancelled");
    try {
      const { answer } = await api.link(locator, { wait: true, signal });
      if (answer !== null) return answer;
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (signal.aborted) throw new Refusal("cancelled");
      if (code === "link_unknown") throw new Refusal(clock.now() >= expiresAt ? "link_expired" : "link_unknown");
      if (!isPassing(/** @type {Refusal} */ (error))) throw error;
    }
    if (clock.now() >= expiresAt) throw new Refusal("link_expired");
    // Where the server or somebody between doesn't wait.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * What the old device has given: believed because it came under the seven words.
 * @param {Uint8Array} sealed
 * @param {ThisDevice} device
 * @param {Keys} keys
 * @returns {Promise<{pin: Pin, registers?: Registers}>}
 * @throws {Refusal} `linking_box`, `linking_form`; `chain_fork`: it is another account's
 */
async function readAnswer(sealed, device, keys) {
  const { pin, registers } = await openAnswer(keys, fromBase64url(device.account), sealed);
  if (toBase64url(pin.chain) !== toBase64url(device.chain)) throw new Refusal("chain_fork");
  const read = readRegisters(registers);
  return { pin, ...(read === null ? {} : { registers: read }) };
}

/**
 * A link that was stopped when its answer was there already, perhaps.
 * @param {Parts} parts
 * @param {ThisDevice} device
 * @throws {Refusal} `link_expired`: it is gone, or broken. Then only the server's word is left for whose device this
 *   is, which is not enough
 */
export async function finishLink(parts, device) {
  const { begun } = device;
  if (begun === null || begun.kind !== "link") return;
  const { keys } = begun;
  try {
    const { answer } = await parts.api.link(keys.locator);
    if (answer === null) throw new Refusal("link_unknown");
    await settle(parts, device, await readAnswer(answer, device, keys));
  } catch (error) {
    const { code } = /** @type {Refusal} */ (error);
    throw code === "link_unknown" || code.startsWith("linking_") ? new Refusal("link_expired") : error;
  }
}

/**
 * On an old device: opens what the new one has deposited.
 * @param {Parts} parts
 * @param {string} typed
 * @param {{account: string, chain: Chain}} own
 * @returns {Promise<{request: Request, keys: Keys}>}
 * @throws {Refusal} `code_word`, `code_length`; `link_unknown`; `linking_…`
 */
export async function lookAt(parts, typed, { account, chain }) {
  const keys = await keysFor(parts, readLinkCode(typed));
  const { request: sealed } = await parts.state.during("asking", () => parts.api.link(keys.locator));
  if (sealed === null) throw new Refusal("link_unknown");
  const request = await openRequest(keys, fromBase64url(account), sealed);
  await checkRequest(request, chain);
  return { request, keys };
}

/** @param {Request} request  @returns {import("./account-api.js").SealingBody} */
export const sealingOf = ({ sealing: { number, day, key }, signature }) =>
  ({ number, day, key: toBase64url(key), signature: toBase64url(signature) });

/**
 * @param {Keys} keys
 * @param {string} account
 * @param {{pin: Pin, registers: Registers}} given
 */
export const answerTo = (keys, account, { pin, registers }) =>
  sealAnswer(keys, fromBase64url(account), { pin, pins: null, registers }, randomBytes);
