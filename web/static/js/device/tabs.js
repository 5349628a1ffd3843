/**
 * The other tabs of this browser: whether one of them is in a room. Nothing is stored for that. What is asked
 * names the room by a hash with a salt drawn for this one question, which tells nobody anything who isn't in it.
 */

import { concat, fromBase64url, toBase64url } from "../protocol/encoding.js";
import { sha256 } from "../protocol/keys.js";
import { randomBytes } from "./random.js";

const SALT_BYTES = 16;
/** A tab that nobody looks at is slower, but not by much: it answers a message, not a timer. */
const PATIENCE_MS = 400;

/** @typedef {Pick<BroadcastChannel, "postMessage"|"close"|"addEventListener">} Channel */

/** A way to them, or null where the browser has none. @returns {Channel|null} */
export function otherTabs() {
  try {
    return new BroadcastChannel("ephemeral");
  } catch {
    return null;
  }
}

/** @param {Uint8Array} salt  @param {string} locator */
const named = async (salt, locator) => toBase64url(await sha256(concat(salt, fromBase64url(locator))));

/**
 * From now on says yes to whoever asks for this room.
 * @param {Channel|null} channel
 * @param {string} locator  base64url
 * @returns {() => void} ends it
 */
export function answerTabs(channel, locator) {
  channel?.addEventListener("message", async ({ data }) => {
    try {
      const { salt, room } = data;
      if (salt !== undefined && (await named(fromBase64url(salt, SALT_BYTES), locator)) === room) channel.postMessage({ here: room });
    } catch {
      // Not a question of this page.
    }
  });
  return () => channel?.close();
}

/**
 * Whether another tab is in this room. A tab that is closed or asleep says nothing.
 * @param {Channel|null} channel  is closed then
 * @param {string} locator
 * @param {number} [patience]  milliseconds
 * @returns {Promise<boolean>}
 */
export async function askTabs(channel, locator, patience = PATIENCE_MS) {
  if (channel === null) return false;
  const salt = randomBytes(SALT_BYTES);
  const room = await named(salt, locator);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const found = await new Promise((resolve) => {
    channel.addEventListener("message", ({ data }) => { if (data?.here === room) resolve(true); });
    channel.postMessage({ salt: toBase64url(salt), room });
    timer = setTimeout(() => resolve(false), patience);
  });
  clearTimeout(timer);
  channel.close();
  return found;
}
