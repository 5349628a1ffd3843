/**
 * The first device of an account, or of a list of devices that begins anew. Ten words are handed out first; only
 * when they are confirmed is anything written or posted, so that no account ever has words that nobody has seen.
 */

import { toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { genesis } from "../protocol/accounts/making.js";
import { RecoveryKeys, newRecoveryWords, recoveryRoot } from "../protocol/accounts/recovery.js";
import { randomBelow } from "../device/random.js";
import { makeSealing } from "./sealing.js";
import { keepDevice, newDevice } from "./this-device.js";
import { settle } from "./settling.js";

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 */

export class Founding {
  #parts;
  /** @type {Promise<Uint8Array>|null} */
  #root = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @returns {string} ten words; what is made of them is made while they are written down */
  words() {
    const { salt, argon2id, state } = this.#parts;
    const words = newRecoveryWords(randomBelow);
    const root = recoveryRoot(words, salt, argon2id);
    // Whoever confirms hears of an error.
    root.catch(() => undefined);
    this.#root = root;
    state.change({ confirming: true });
    return words;
  }

  /**
   * Writes and posts the first statement.
   * @param {string} address
   * @returns {Promise<{device: ThisDevice, pending: import("./account-state.js").Pending|null}>} pending: what
   *   the server makes wait
   * @throws {Refusal} `no_words`: none were handed out; the server's
   */
  async confirm(address) {
    if (this.#root === null) throw new Refusal("no_words");
    const parts = this.#parts;
    const { api, clock, hpke, random, state, storage, tokens } = parts;
    const { account } = /** @type {import("./tokens.js").Access} */ (tokens.access);
    const root = await state.during("deriving", () => /** @type {Promise<Uint8Array>} */ (this.#root));
    const made = await state.during("making_keys", async () => {
      const recovery = await RecoveryKeys.derived(root, await hpke());
      const { keys, id } = await newDevice();
      const first = await genesis(keys, recovery.signing.publicBytes, recovery.sealHash);
      const chain = await first.statement.hash();
      const signed = first.encode();
      const sealing = await makeSealing({ keys, chain, device: id, hpke, random }, 1, clock.today());
      const recovery_seal = toBase64url(recovery.sealPublic);
      /** @type {ThisDevice} */
      const device = {
        account, chain, id, keys, begun: { kind: "genesis", statement: toBase64url(signed), recovery_seal },
      };
      return { device, signed, sealing };
    });
    await keepDevice(storage, made.device);
    tokens.proveBy(made.device.keys);
    const { pending } = await state.during("asking", () =>
      api.addDevice({ statement: toBase64url(made.signed), sealing: made.sealing.body }));
    this.#root = null;
    state.change({ confirming: false });
    if (pending === null) {
      const statements = [made.signed];
      await state.during("opening", () => settle(parts, made.device, { address, sealing: made.sealing, statements }));
    }
    return { device: made.device, pending };
  }

  /** Posts again what was kept and perhaps never arrived. @param {Parts} parts  @param {ThisDevice} device */
  static async again(parts, device) {
    const { begun } = device;
    if (begun === null || begun.kind !== "genesis") throw new Refusal("no_words");
    const { api, clock, hpke, random } = parts;
    const maker = { keys: device.keys, chain: device.chain, device: device.id, hpke, random };
    const sealing = await makeSealing(maker, 1, clock.today());
    const { pending } = await api.addDevice({ statement: begun.statement, sealing: sealing.body });
    if (pending === null) await settle(parts, device, { sealing });
    return pending;
  }
}
