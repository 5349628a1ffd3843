/**
 * History for a new device: what an older device of the same account hands to it, in chunks (docs/conversations.md, 15).
 * Each is sealed under a key that was told in the account's own conversation, and bound to the device, to its number,
 * and to whether it is the last.
 */

import { encode as canonical } from "../accounts/canonical-json.js";
import { labelled } from "../accounts/derivation.js";
import { paddedJson, unpaddedJson } from "../accounts/padding.js";
import { DEVICE_BYTES, HASH_BYTES } from "../accounts/statements.js";
import { concat, fromBase64url, isObject, u32, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal, importAead } from "../keys.js";
import { ID_BYTES, NONCE_BYTES } from "../limits.js";
import { isName } from "../names.js";
import { REACTION_BYTES, decode as readContent } from "./contents.js";
import { bytes, fields, inForm, integer, list } from "./form.js";
import { TIMER_MOST } from "./records.js";

const VERSION = 1;
/** Bytes of a chunk, and how many a history has at most. */
export const CHUNK_BYTES = 65_536;
export const CHUNKS_MOST = 1024;
/** Bytes of what is sealed in one: whole blocks of 1,024. */
export const PLAINTEXT_BYTES = 64_512;
/** Bytes of lines and names that go into one, each with a comma behind it. */
export const ROOM = PLAINTEXT_BYTES - 40;
const HEAD_BYTES = 1 + NONCE_BYTES;
const TAG_BYTES = 16;
/** What changes other messages, or says something else than a message, has no line. */
export const NO_LINES = Object.freeze(["edit", "delete", "reaction", "read", "profile", "card", "sync", "digest"]);

/**
 * A message as it is shown; bytes stand in base64url. `content`: null where it was deleted for everybody. `edits`: how
 * often it was changed. `reactions` by chain. `timer`: seconds from reading on, 0 for none; `until`: when it is
 * forgotten, in milliseconds of the server's clock, once it was read.
 * @typedef {object} Line
 * @property {string} conversation
 * @property {number} place
 * @property {number} at
 * @property {string} chain
 * @property {string} device
 * @property {string} id
 * @property {import("./contents.js").Content|null} content
 * @property {number} edits
 * @property {{[chain: string]: string}} reactions
 * @property {number} timer
 * @property {number|null} until
 *
 * What somebody calls themselves in a conversation; of chain null: what it is called.
 * @typedef {{conversation: string, chain: string|null, name: string}} Name
 *
 * @typedef {{lines: readonly Line[], names: readonly Name[], last: boolean}} Chunk
 */

/** Bytes that a line takes in a chunk; all of it may have `ROOM`. @param {Line} line */
export const sizeOf = (line) => canonical(contentOf([line], []).lines[0]).length + 1;

/** @param {Name} name */
export const sizeOfName = (name) => canonical(name).length + 1;

/**
 * @param {Uint8Array} key  32 bytes
 * @param {Uint8Array} device  for which it is
 * @param {number} number  from 0
 * @param {Chunk} chunk
 * @param {(size: number) => Uint8Array} random
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `history_form` for what a reader would refuse
 */
export async function sealChunk(key, device, number, { lines, names, last }, random) {
  const plaintext = inForm("history_form", () => paddedJson(contentOf(lines, names)));
  refuse(plaintext.length > PLAINTEXT_BYTES, "history_form");
  read(plaintext);
  const head = Uint8Array.of(last ? 1 : 0);
  const nonce = random(NONCE_BYTES);
  return concat(head, nonce, await aeadSeal(await importAead(key), nonce, plaintext, bound(device, number, head)));
}

/**
 * @param {Uint8Array} key
 * @param {Uint8Array} device
 * @param {number} number
 * @param {Uint8Array} sealed
 * @returns {Promise<Chunk>}
 * @throws {Refusal} `history_length`, `history_broken`, `history_form`
 */
export async function openChunk(key, device, number, sealed) {
  const fits = sealed.length > HEAD_BYTES + TAG_BYTES && sealed.length <= CHUNK_BYTES;
  refuse(!fits || sealed[0] > 1, "history_length");
  const nonce = sealed.subarray(1, HEAD_BYTES);
  const ad = bound(device, number, sealed.subarray(0, 1));
  const plaintext = await aeadOpen(await importAead(key), nonce, sealed.subarray(HEAD_BYTES), ad);
  if (plaintext === null) throw new Refusal("history_broken");
  return { ...read(plaintext), last: sealed[0] === 1 };
}

/** @param {Uint8Array} device  @param {number} number  @param {Uint8Array} last */
const bound = (device, number, last) => labelled("history", device, u32(number), last);

/** @param {readonly Line[]} lines  @param {readonly Name[]} names */
const contentOf = (lines, names) => ({
  v: VERSION, names,
  lines: lines.map(({ content, ...line }) => ({ ...line, content: content === null ? null : { v: VERSION, ...content } })),
});

/** @param {Uint8Array} plaintext */
const read = (plaintext) => inForm("history_form", () => {
  const { v, lines, names } = fields(unpaddedJson(plaintext, "history_form"), "v", "lines", "names");
  if (v !== VERSION) throw new Refusal("malformed");
  return { lines: list(lines, 0, CHUNK_BYTES, readLine), names: list(names, 0, CHUNK_BYTES, readName) };
});

/** @param {unknown} value  @returns {Line} */
function readLine(value) {
  const line = fields(value, "conversation", "place", "at", "chain", "device", "id", "content", "edits", "reactions",
    "timer", "until");
  const { content, until } = line;
  if (isObject(content) && NO_LINES.includes(String(content.kind))) throw new Refusal("malformed");
  return Object.freeze({
    conversation: text(line.conversation, ID_BYTES), place: integer(line.place, 1), at: integer(line.at),
    chain: text(line.chain, HASH_BYTES), device: text(line.device, DEVICE_BYTES), id: text(line.id, ID_BYTES),
    content: content === null ? null : readContent(canonical(content)), edits: integer(line.edits),
    reactions: readReactions(line.reactions), timer: integer(line.timer, 0, TIMER_MOST),
    until: until === null ? null : integer(until),
  });
}

/** @param {unknown} value  @returns {{[chain: string]: string}} */
function readReactions(value) {
  if (!isObject(value)) throw new Refusal("malformed");
  for (const [chain, said] of Object.entries(value)) {
    bytes(chain, HASH_BYTES);
    const length = typeof said === "string" ? utf8(said).length : 0;
    if (length < 1 || length > REACTION_BYTES) throw new Refusal("malformed");
  }
  return /** @type {{[chain: string]: string}} */ (value);
}

/** @param {unknown} value  @returns {Name} */
function readName(value) {
  const { conversation, chain, name } = fields(value, "conversation", "chain", "name");
  if (typeof name !== "string" || !isName(name)) throw new Refusal("malformed");
  return Object.freeze({
    conversation: text(conversation, ID_BYTES), chain: chain === null ? null : text(chain, HASH_BYTES), name,
  });
}

/** Bytes that stay as they are written. @param {unknown} value  @param {number} length */
function text(value, length) {
  fromBase64url(value, length);
  return String(value);
}
