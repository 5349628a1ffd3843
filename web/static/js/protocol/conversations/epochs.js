/**
 * The secret of an epoch: sealed to each device, named by a signed record, and what follows from it
 * (docs/conversations.md, section 2, 6.1 and 6.4).
 */

import { isSame, labelled, labelledHash } from "../accounts/derivation.js";
import { signWith } from "../accounts/signing.js";
import { verify } from "../accounts/verifying.js";
import { concat, u64, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { sha256 } from "../keys.js";
import { SECRET_BYTES } from "../limits.js";
import { SignedRecord } from "./records.js";

const GROUPS = 12;
const NOTHING = new Uint8Array(0);

/** @typedef {import("../accounts/sealing-keys.js").Hpke} Hpke */

/**
 * What a record says of its seed, so that nobody can be given another.
 * @param {Pick<import("./records.js").Fields, "conversation"|"epoch"|"previous"|"by">} record
 * @param {Uint8Array} seed
 */
export const commitment = ({ conversation, epoch, previous, by }, seed) =>
  labelledHash("seed", conversation, u64(epoch), previous, by, seed);

/** @param {Uint8Array} hash  of the record  @param {Uint8Array} device */
export const boxInfo = (hash, device) => labelled("epoch-box", hash, device);

/**
 * One box for each device, in order. It is empty where there is no key, or none that can be sealed to.
 * @param {Pick<Hpke, "seal">} hpke
 * @param {Uint8Array} hash  of the record
 * @param {readonly (Uint8Array|null)[]} keys  public sealing keys
 * @param {readonly Uint8Array[]} devices
 * @param {Uint8Array} seed
 * @returns {Promise<Uint8Array[]>}
 */
export async function sealBoxes(hpke, hash, keys, devices, seed) {
  if (keys.length !== devices.length) throw new TypeError("one key, or null, for each device");
  const boxes = [];
  for (const [at, key] of keys.entries()) {
    boxes.push(key === null ? NOTHING : await sealed(hpke, key, boxInfo(hash, devices[at]), seed));
  }
  return boxes;
}

/**
 * @param {Pick<Hpke, "seal">} hpke
 * @param {Uint8Array} key
 * @param {Uint8Array} info
 * @param {Uint8Array} seed
 */
async function sealed(hpke, key, info, seed) {
  try {
    return await hpke.seal(key, info, seed);
  } catch (error) {
    if (error instanceof Refusal && error.code === "box_key") return NOTHING;
    throw error;
  }
}

/**
 * The seed in a device's own box. What the server gave is looked at before what the author sealed, so that nobody is
 * blamed for another's fault.
 * @param {Pick<Hpke, "open">} hpke
 * @param {Uint8Array} privateKey
 * @param {SignedRecord} signed  judged good
 * @param {Uint8Array} device
 * @param {Uint8Array} box
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `box_hash` (not the box that was signed, or none for this device), `box_broken`, `seed_commitment`
 */
export async function openBox(hpke, privateKey, signed, device, box) {
  const { record, hash, boxHashes } = signed;
  const right = boxHashes[record.indexOf(device)] ?? NOTHING;
  refuse(!isSame(await sha256(box), right), "box_hash");
  const seed = await hpke.open(privateKey, boxInfo(hash, device), box);
  const named = seed.length === SECRET_BYTES && isSame(await commitment(record, seed), record.commitment);
  refuse(!named, "seed_commitment");
  return seed;
}

/** @param {Uint8Array} hash  of the record  @param {readonly Uint8Array[]} boxHashes */
const signedBytes = async (hash, boxHashes) => concat(hash, await sha256(concat(...boxHashes)));

/**
 * @param {CryptoKeyPair} key  of the record's author
 * @param {Uint8Array} recordBytes
 * @param {readonly Uint8Array[]} boxes
 * @returns {Promise<SignedRecord>}
 */
export async function signRecord(key, recordBytes, boxes) {
  const hashes = await Promise.all(boxes.map((box) => sha256(box)));
  const signature = await signWith(key, "epoch", await signedBytes(await sha256(recordBytes), hashes));
  return SignedRecord.of(recordBytes, signature, hashes);
}

/**
 * Whether the device with this key signed record and boxes.
 * @param {Uint8Array} publicKey
 * @param {SignedRecord} signed
 */
export const verifyRecord = async (publicKey, { hash, boxHashes, signature }) =>
  verify(publicKey, "epoch", await signedBytes(hash, boxHashes), signature);

/**
 * The key of one device's messages in this epoch. It can't be exported.
 * @param {Uint8Array} seed
 * @param {Uint8Array} hash  of the record
 * @param {Uint8Array} device
 */
export async function messageKey(seed, hash, device) {
  const by = hkdfBy(hash, labelled("message", device));
  const aes = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(by, await base(seed), aes, false, ["encrypt", "decrypt"]);
}

/**
 * 32 bytes for another use, which has its own label.
 * @param {Uint8Array} seed
 * @param {Uint8Array} hash  of the record
 * @param {string} label
 * @param {Uint8Array} context
 */
export const exported = (seed, hash, label, context) =>
  derived(seed, hash, labelled("export", utf8(label), new Uint8Array(1), context));

/**
 * By which members compare whether they are in the same conversation: 32 bytes.
 * @param {Uint8Array} seed
 * @param {Uint8Array} hash  of the record
 */
export const authenticator = (seed, hash) => derived(seed, hash, labelled("authenticator"));

/** As it is shown: 60 digits in 12 groups of five. @param {Uint8Array} bytes  of the authenticator */
export async function authenticatorNumber(bytes) {
  const data = /** @type {BufferSource} */ (bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", data));
  return Array.from({ length: GROUPS }, (_, at) => {
    const number = digest.subarray(5 * at, 5 * at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 100_000).padStart(5, "0");
  }).join(" ");
}

/** @param {Uint8Array} seed  @param {Uint8Array} hash  @param {Uint8Array} info */
async function derived(seed, hash, info) {
  const bits = await crypto.subtle.deriveBits(hkdfBy(hash, info), await base(seed), 8 * SECRET_BYTES);
  return new Uint8Array(bits);
}

/** @param {Uint8Array} seed */
function base(seed) {
  const raw = /** @type {BufferSource} */ (seed);
  return crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveBits", "deriveKey"]);
}

/** @param {Uint8Array} hash  @param {Uint8Array} info */
const hkdfBy = (hash, info) => ({
  name: "HKDF",
  hash: "SHA-256",
  salt: /** @type {BufferSource} */ (hash),
  info: /** @type {BufferSource} */ (info),
});
