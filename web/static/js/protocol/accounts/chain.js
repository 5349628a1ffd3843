/**
 * The chain: which devices an account has, by its own devices' signatures (docs/accounts.md, section 5).
 *
 * The server orders statements and serves them; it can't write one. Everybody who reads a chain judges it by the
 * rules here, and two readers of the same statements come to the same devices.
 */

import { concat } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { isSame } from "./derivation.js";
import {
  ADD, CLOSE, CONSENTED, GENESIS, NOBODY, NO_HASH, RECOVER, REMOVE, Signed, deviceId,
} from "./statements.js";
import { isValidKey, verify } from "./verifying.js";

export { add, close, genesis, recover, remove } from "./making.js";
export {
  ADD, CLOSE, GENESIS, RECOVER, REMOVE, Signed, Statement, consent, deviceId,
} from "./statements.js";

/** @typedef {import("./statements.js").Statement} Made */

/** Devices that are active at the same time. */
export const DEVICES_MOST = 10;
/** ADDs since GENESIS or RECOVER. */
export const ADDS_MOST = 256;

/**
 * A device: its id (16 bytes), its Ed25519 key, the sequence that brought it in.
 * @typedef {{readonly id: Uint8Array, readonly key: Uint8Array, readonly since: number}} Device
 *
 * How far somebody has read a chain: its id, a sequence, and the hash of that statement.
 * @typedef {{chain: Uint8Array, sequence: number, head: Uint8Array}} Pin
 *
 * @typedef {object} Said  what a chain says; see `Chain`
 * @property {Uint8Array} id
 * @property {readonly Uint8Array[]} hashes
 * @property {readonly Device[]} devices
 * @property {readonly Device[]} removed
 * @property {Uint8Array} recovery
 * @property {Uint8Array} recoverySeal
 * @property {"device"|"recovery"|null} closedBy
 * @property {number} adds
 * @property {number} founded
 */

/** @type {Said} */
const NOTHING = {
  id: NO_HASH, hashes: [], devices: [], removed: [], recovery: NO_HASH, recoverySeal: NO_HASH, closedBy: null,
  adds: 0, founded: 0,
};

/**
 * What a chain says after its last statement; `extend` gives the next, this one stays. `id` is zero while there is
 * no statement. `devices` are the active ones in the order of their coming, `removed` all that once were. `adds` are
 * those since the last GENESIS or RECOVER, which is statement `founded`.
 */
export class Chain {
  /** @param {Said} said */
  constructor(said) {
    this.id = said.id;
    this.hashes = said.hashes;
    this.devices = said.devices;
    this.removed = said.removed;
    this.recovery = said.recovery;
    this.recoverySeal = said.recoverySeal;
    this.closedBy = said.closedBy;
    this.adds = said.adds;
    this.founded = said.founded;
    Object.freeze(this);
  }

  /** The chain before its first statement. */
  static empty() {
    return new Chain(NOTHING);
  }

  /** The number of the last statement, from 0; -1 while there is none. */
  get sequence() {
    return this.hashes.length - 1;
  }

  /** The hash of the last statement; zero while there is none. */
  get head() {
    return this.hashes.at(-1) ?? NO_HASH;
  }

  /** Whether the account has said that it is over: only RECOVER may follow. */
  get closed() {
    return this.closedBy !== null;
  }

  /** The point up to which this has been read. @returns {Pin} */
  get pin() {
    return { chain: this.id, sequence: this.sequence, head: this.head };
  }

  /** The key of an active device. @param {Uint8Array} device @returns {Uint8Array|null} */
  keyOf(device) {
    return this.devices.find(({ id }) => isSame(id, device))?.key ?? null;
  }

  /** The key of a device that is or once was active. @param {Uint8Array} device @returns {Uint8Array|null} */
  keyEverOf(device) {
    return this.keyOf(device) ?? this.removed.find(({ id }) => isSame(id, device))?.key ?? null;
  }

  /**
   * Refuses a chain that doesn't extend what was read before.
   * @param {Pin} pin
   * @throws {Refusal} `chain_fork`: another chain, or another statement at the pin's place; `chain_back`: the pin's
   *   statement is missing, so what is served is older than what was read
   */
  checkPin({ chain, sequence, head }) {
    refuse(!isSame(chain, this.id), "chain_fork");
    refuse(sequence > this.sequence, "chain_back");
    refuse(!isSame(this.hashes[sequence] ?? NO_HASH, head), "chain_fork");
  }

  /**
   * The chain with one more statement, or the refusal of the first rule that it breaks. What a race can bring about
   * comes first, what costs most last.
   * @param {Signed} signed
   * @returns {Promise<Chain>}
   */
  async extend(signed) {
    const made = signed.statement;
    this.#checkPlace(made);
    this.#checkRecovery(made);
    await this.#checkDevice(made);
    const key = this.#signerOf(made);
    this.#checkNumbers(made);
    refuse(!(await verify(key, "chain", made.encode(), signed.signature)), "chain_signature");
    await checkConsent(signed);
    return this.#after(made);
  }

  /** @param {Made} made */
  #checkPlace(made) {
    refuse((this.hashes.length === 0) !== (made.type === GENESIS), "chain_type");
    refuse(!isSame(made.chain, this.id), "chain_id");
    refuse(made.sequence !== this.sequence + 1, "chain_sequence");
    refuse(!isSame(made.previous, this.head), "chain_previous");
    refuse(this.closed && made.type !== RECOVER, "chain_closed");
  }

  /** @param {Made} made */
  #checkRecovery({ type, recovery, recoverySeal }) {
    const right = type === GENESIS || type === RECOVER ? isValidKey(recovery)
      : isSame(recovery, this.recovery) && isSame(recoverySeal, this.recoverySeal);
    refuse(!right, "chain_recovery");
  }

  /** @param {Made} made */
  async #checkDevice({ type, device, key }) {
    if (type === REMOVE || type === CLOSE) {
      refuse(!isSame(key, NO_HASH), "chain_key");
      refuse(type === CLOSE ? !isSame(device, NOBODY) : this.keyOf(device) === null, "chain_device");
    } else {
      refuse(!isValidKey(key), "chain_key");
      refuse(!isSame(device, await deviceId(key)), "chain_device");
      refuse(this.keyEverOf(device) !== null, "chain_device");
    }
  }

  /** The key that must have signed. @param {Made} made */
  #signerOf({ type, device, key, signer }) {
    if (type === GENESIS) {
      refuse(!isSame(signer, device), "chain_signer");
      return key;
    }
    if ((type === RECOVER || type === CLOSE) && isSame(signer, NOBODY)) return this.recovery;
    const signers = type === RECOVER ? null : this.keyOf(signer);
    if (signers === null) throw new Refusal("chain_signer");
    return signers;
  }

  /** The only limits: REMOVE, RECOVER and CLOSE are never too many. @param {Made} made */
  #checkNumbers({ type }) {
    refuse(type === REMOVE && this.devices.length === 1, "chain_last");
    refuse(type === ADD && this.devices.length >= DEVICES_MOST, "chain_full");
    refuse(type === ADD && this.adds >= ADDS_MOST, "chain_adds");
  }

  /** @param {Made} made */
  async #after(made) {
    const { type, device, key, sequence, recovery, recoverySeal, signer } = made;
    const hash = await made.hash();
    const { removed, closedBy, adds, founded } = this;
    const id = type === GENESIS ? hash : this.id;
    const said = {
      id, hashes: [...this.hashes, hash], devices: this.devices, removed, recovery, recoverySeal, closedBy, adds,
      founded,
    };
    const now = Object.freeze({ id: device, key, since: sequence });
    if (type === ADD) return new Chain({ ...said, devices: [...this.devices, now], adds: adds + 1 });
    if (type === REMOVE) {
      const goes = (/** @type {Device} */ one) => isSame(one.id, device);
      return new Chain({
        ...said,
        devices: this.devices.filter((one) => !goes(one)),
        removed: [...removed, ...this.devices.filter(goes)],
      });
    }
    const before = [...removed, ...this.devices];
    if (type === CLOSE) {
      const by = isSame(signer, NOBODY) ? "recovery" : "device";
      return new Chain({ ...said, devices: [], removed: before, closedBy: by });
    }
    return new Chain({ ...said, devices: [now], removed: before, closedBy: null, adds: 0, founded: sequence });
  }
}

/** @param {Signed} signed */
async function checkConsent({ statement: { type, chain, device, key }, consent }) {
  if (!CONSENTED.has(type)) return refuse(consent !== null, "chain_consent");
  const given = consent ?? new Uint8Array(0);
  refuse(!(await verify(key, "consent", concat(chain, device), given)), "chain_consent");
}

/**
 * The chain that signed statements make, from GENESIS on. No statement at all is `chain_back`.
 * @param {Iterable<Uint8Array>} statements
 * @param {Pin|null} [pin]
 * @returns {Promise<Chain>}
 * @throws {Refusal} of the first that breaks a rule; with a `pin`, `chain_fork` and `chain_back` for what doesn't
 *   extend it
 */
export async function readChain(statements, pin = null) {
  let chain = Chain.empty();
  for (const data of statements) chain = await chain.extend(Signed.decode(data));
  refuse(chain.hashes.length === 0, "chain_back");
  if (pin !== null) chain.checkPin(pin);
  return chain;
}
