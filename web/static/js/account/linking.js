/**
 * A new device of an account (docs/accounts.md, linking). The new one deposits what it is, sealed under seven
 * words, and only then shows them; an old one reads them, shows what it will add, and answers.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { readCode, makeCode } from "../protocol/codes.js";
import { Refusal } from "../protocol/errors.js";
import { add, consent, deviceId, readChain } from "../protocol/accounts/chain.js";
import { linkKeys, linkRoot, openAnswer, openRequest, sealAnswer, sealRequest } from "../protocol/accounts/linking.js";
import { verifySealing } from "../protocol/accounts/sealing-keys.js";
import { randomBelow } from "../device/random.js";
import { usualName } from "./device-names.js";
import { makeSealing } from "./sealing.js";
import { settle } from "./settling.js";
import { keepDevice, newDevice } from "./this-device.js";

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 * @typedef {import("./pins.js").Registers} Registers
 *
 * @typedef {object} Request  what an old device is asked to add
 * @property {string} device  base64url
 * @property {string} key
 * @property {string} consent
 * @property {import("./account-api.js").SealingBody} sealing
 * @property {string} name
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
 * @param {(device: ThisDevice) => void} linked  called once this device stands
 * @returns {Promise<{code: string, link: string, expiresAt: number, done: Promise<void>, cancel: () => void}>}
 */
export async function askToBeLinked(parts, { account, chain, address }, linked) {
  const { agent, api, base, clock, hpke, random, state, storage, tokens } = parts;
  const code = makeCode(randomBelow);
  const keys = await keysFor(parts, code);
  const { device, sealing, request } = await state.during("making_keys", async () => {
    const made = await newDevice();
    const maker = { keys: made.keys, chain, device: made.id, hpke, random };
    const first = await makeSealing(maker, 1, clock.today());
    const content = {
      v: 1, device: toBase64url(made.id), key: toBase64url(made.key),
      consent: toBase64url(await consent(made.keys, chain, made.id)), sealing: first.body, name: usualName(agent),
    };
    /** @type {ThisDevice} */
    const kept = {
      account, chain, id: made.id, keys: made.keys,
      begun: { kind: "link", locator: toBase64url(keys.locator), toNew: keys.toNew },
    };
    return { device: kept, sealing: first, request: await sealRequest(keys, fromBase64url(account), content) };
  });
  await keepDevice(storage, device);
  tokens.proveBy(device.keys);
  const { expiresAt } = await state.during("asking", () => api.depositLink(keys.locator, request));
  const ending = new AbortController();
  const done = waitForAnswer(parts, keys.locator, { expiresAt, signal: ending.signal }).then(async (sealed) => {
    const given = await readAnswer(sealed, device, { locator: keys.locator, toNew: keys.toNew });
    await state.during("opening", () => settle(parts, device, { ...given, sealing, ...(address === null ? {} : { address }) }));
    linked(device);
  });
  done.catch(() => undefined);
  const link = new URL(`account/#link=${code.replaceAll(" ", "-")}`, base).href;
  return { code, link, expiresAt, done, cancel: () => ending.abort() };
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
      if (code !== "unreachable" && code !== "unavailable") throw error;
    }
    if (clock.now() >= expiresAt) throw new Refusal("link_expired");
  }
}

/**
 * What the old device has given: believed because it came under the seven words.
 * @param {Uint8Array} sealed
 * @param {ThisDevice} device
 * @param {{locator: Uint8Array, toNew: CryptoKey}} keys
 * @returns {Promise<{statements: Uint8Array[], registers: Registers}>}
 * @throws {Refusal} `link_broken`
 */
export async function readAnswer(sealed, device, keys) {
  const answer = /** @type {any} */ (await openAnswer(keys, fromBase64url(device.account), sealed));
  const statements = answer.chain.map((/** @type {unknown} */ one) => fromBase64url(one));
  const chain = await readChain(statements);
  const mine = chain.devices.find(({ id }) => toBase64url(id) === toBase64url(device.id));
  if (toBase64url(chain.id) !== toBase64url(device.chain) || mine === undefined) throw new Refusal("link_broken");
  fromBase64url(answer.registers.names_key, 32);
  return { statements, registers: answer.registers };
}

/** A link that was stopped when its answer was there already, perhaps. @param {Parts} parts  @param {ThisDevice} device */
export async function finishLink(parts, device) {
  const { begun } = device;
  if (begun === null || begun.kind !== "link") return;
  const locator = fromBase64url(begun.locator);
  const given = await parts.api.link(locator).then(
    ({ answer }) => (answer === null ? {} : readAnswer(answer, device, { locator, toNew: begun.toNew })),
    () => ({}),
  );
  await settle(parts, device, given);
}

/**
 * On an old device: opens what the new one has deposited.
 * @param {Parts} parts
 * @param {string} typed
 * @param {{account: string, chain: Chain}} own
 * @returns {Promise<{request: Request, keys: Awaited<ReturnType<typeof linkKeys>>}>}
 * @throws {Refusal} `code_word`, `code_length`; `link_unknown`; `link_broken`
 */
export async function lookAt(parts, typed, { account, chain }) {
  const keys = await keysFor(parts, readCode(typed));
  const { request: sealed } = await parts.state.during("asking", () => parts.api.link(keys.locator));
  if (sealed === null) throw new Refusal("link_unknown");
  const request = /** @type {Request} */ (/** @type {unknown} */ (await openRequest(keys, fromBase64url(account), sealed)));
  const key = fromBase64url(request.key, 32);
  const id = await deviceId(key);
  const { number, day, key: box, signature } = request.sealing;
  const isSound = toBase64url(id) === request.device &&
    await verifySealing(key, chain.id, id, number, day, fromBase64url(box), fromBase64url(signature));
  if (!isSound) throw new Refusal("link_broken");
  return { request, keys };
}

/**
 * @param {Request} request
 * @param {{keys: CryptoKeyPair, chain: Chain, id: Uint8Array}} own
 * @returns {Promise<Uint8Array>} the statement that adds it
 */
export const addition = (request, { keys, chain, id }) =>
  add(chain, keys, id, { key: fromBase64url(request.key, 32), consent: fromBase64url(request.consent, 64) });

/**
 * @param {Awaited<ReturnType<typeof linkKeys>>} keys
 * @param {string} account
 * @param {{statements: Uint8Array[], registers: Registers|undefined}} given
 */
export const answerTo = (keys, account, { statements, registers }) =>
  sealAnswer(keys, fromBase64url(account), {
    v: 1, chain: statements.map(toBase64url), pins: {}, registers: registers ?? {},
  });
