/** How a device stands to a conversation, as it keeps it; and the parts that all who work at one share. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { SignedRecord } from "../protocol/conversations/records.js";
import { keysOf } from "./store.js";

/**
 * `request`: nobody who may has added this account; nothing is read. `refused`: its record broke a rule, which `why`
 * names. `left`: by oneself, or removed. `gone`: the server has none any more.
 * @typedef {"following"|"request"|"refused"|"left"|"gone"} Standing
 *
 * The record in force at the place up to which was read; `R` in base64url.
 * @typedef {{epoch: number, R: string, place: number}} InForce
 *
 * @typedef {object} State
 * @property {Standing} standing
 * @property {string|null} why
 * @property {string|null} reason  by which the first record was accepted
 * @property {number} place  up to which the log was read
 * @property {string} hash  of the log there, base64url
 * @property {number} back  up to here it was read before a server went back
 * @property {number} first  from this place on what is said can be opened here
 * @property {InForce} record
 * @property {boolean} pinned  it began from a record that own devices have followed
 * @property {boolean} listed  it lists this device
 * @property {boolean} keyed  the seed of its epoch is here
 * @property {{device: string, code: string}|null} blamed  whose box could not be opened
 * @property {number} mended  when this device has last begun an epoch for that, in milliseconds
 * @property {boolean} unnamed  this device is to tell newcomers what was said before for all: the
 *   conversation's name, or the registers
 * @property {boolean} copied  somebody else acts with this device's keys
 * @property {number} queued  of what was ever put into the outbox
 * @property {number} acknowledged
 * @property {{[chain: string]: number}} reads  how far people say that they have read
 * @property {number} last  the place of the last message that is shown; 0: none
 * @property {number} at  when it came, or the first record, by the server's clock in milliseconds
 * @property {number} heard  the place of the last message of somebody else
 * @property {number} mark  up to which place it was read here, or on another own device
 * @property {number} told  up to which place other own devices know that
 * @property {number} unread  messages of others behind the mark
 * @property {number} mentioned  those of them that name oneself
 * @property {boolean} strange  people or devices have come to whom this person hasn't said who they are
 *
 * @typedef {object} Parts
 * @property {import("./member.js").Member} member
 * @property {import("./store.js").Store} store
 * @property {import("./conversation-api.js").ConversationApi} api
 * @property {import("./chains.js").Chains} chains
 * @property {import("./contacts.js").Contacts} contacts
 * @property {() => Promise<import("../protocol/conversations/contents.js").Body|null>} profile  what this account calls
 *   itself, also where its own devices are still to be told
 * @property {(conversation: string) => void} changed  there is something else to be shown
 * @property {() => import("./member.js").Priority} urgency  of what is read
 *
 * @typedef {{state: State, signed: SignedRecord, seed: Uint8Array|null}} Standpoint  what whoever goes on begins from
 */

/** A state before anything was read. @param {Pick<State, "place"|"hash"|"first"|"record"|"reason"|"listed">} begin @returns {State} */
export const newState = (begin) => ({
  standing: "following", why: null, keyed: false, blamed: null, mended: 0, unnamed: false, copied: false, back: 0, pinned: false, queued: 0,
  acknowledged: 0, reads: {}, last: 0, at: 0, heard: 0, mark: 0, told: 0, unread: 0, mentioned: 0, strange: true, ...begin,
});

/**
 * @param {import("./store.js").Reader} store
 * @param {string} id
 * @returns {Promise<State|null>}
 */
export const readState = async (store, id) => (await store.read(keysOf(id).state)) ?? null;

/**
 * A record of the line of good ones.
 * @param {import("./store.js").Reader} store
 * @param {string} id
 * @param {number} epoch
 * @returns {Promise<SignedRecord|null>}
 */
export async function readRecord(store, id, epoch) {
  const entry = await store.read(keysOf(id).record(epoch));
  return entry === undefined ? null : SignedRecord.read(fromBase64url(entry));
}

/**
 * @param {import("./store.js").Reader} store
 * @param {string} id
 * @param {State} state
 * @returns {Promise<Standpoint>}
 */
export async function standpoint(store, id, state) {
  const signed = await readRecord(store, id, state.record.epoch);
  if (signed === null) throw new Refusal("storage_broken");
  const kept = await store.read(keysOf(id).seed(state.record.epoch));
  return { state, signed, seed: kept === undefined ? null : fromBase64url(kept.seed, 32) };
}

/** @param {State} one  @param {State|null} other  whether nothing was read in between */
export const isAt = (one, other) => other !== null && one.place === other.place && one.hash === other.hash;

/** @param {SignedRecord} signed  @param {number} place  @returns {InForce} */
export const inForce = (signed, place) => ({ epoch: signed.record.epoch, R: toBase64url(signed.hash), place });
