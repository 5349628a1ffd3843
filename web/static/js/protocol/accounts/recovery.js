/** Recovery: ten words from which the keys follow that undo everything (docs/accounts.md, section 7). */

import { makeWords, readTyped } from "../codes.js";
import { utf8 } from "../encoding.js";
import { sha256 } from "../keys.js";
import { derived, labelledHash, stretched } from "./derivation.js";
import { keyFromSeed } from "./signing.js";

export const RECOVERY_WORDS = 10;

/**
 * Ten words joined by `-`, each equally likely.
 * @param {(below: number) => number} randomBelow  an unbiased secure integer, 0 <= n < below
 */
export const newRecoveryWords = (randomBelow) => makeWords(RECOVERY_WORDS, randomBelow);

/**
 * The canonical words in what a person typed or pasted, read as a code is.
 * @param {string} typed
 * @returns {string}
 * @throws {Refusal} `code_word`, `code_length`
 */
export const readRecoveryWords = (typed) => readTyped(typed, RECOVERY_WORDS);

/**
 * The 32 bytes that follow from canonical words.
 * @param {string} words
 * @param {Uint8Array} deploymentSalt
 * @param {import("./derivation.js").Argon2id} argon2id
 */
export const recoveryRoot = async (words, deploymentSalt, argon2id) =>
  stretched(utf8(words), await labelledHash("recovery", deploymentSalt), argon2id);

/** What follows from a root: the key that signs RECOVER, and the one that pins are sealed to. */
export class RecoveryKeys {
  /**
   * @param {import("./signing.js").SigningKey} signing
   * @param {import("./sealing-keys.js").HpkeKey} sealing
   * @param {Uint8Array} sealHash  SHA-256 of the public sealing key, which the chain holds
   */
  constructor(signing, sealing, sealHash) {
    this.signing = signing;
    this.sealing = sealing;
    this.sealHash = sealHash;
    Object.freeze(this);
  }

  /** The private sealing key. */
  get sealSeed() {
    return this.sealing.key;
  }

  get sealPublic() {
    return this.sealing.publicBytes;
  }

  /**
   * From the root of ten words.
   * @param {Uint8Array} root
   * @param {Pick<import("./sealing-keys.js").Hpke, "fromSeed">} hpke
   */
  static async derived(root, hpke) {
    const seed = await derived(root, "sign");
    try {
      const sealing = await hpke.fromSeed(await derived(root, "seal"));
      return new RecoveryKeys(await keyFromSeed(seed), sealing, await sha256(sealing.publicBytes));
    } finally {
      seed.fill(0);
    }
  }
}
