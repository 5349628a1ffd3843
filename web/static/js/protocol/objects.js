/**
 * What servers send, as clients read it (docs/protocol.md, sections 9 and 10). A server is not
 * believed: whatever has another form is refused as `malformed`; unknown keys are ignored (1.5).
 * Ids and other bytes stay base64url until something has to be computed with them.
 */

import { isBase64url, isInteger, isObject } from "./encoding.js";
import { Refusal } from "./errors.js";
import { ID_BYTES, PROFILE_BYTES, SEATS, SECRET_BYTES } from "./limits.js";

/** Fates of a message, as servers name them. */
export const FATES = Object.freeze(["viewed", "unconfirmed", "expired", "withdrawn"]);

/** @param {unknown} value */
export function object(value) {
  if (!isObject(value)) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
export function integer(value) {
  if (!isInteger(value)) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
export function boolean(value) {
  if (typeof value !== "boolean") throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
export function text(value) {
  if (typeof value !== "string") throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
export function id(value) {
  if (!isBase64url(value, ID_BYTES)) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
export function list(value) {
  if (!Array.isArray(value)) throw new Refusal("malformed");
  return /** @type {unknown[]} */ (value);
}

/**
 * @template T
 * @param {(value: unknown) => T} read
 * @returns {(value: unknown) => T|null}
 */
export const orNull = (read) => (value) => (value === null ? null : read(value));

/** @param {unknown} value */
export function audience(value) {
  if (value === null) return null;
  const members = list(value);
  if (members.length > SEATS[1]) throw new Refusal("malformed");
  return members.map(id);
}

/**
 * @param {unknown} value
 * @param {readonly string[]} known
 */
function oneOf(value, known) {
  if (typeof value !== "string" || !known.includes(value)) throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value */
export function readRoom(value) {
  const o = object(value);
  return {
    now: integer(o.now),
    charter: text(o.charter),
    mac: text(o.mac),
    locked: boolean(o.locked),
    joins: integer(o.joins),
    seatsTaken: integer(o.seats_taken),
    createdAt: integer(o.created_at),
    expiresAt: integer(o.expires_at),
  };
}

/** @param {unknown} value */
export function readMember(value) {
  const o = object(value);
  return {
    id: id(o.member),
    // What is none counts as none (7.5).
    profile: isBase64url(o.profile, PROFILE_BYTES) ? o.profile : null,
    joinedAt: integer(o.joined_at),
    seenAt: integer(o.seen_at),
    present: boolean(o.present),
  };
}

/** @param {unknown} value */
export function readNotice(value) {
  const o = object(value);
  return {
    id: id(o.id),
    sequence: integer(o.sequence),
    author: id(o.author),
    size: integer(o.size),
    postedAt: integer(o.posted_at),
    expiresAt: integer(o.expires_at),
    leased: oneOf(o.state, ["stored", "opened"]) === "opened",
    holder: orNull(id)(o.holder),
    leaseUntil: orNull(integer)(o.lease_until),
    audience: audience(o.audience),
    opened: integer(o.opened),
    returns: integer(o.returns),
    attachment: orNull(integer)(o.attachment ?? null),
  };
}

/** @param {unknown} value */
export function readReceipt(value) {
  const o = object(value);
  return {
    id: id(o.id),
    state: oneOf(o.state, ["stored", "opened", ...FATES, "unknown"]),
    sequence: orNull(integer)(o.sequence),
    postedAt: orNull(integer)(o.posted_at),
    expiresAt: orNull(integer)(o.expires_at),
    viewing: orNull(text)(o.viewing),
    audience: audience(o.audience),
    opened: orNull(integer)(o.opened),
    returns: orNull(integer)(o.returns),
    reader: orNull(id)(o.reader),
    endedAt: orNull(integer)(o.ended_at),
  };
}

/** @param {unknown} value */
export function readOpened(value) {
  const o = object(value);
  return {
    id: id(o.id),
    author: id(o.author),
    envelope: text(o.envelope),
    leaseUntil: integer(o.lease_until),
  };
}

/** @param {unknown} value  the event `destroyed` */
export function readDestroyed(value) {
  const o = object(value);
  return {
    id: id(o.id),
    state: oneOf(o.state, FATES),
    viewing: orNull(text)(o.viewing),
    reader: orNull(id)(o.member),
    opened: orNull(integer)(o.opened ?? null),
    endedAt: orNull(integer)(o.ended_at ?? null),
  };
}

/**
 * @param {unknown} value  the `error` object of section 10
 * @returns {Refusal} without the server's words
 */
export function readError(value) {
  const o = isObject(value) ? value : {};
  const code = typeof o.code === "string" && /^[a-z_]{1,40}$/.test(o.code) ? o.code : "internal";
  return new Refusal(code, {
    retryAfter: isInteger(o.retry_after, 0, 86_400) ? o.retry_after : null,
    state: typeof o.state === "string" && FATES.includes(o.state) ? o.state : null,
    now: isInteger(o.now) ? o.now : null,
    more: o.details,
  });
}

/**
 * @template T
 * @param {(value: unknown) => T} read
 * @param {unknown} value
 * @returns {T|null} null for what isn't in the protocol's form
 */
export function readOr(read, value) {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/**
 * @param {unknown} value  what should be viewing bytes
 * @returns {value is string}
 */
export const isViewing = (value) => isBase64url(value, SECRET_BYTES);

/**
 * @typedef {ReturnType<typeof readRoom>} Room
 * @typedef {ReturnType<typeof readMember>} Member
 * @typedef {ReturnType<typeof readNotice>} Notice
 * @typedef {ReturnType<typeof readReceipt>} Receipt
 * @typedef {ReturnType<typeof readOpened>} Opened
 * @typedef {ReturnType<typeof readDestroyed>} Destroyed
 */
