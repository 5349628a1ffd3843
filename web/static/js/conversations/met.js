/** Where the messages of a conversation stand, by their ids: those of this epoch and the one before each in a row, older ones together. */

import { keysOf } from "./store.js";

/** @typedef {{device: string, id: string}} Named  a message, as others name it */

/**
 * @param {import("./store.js").Reader} store
 * @param {string} id  of the conversation
 * @param {Named} message
 * @returns {Promise<number|undefined>} its place; undefined: it was never met here
 */
export async function placeOf(store, id, message) {
  const keys = keysOf(id);
  const fresh = await store.read(keys.message(message.device, message.id));
  if (fresh !== undefined) return fresh;
  for (const block of (await store.keys(keys.older)).reverse()) {
    const place = (await store.read(block))[`${message.device}.${message.id}`];
    if (place !== undefined) return place;
  }
  return undefined;
}

/**
 * Ids of messages of older epochs are looked for seldom.
 * @param {import("./store.js").Within} within
 * @param {string} id  of the conversation
 * @param {number} place  of the record before
 */
export async function putAway(within, id, place) {
  const keys = keysOf(id);
  for (const key of await within.keys(keys.messages)) {
    const at = await within.read(key);
    if (at >= place) continue;
    const block = keys.block(at);
    await within.put(block, { ...await within.read(block), [key.slice(keys.messages.length)]: at });
    await within.remove(key);
  }
}
