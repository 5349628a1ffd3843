/**
 * What a person has done on one of their devices and counts on all: how far they have read, what they have hidden, what
 * they call themselves (docs/conversations.md, 9.2). Each works within a change of the store.
 */

import { isInteger } from "../protocol/encoding.js";
import { placeOf } from "./met.js";
import { readState } from "./state.js";
import { INVITATION, STATES, keysOf, readRegister } from "./store.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./store.js").Within} Within
 */

/** So many places are looked through for what is unread behind a mark; behind more of them the count stays. */
const LOOKED_THROUGH = 500;

/** Whether a line is of a message by somebody else. @param {any} line  @param {string} own  chain */
export const isOfOthers = (line, own) => line?.kind === "message" && line.chain !== own;

/** Whether a message names somebody. @param {any} line  @param {string} own  chain */
export const isMentioned = (line, own) => line.content?.body.mentions?.includes(own) === true;

/**
 * A state in which all up to a place was read.
 * @param {Within} within
 * @param {string} id
 * @param {State} state
 * @param {number} mark
 * @param {string} own  chain
 * @returns {Promise<State>}
 */
export async function marked(within, id, state, mark, own) {
  if (mark <= state.mark) return state;
  if (mark >= state.place) return { ...state, mark, unread: 0, mentioned: 0 };
  if (state.place - mark > LOOKED_THROUGH) return { ...state, mark };
  let [unread, mentioned] = [0, 0];
  for (let place = mark + 1; place <= state.place; place += 1) {
    const line = await within.line(id, place);
    if (!isOfOthers(line, own)) continue;
    unread += 1;
    if (isMentioned(line, own)) mentioned += 1;
  }
  return { ...state, mark, unread, mentioned };
}

/** How a message that is hidden is named to own devices. @param {string} id  @param {{device: string, id: string}} message */
export const hiddenKey = (id, message) => `${id}.${message.device}.${message.id}`;

/** Whether it was hidden on another own device. @param {Within} within  @param {string} id  @param {{device: string, id: string}} message */
export const isHidden = async (within, id, message) => Object.hasOwn(await readRegister(within, "hidden"), hiddenKey(id, message));

/**
 * What another own device has said has its effect here.
 * @param {Within} within
 * @param {import("../protocol/conversations/contents.js").Body} said
 * @param {string} own  chain
 * @returns {Promise<string|null>} the conversation in which something is shown otherwise
 */
export async function heardOfOwn(within, { register, key, value }, own) {
  if (register === "read") return readElsewhere(within, String(key), value, own);
  if (register === "hidden" && value !== null) return hiddenElsewhere(within, String(key));
  if (register === "profile") await renamed(within);
  // One that was used or withdrawn on another device.
  if (register === "links" && value === null) await within.remove(INVITATION + String(key));
  return null;
}

/** All are to be told what this person is called now. @param {Within} within */
async function renamed(within) {
  for (const key of await within.keys(STATES)) await within.put(key, { ...await within.read(key), strange: true });
}

/** @param {Within} within  @param {string} id  @param {unknown} mark  @param {string} own */
async function readElsewhere(within, id, mark, own) {
  const state = await readState(within, id);
  if (state === null || !isInteger(mark)) return null;
  const after = await marked(within, id, state, mark, own);
  await within.put(keysOf(id).state, { ...after, told: Math.max(after.told, mark) });
  return id;
}

/** @param {Within} within  @param {string} key */
async function hiddenElsewhere(within, key) {
  const [id, device, message] = key.split(".");
  const place = message === undefined ? undefined : await placeOf(within, id, { device, id: message });
  if (place === undefined) return null;
  await within.hide(id, place);
  return id;
}
