/** Bytes, numbers and JSON as docs/protocol.md, section 1, wants them: strict and without choice. */

import { Refusal, refuse } from "./errors.js";
import { JSON_BYTES, JSON_DEPTH } from "./limits.js";

const encoder = new TextEncoder();
// A byte order mark must reach the JSON parser, which refuses it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {string} text */
export const utf8 = (text) => encoder.encode(text);

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {number} n */
export const u16 = (n) => integer(2, (view) => view.setUint16(0, n));
/** @param {number} n */
export const u32 = (n) => integer(4, (view) => view.setUint32(0, n));
/** @param {number} n */
export const u64 = (n) => integer(8, (view) => view.setBigUint64(0, BigInt(n)));

/**
 * @param {number} size
 * @param {(view: DataView) => void} write
 */
function integer(size, write) {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}

/** @param {Uint8Array} bytes */
export const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param {Uint8Array} bytes */
export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/**
 * @param {Uint8Array} bytes
 * @returns {string} base64url without padding (1.3)
 */
export function toBase64url(bytes) {
  let binary = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * @param {unknown} text
 * @param {number} [length]  in bytes, if only one is right
 * @throws {Refusal} `malformed` for anything but the one canonical form (1.3)
 */
export function fromBase64url(text, length) {
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new Refusal("malformed");
  }
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  // `atob` forgives set bits after the last whole byte.
  refuse(toBase64url(bytes) !== text, "malformed");
  refuse(length !== undefined && bytes.length !== length, "malformed");
  return bytes;
}

/**
 * @param {unknown} text
 * @param {number} length  in bytes
 * @returns {text is string} whether it is that many bytes in base64url
 */
export function isBase64url(text, length) {
  // Cheap first: most of what is asked is an id, and a wrong length is no reason to decode.
  if (typeof text !== "string" || text.length !== Math.ceil((length * 4) / 3)) return false;
  try {
    fromBase64url(text, length);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {unknown} value
 * @param {number} [least]
 * @param {number} [most]
 * @returns {value is number} whether it is an integer as in 1.4
 */
export function isInteger(value, least = 0, most = Number.MAX_SAFE_INTEGER) {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>} a JSON object: no array, not null
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {Uint8Array|string} source
 * @param {number} [limit]  in bytes; 1.4's unless the writer is a server
 * @returns {unknown}
 * @throws {Refusal} `too_large`, or `malformed` for anything that 1.4 refuses
 */
export function readJson(source, limit = JSON_BYTES) {
  const size = typeof source === "string" ? utf8(source).length : source.length;
  refuse(size > limit, "too_large");
  let value;
  try {
    value = JSON.parse(typeof source === "string" ? source : decoder.decode(source));
  } catch {
    throw new Refusal("malformed");
  }
  check(value, 1);
  return value;
}

/**
 * @param {unknown} value
 * @param {number} depth  of this value, counted from 1
 */
function check(value, depth) {
  if (typeof value === "string") {
    refuse(!isWellFormed(value), "malformed");
  } else if (typeof value === "number") {
    // 1e400 is valid JSON and becomes Infinity.
    refuse(!Number.isFinite(value), "malformed");
  } else if (typeof value === "object" && value !== null) {
    refuse(depth > JSON_DEPTH, "malformed");
    for (const [key, item] of Object.entries(value)) {
      refuse(!isWellFormed(key), "malformed");
      check(item, depth + 1);
    }
  }
}

/** @param {string} text */
export function isWellFormed(text) {
  // Unicode mode pairs surrogates: what is left of this range is alone.
  return !/[\uD800-\uDFFF]/u.test(text);
}
