/** Statements of a chain, as bytes (docs/accounts.md, section 5). What they mean is chain.js's. */

import { concat, u32, viewOf } from "../encoding.js";
import { refuse } from "../errors.js";
import { sha256 } from "../keys.js";
import { labelledHash } from "./derivation.js";
import { SIGNATURE_BYTES, publicBytes, signWith } from "./signing.js";

const VERSION = 1;
export const HASH_BYTES = 32;
export const DEVICE_BYTES = 16;
export const STATEMENT_BYTES = 198;

/** What stands where a field isn't used. */
export const NO_HASH = new Uint8Array(HASH_BYTES);
export const NOBODY = new Uint8Array(DEVICE_BYTES);

export const GENESIS = 1;
export const ADD = 2;
export const REMOVE = 3;
export const RECOVER = 4;
export const CLOSE = 5;

/** Those that a new device agrees to with a signature of its own. */
export const CONSENTED = new Set([ADD, RECOVER]);

/**
 * What a type doesn't use is zero.
 * @typedef {object} Fields
 * @property {number} type
 * @property {Uint8Array} chain  32 bytes
 * @property {number} sequence
 * @property {Uint8Array} previous  32 bytes
 * @property {Uint8Array} device  16 bytes
 * @property {Uint8Array} key  32 bytes
 * @property {Uint8Array} recovery  32 bytes
 * @property {Uint8Array} recoverySeal  32 bytes
 * @property {Uint8Array} signer  16 bytes
 */

export class Statement {
  /** @param {Fields} fields */
  constructor({ type, chain, sequence, previous, device, key, recovery, recoverySeal, signer }) {
    this.type = type;
    this.chain = chain;
    this.sequence = sequence;
    this.previous = previous;
    this.device = device;
    this.key = key;
    this.recovery = recovery;
    this.recoverySeal = recoverySeal;
    this.signer = signer;
    Object.freeze(this);
  }

  /** The 198 bytes that are signed and hashed. */
  encode() {
    return concat(
      Uint8Array.of(VERSION, this.type), this.chain, u32(this.sequence), this.previous, this.device, this.key,
      this.recovery, this.recoverySeal, this.signer,
    );
  }

  /**
   * @param {Uint8Array} data
   * @returns {Statement}
   * @throws {Refusal} `chain_version`, `chain_type`, `chain_length`, in this order
   */
  static decode(data) {
    const type = checkedType(data);
    refuse(data.length !== STATEMENT_BYTES, "chain_length");
    let at = 2;
    const next = (/** @type {number} */ size) => {
      at += size;
      return data.slice(at - size, at);
    };
    return new Statement({
      type, chain: next(32), sequence: viewOf(next(4)).getUint32(0), previous: next(32),
      device: next(16), key: next(32), recovery: next(32), recoverySeal: next(32), signer: next(16),
    });
  }

  /** By which the next statement names this one. */
  hash() {
    return sha256(this.encode());
  }
}

/** A statement with its signer's signature; ADD and RECOVER have the new device's `consent`. */
export class Signed {
  /**
   * @param {Statement} statement
   * @param {Uint8Array} signature
   * @param {Uint8Array|null} [consent]
   */
  constructor(statement, signature, consent = null) {
    this.statement = statement;
    this.signature = signature;
    this.consent = consent;
    Object.freeze(this);
  }

  /** The one form in which it is posted and served. */
  encode() {
    return concat(this.statement.encode(), this.signature, this.consent ?? new Uint8Array(0));
  }

  /**
   * Checks nothing of what it says.
   * @param {Uint8Array} data
   * @returns {Signed}
   * @throws {Refusal} `chain_version`, `chain_type`, `chain_length`, in this order
   */
  static decode(data) {
    const agreed = CONSENTED.has(checkedType(data));
    const end = STATEMENT_BYTES + SIGNATURE_BYTES;
    refuse(data.length !== end + (agreed ? SIGNATURE_BYTES : 0), "chain_length");
    const statement = Statement.decode(data.subarray(0, STATEMENT_BYTES));
    return new Signed(statement, data.slice(STATEMENT_BYTES, end), agreed ? data.slice(end) : null);
  }
}

/** The type of what the bytes begin with. A later version may have another length. @param {Uint8Array} data */
function checkedType(data) {
  refuse(data.length < 2, "chain_length");
  refuse(data[0] !== VERSION, "chain_version");
  refuse(data[1] < GENESIS || data[1] > CLOSE, "chain_type");
  return data[1];
}

/** The id of the device that has this Ed25519 key. @param {Uint8Array} key */
export const deviceId = async (key) => (await labelledHash("device", key)).slice(0, DEVICE_BYTES);

/**
 * What the new device signs, so that nobody adds a device against its will.
 * @param {CryptoKeyPair} key  the new device's
 * @param {Uint8Array} chain
 */
export const consent = async (key, chain) =>
  signWith(key, "consent", concat(chain, await deviceId(await publicBytes(key))));
