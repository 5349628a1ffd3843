/** What those who watch a film together say to each other (docs/files.md, 14): kept nowhere, and good for a few seconds. */

import { labelled } from "../accounts/derivation.js";
import { concat, isInteger, u32, u64, viewOf } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal } from "../keys.js";
import { ID_BYTES, NONCE_BYTES } from "../limits.js";
import { exported } from "./epochs.js";

/**
 * @typedef {object} Where
 * @property {Uint8Array} seed  of the epoch
 * @property {Uint8Array} record  its hash
 * @property {Uint8Array} conversation
 * @property {Uint8Array} file
 * @property {Uint8Array} device  that says it
 *
 * `by`: whose wish it was, by device. `position` and `at`, `sent`: milliseconds of the film, and of the server's clock.
 * `rate` in thousandths. `isHeld`: it stands still for somebody who has nothing to go on with. `isWaiting`: others are
 * waited for. `isStalled`, `isLeaving`: of who says it.
 * @typedef {{session: Uint8Array, n: number, by: Uint8Array, isPlaying: boolean, isHeld: boolean, isWaiting: boolean,
 *   isStalled: boolean, isLeaving: boolean, position: number, at: number, rate: number, sent: number}} Said
 */

const VERSION = 1;
const STATE_BYTES = 63;
const TAG_BYTES = 16;
const SEALED_BYTES = 1 + NONCE_BYTES + STATE_BYTES + TAG_BYTES;
const POSITION_MOST = 86_400_000 * 7;
const TIME_MOST = 2 ** 53 - 1;
/** Wishes run ahead of what is known by so many at most, and none of another session is higher: the numbers can't be used up. */
const AHEAD = 64;
const OTHER_MOST = 2 ** 31;
/** Those of base64url, in the order of what they stand for. */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const RATE_LEAST = 250;
export const RATE_MOST = 4000;
/** @type {readonly ("isPlaying"|"isHeld"|"isWaiting"|"isStalled"|"isLeaving")[]} */
const FLAGS = Object.freeze(["isPlaying", "isHeld", "isWaiting", "isStalled", "isLeaving"]);

/**
 * Which of all wishes this is, `session` and `by` in base64url.
 * @typedef {{session: string, n: number, by: string}} Which
 */

/**
 * Whether a wish takes the place of the one that is known.
 * @param {Which} next
 * @param {Which|null} known  null: none is, or nobody holds to it any more
 */
export function isNewer(next, known) {
  // Where two have begun at once all go where one can only go.
  if (next.session !== known?.session) return next.n <= OTHER_MOST && (known === null || isHigher(next.session, known.session));
  if (next.n > known.n + AHEAD) return false;
  return next.n > known.n || (next.n === known.n && isHigher(next.by, known.by));
}

/** As bytes are compared. @param {string} one  @param {string} other */
function isHigher(one, other) {
  const at = [...one].findIndex((digit, index) => digit !== other[index]);
  return at >= 0 && DIGITS.indexOf(one[at]) > DIGITS.indexOf(other[at]);
}

/** @param {Where} where */
const bound = ({ conversation, record, device, file }) => labelled("together", conversation, record, device, file);

/** @param {Where} where */
const keyOf = async ({ seed, record, file }) =>
  crypto.subtle.importKey("raw", /** @type {BufferSource} */ (await exported(seed, record, "together", file)), "AES-GCM", false, ["encrypt", "decrypt"]);

/**
 * @param {Where} where
 * @param {Said} said
 * @param {(size: number) => Uint8Array} random
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `together_form` for what nobody reads
 */
export async function sealTogether(where, said, random) {
  check(said);
  const flags = FLAGS.reduce((sum, name, at) => sum + (said[name] ? 2 ** at : 0), 0);
  const state = concat(said.session, u32(said.n), said.by, Uint8Array.of(flags), u64(said.position), u64(said.at),
    Uint8Array.of(Math.floor(said.rate / 256), said.rate % 256), u64(said.sent));
  const nonce = random(NONCE_BYTES);
  return concat(Uint8Array.of(VERSION), nonce, await aeadSeal(await keyOf(where), nonce, state, bound(where)));
}

/**
 * @param {Where} where
 * @param {Uint8Array} sealed
 * @returns {Promise<Said>}
 * @throws {Refusal} `together_open`: of another film, epoch or device, or none at all; `together_form`
 */
export async function openTogether(where, sealed) {
  refuse(sealed.length !== SEALED_BYTES || sealed[0] !== VERSION, "together_open");
  const state = await aeadOpen(await keyOf(where), sealed.subarray(1, 1 + NONCE_BYTES), sealed.subarray(1 + NONCE_BYTES), bound(where));
  if (state === null) throw new Refusal("together_open");
  const view = viewOf(state);
  const flags = view.getUint8(36);
  refuse(flags >= 2 ** FLAGS.length, "together_form");
  const number = (/** @type {number} */ at) => {
    const found = view.getBigUint64(at);
    refuse(found > BigInt(TIME_MOST), "together_form");
    return Number(found);
  };
  const said = /** @type {Said} */ ({
    session: state.slice(0, 16), n: view.getUint32(16), by: state.slice(20, 36), position: number(37), at: number(45),
    rate: view.getUint16(53), sent: number(55),
    ...Object.fromEntries(FLAGS.map((name, at) => [name, (flags & (1 << at)) !== 0])),
  });
  check(said);
  return said;
}

/** @param {Said} said */
function check({ session, n, by, position, at, rate, sent, isPlaying, isHeld }) {
  const isRight = session.length === ID_BYTES && by.length === ID_BYTES && isInteger(n, 1, 2 ** 32 - 1)
    && isInteger(position, 0, POSITION_MOST) && isInteger(at, 0, TIME_MOST) && isInteger(sent, 0, TIME_MOST)
    && isInteger(rate, RATE_LEAST, RATE_MOST) && !(isPlaying && isHeld);
  refuse(!isRight, "together_form");
}
