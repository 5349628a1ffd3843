/** What messages say (docs/conversations.md, 6.2). */

import { decode as readCanonical, encode as canonical } from "../accounts/canonical-json.js";
import { DEVICE_BYTES, HASH_BYTES } from "../accounts/statements.js";
import { utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { ID_BYTES } from "../limits.js";
import { isName } from "../names.js";
import { DIGEST, FILE, readConfirmation, readFiles } from "../files/contents.js";
import { bytes, fields, inForm, integer, list } from "./form.js";

const VERSION = 1;
export const CONTENT_BYTES = 49_152;
export const TEXT_BYTES = 32_768;
export const QUOTE_BYTES = 512;
export const REACTION_BYTES = 64;
export const PICTURE_BYTES = 24_576;
export const MENTIONS_MOST = 50;
export const REGISTER_BYTES = 32;
export const REGISTER_KEY_BYTES = 256;
export const REGISTER_VALUE_BYTES = 8192;

/** What a kind is called that a later version has, or nobody. */
export const UNKNOWN = "unknown";

/**
 * Bytes stand in a body as base64url.
 * @typedef {{[key: string]: unknown}} Body
 *
 * `at` is the sender's clock, in milliseconds.
 * @typedef {{readonly kind: string, readonly at: number, readonly body: Body}} Content
 *
 * @typedef {(value: unknown) => unknown} Check  throws for what isn't in the form
 */

/** @param {boolean} right */
function insist(right) {
  if (!right) throw new Refusal("malformed");
}

/** @param {number} least  @param {number} most  bytes of UTF-8  @returns {(value: unknown) => void} */
const text = (least, most) => (value) => {
  const length = typeof value === "string" ? utf8(value).length : -1;
  insist(length >= least && length <= most);
};

/** @param {Check} check  @returns {Check} */
const orNull = (check) => (value) => (value === null ? null : check(value));

/** @param {unknown} value */
function message(value) {
  const { device, id } = fields(value, "device", "id");
  bytes(device, DEVICE_BYTES);
  bytes(id, ID_BYTES);
}

/** @param {unknown} value */
const mentions = (value) => list(value, 0, MENTIONS_MOST, (chain) => bytes(chain, HASH_BYTES));

/** @param {unknown} value */
const name = (value) => insist(typeof value === "string" && isName(value));

/** @param {unknown} value */
function picture(value) {
  const { length } = bytes(value);
  insist(length >= 1 && length <= PICTURE_BYTES);
}

/** @param {unknown} value */
const registered = (value) => insist(canonical(value).length <= REGISTER_VALUE_BYTES);

const words = text(1, TEXT_BYTES);
const shown = { name, picture: orNull(picture) };

/** Bodies that are read as a whole, by another document (docs/files.md, 9). @type {{readonly [kind: string]: Check}} */
const WHOLE = Object.freeze({ [FILE]: readFiles, [DIGEST]: readConfirmation });

/** The keys that each kind has, and no others. @type {{readonly [kind: string]: {readonly [key: string]: Check}}} */
const KINDS = Object.freeze({
  text: { text: words, mentions },
  reply: { text: words, mentions, of: message, quote: text(0, QUOTE_BYTES) },
  edit: { of: message, text: words, mentions },
  delete: { of: message },
  reaction: { of: message, reaction: orNull(text(1, REACTION_BYTES)) },
  read: { place: (value) => integer(value, 0) },
  profile: shown,
  card: shown,
  sync: { register: text(1, REGISTER_BYTES), key: text(0, REGISTER_KEY_BYTES), value: registered },
});

/**
 * @param {string} kind
 * @param {number} at
 * @param {Body} body
 * @returns {Uint8Array}
 * @throws {Refusal} `content_form` for what a reader would refuse, or not know
 */
export function encode(kind, at, body) {
  const data = inForm("content_form", () => canonical({ v: VERSION, kind, at, body }));
  refuse(!Object.hasOwn(KINDS, kind) && !Object.hasOwn(WHOLE, kind), "content_form");
  decode(data);
  return data;
}

/**
 * A kind that isn't known has neither name nor body here: it is told as a neutral line.
 * @param {Uint8Array} data
 * @returns {Content}
 * @throws {Refusal} `content_form`
 */
export function decode(data) {
  refuse(data.length > CONTENT_BYTES, "content_form");
  return inForm("content_form", () => {
    const { v, kind, at, body } = fields(readCanonical(data), "v", "kind", "at", "body");
    if (v !== VERSION || typeof kind !== "string") throw new Refusal("malformed");
    const time = integer(at);
    if (Object.hasOwn(WHOLE, kind)) {
      WHOLE[kind](body);
      return Object.freeze({ kind, at: time, body: /** @type {Body} */ (body) });
    }
    if (!Object.hasOwn(KINDS, kind)) return Object.freeze({ kind: UNKNOWN, at: time, body: {} });
    const read = fields(body, ...Object.keys(KINDS[kind]));
    for (const [key, check] of Object.entries(KINDS[kind])) check(read[key]);
    return Object.freeze({ kind, at: time, body: read });
  });
}
