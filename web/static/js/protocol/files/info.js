/** What is told of a file besides its bytes, sealed once (docs/files.md, 8). */

import { decode, encode } from "../accounts/canonical-json.js";
import { isSame } from "../accounts/derivation.js";
import { concat, fromBase64url, isInteger, isObject, toBase64url, u32, utf8, viewOf } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal, sha256 } from "../keys.js";
import { NONCE_BYTES } from "../limits.js";
import { INFO_LABEL, infoKey } from "./keys.js";
import { SIZE_MOST, TAG_BYTES, checkSize } from "./layout.js";

/**
 * All of it is the sender's claim, and the thumbnail may be an attack on who decodes it. `made_by` names what has
 * removed the metadata of a picture or film; null: nothing has.
 * @typedef {object} Info
 * @property {string} name
 * @property {string} type
 * @property {number} size
 * @property {number|null} width
 * @property {number|null} height
 * @property {number|null} seconds
 * @property {Uint8Array|null} thumbnail
 * @property {string|null} made_by
 *
 * @typedef {import("./keys.js").FileKey} FileKey
 */

const VERSION = 1;
/** Bytes of a sealed info. */
export const INFO_SIZES = Object.freeze([1024, 4096, 16_384, 32_768]);
export const NAME_BYTES = 255;
export const THUMBNAIL_BYTES = 16_384;
/** Pixels of a side. */
export const SIDE_MOST = 65_535;
const SECONDS_MOST = 2 ** 32 - 1;

const HEAD_BYTES = 1 + NONCE_BYTES;
const LENGTH_BYTES = 4;
const KEYS = "height,made_by,name,seconds,size,thumbnail,type,v,width";
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/;
const MADE_BY = /^[a-z0-9-]{1,32}$/;

/**
 * @param {FileKey} file
 * @param {Info} info
 * @param {(size: number) => Uint8Array} random
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `info_field` for what a reader would refuse
 */
export async function sealInfo(file, { name, type, size, width, height, seconds, thumbnail, made_by }, random) {
  const content = inForm(() => encode({
    v: VERSION, name, type, size, width, height, seconds, made_by, thumbnail: thumbnail === null ? null : toBase64url(thumbnail),
  }));
  const length = leastFor(LENGTH_BYTES + content.length);
  refuse(length === undefined, "info_field");
  const plaintext = new Uint8Array(Number(length) - HEAD_BYTES - TAG_BYTES);
  plaintext.set(concat(u32(content.length), content));
  read(plaintext);
  const nonce = random(NONCE_BYTES);
  return concat(Uint8Array.of(VERSION), nonce, await aeadSeal(await infoKey(file), nonce, plaintext, bound(file)));
}

/**
 * @param {FileKey} file
 * @param {number} padded
 * @param {Uint8Array} digest  SHA-256 of what was sealed, as the sender's message has it
 * @param {Uint8Array} sealed
 * @returns {Promise<Info>}
 * @throws {Refusal} `info_open`, `info_field`, and `file_size` for a size that isn't filled up to `padded`
 */
export async function openInfo(file, padded, digest, sealed) {
  refuse(!isSame(await sha256(sealed), digest), "info_open");
  refuse(!INFO_SIZES.includes(sealed.length) || sealed[0] !== VERSION, "info_open");
  const nonce = sealed.subarray(1, HEAD_BYTES);
  const plaintext = await aeadOpen(await infoKey(file), nonce, sealed.subarray(HEAD_BYTES), bound(file));
  if (plaintext === null) throw new Refusal("info_open");
  const info = read(plaintext);
  checkSize(padded, info.size);
  return info;
}

/** @param {FileKey} file */
const bound = ({ id }) => concat(INFO_LABEL, id);

/** The least size of an info with so many bytes to be sealed. @param {number} length */
const leastFor = (length) => INFO_SIZES.find((size) => HEAD_BYTES + length + TAG_BYTES <= size);

/** @template T  @param {() => T} run  @returns {T} */
function inForm(run) {
  try {
    return run();
  } catch {
    throw new Refusal("info_field");
  }
}

/** @param {Uint8Array} plaintext  @returns {Info} */
function read(plaintext) {
  const end = LENGTH_BYTES + viewOf(plaintext).getUint32(0);
  refuse(plaintext.length + HEAD_BYTES + TAG_BYTES !== leastFor(end), "info_field");
  refuse(plaintext.subarray(end).some((byte) => byte !== 0), "info_field");
  return inForm(() => fields(decode(plaintext.subarray(LENGTH_BYTES, end))));
}

/** @param {boolean} isRight */
function insist(isRight) {
  if (!isRight) throw new Refusal("info_field");
}

/** @param {unknown} value  @returns {Info} */
function fields(value) {
  if (!isObject(value) || Object.keys(value).sort().join() !== KEYS) throw new Refusal("info_field");
  const { v, name, type, size, width, height, seconds, thumbnail, made_by } = value;
  insist(v === VERSION);
  insist(typeof name === "string" && name !== "" && utf8(name).length <= NAME_BYTES);
  insist(typeof type === "string" && TYPE.test(type));
  insist(isInteger(size, 0, SIZE_MOST));
  insist((width === null) === (height === null));
  for (const side of [width, height]) insist(side === null || isInteger(side, 1, SIDE_MOST));
  insist(seconds === null || isInteger(seconds, 0, SECONDS_MOST));
  insist(made_by === null || (typeof made_by === "string" && MADE_BY.test(made_by)));
  return Object.freeze(/** @type {Info} */ ({
    name, type, size, width, height, seconds, thumbnail: thumbnail === null ? null : picture(thumbnail), made_by,
  }));
}

/** JPEG or WebP by their first bytes; more isn't looked at before it is decoded. @param {unknown} text */
function picture(text) {
  const data = fromBase64url(text);
  const begins = (/** @type {number} */ at, /** @type {string} */ mark) =>
    Array.from(mark).every((letter, step) => data[at + step] === letter.charCodeAt(0));
  insist(data.length <= THUMBNAIL_BYTES);
  insist(begins(0, "\xff\xd8\xff") || (begins(0, "RIFF") && begins(8, "WEBP")));
  return data;
}
