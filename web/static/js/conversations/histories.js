/**
 * History for a new device (docs/conversations.md, 15): this one hands over what it has shown, or fetches what another
 * one hands over. Each step is written down before the next, so that whoever is closed in between goes on from there.
 */

import { fromBase64url, isBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { SECRET_BYTES } from "../protocol/limits.js";
import { CHUNKS_MOST, NO_LINES, ROOM, openChunk, sealChunk, sizeOf, sizeOfName } from "../protocol/conversations/history.js";
import { adopted } from "./adopting.js";
import { HANDING, HISTORY, STATES, keysOf } from "./store.js";

const REGISTER = "history";
const PAGE = 50;
/** A device that never came to be is waited for as long as its link, and a little longer. */
const LINK_MS = 900_000;
const DAY_MS = 86_400_000;
/** After these the other device can't be helped by trying again. */
const BROKEN = ["history_length", "history_broken", "history_form"];

/**
 * What is handed over to a device: what came `since`, promised `at`, both in milliseconds. `queue`: conversations, and
 * before which place their lines are still to come; null: before none was. `sealed`: the chunk that is posted next; with
 * it so many `lines` have gone.
 * @typedef {object} Handing
 * @property {number} since
 * @property {number} at
 * @property {string} [key]
 * @property {number} [number]
 * @property {string|null} [sealed]
 * @property {boolean} [isLast]
 * @property {number} [lines]
 * @property {{id: string, before: number|null}[]} [queue]
 *
 * What this device is to have: the chunk that comes `next`, how many `lines` came, and `until` when it waits.
 * @typedef {{until: number, next: number, lines: number, isDone: boolean}} Awaited
 *
 * How it goes: of a device that is handed something (`device`), or of this one (null). `trouble` ends it: what came was
 * broken (a code of docs/conversations.md, 15.3), or nothing came for too long (`history_late`).
 * @typedef {{device: string|null, lines: number, isDone: boolean, trouble: string|null}} Progress
 *
 * How it stands: what this device waits for, when something of it `came` last and until when it waits, in milliseconds;
 * and how many lines it has handed to which others.
 * @typedef {{awaited: {lines: number, came: number, until: number}|null, handing: {device: string, lines: number}[]}} Standing
 */

export class Histories {
  #of;
  /** @type {Promise<void>|null} */
  #working = null;
  #isStale = false;

  /**
   * @param {object} of
   * @param {import("./member.js").Member} of.member
   * @param {import("./store.js").Store} of.store
   * @param {import("./chains.js").Chains} of.chains
   * @param {import("./own-devices.js").OwnDevices} of.own
   * @param {(progress: Progress, conversations: readonly string[]) => void} of.told
   */
  constructor(of) {
    this.#of = of;
  }

  /** What this device waits for; null: nothing. @returns {Promise<Awaited|null>} */
  async awaited() {
    return (await this.#of.store.read(HISTORY)) ?? null;
  }

  /** @returns {Promise<Standing>} */
  async standing() {
    const { store } = this.#of;
    const awaited = await this.awaited();
    const handing = [];
    for (const key of await store.keys(HANDING)) {
      const { key: begun, lines = 0 } = (await store.read(key)) ?? {};
      if (begun !== undefined) handing.push({ device: key.slice(HANDING.length), lines });
    }
    const waits = awaited !== null && !awaited.isDone;
    return { awaited: waits ? { lines: awaited.lines, came: awaited.until - DAY_MS, until: awaited.until } : null, handing };
  }

  /** Hands over and fetches what can be now. @throws {Refusal} the server's; the next time goes on */
  work() {
    // A chunk may have come while it was asked for: that is told once.
    if (this.#working !== null) this.#isStale = true;
    this.#working ??= this.#again().finally(() => { this.#working = null; });
    return this.#working;
  }

  async #again() {
    do {
      this.#isStale = false;
      await this.#work();
    } while (this.#isStale);
  }

  async #work() {
    for (const key of await this.#of.store.keys(HANDING)) await this.#handOver(key.slice(HANDING.length));
    await this.#fetch();
  }

  /** @param {string} device */
  async #handOver(device) {
    const { chains, member, own, store } = this.#of;
    const line = await chains.known(member.chain);
    /** @type {Handing|undefined} */
    let handing = await store.read(HANDING + device);
    if (line === null || handing === undefined) return;
    const id = fromBase64url(device, 16);
    if (line.last.keyOf(id) === null) {
      if (member.now() - handing.at > LINK_MS || line.last.keyEverOf(id) !== null) await this.#drop(device);
      return;
    }
    if (handing.key === undefined) {
      handing = { ...handing, key: toBase64url(member.random(SECRET_BYTES)), number: 0, sealed: null, queue: await this.#queue() };
      await this.#save(device, handing);
    }
    if (handing.number === 0 && (await own.registers()).get(REGISTER, device) === null) {
      await own.set(REGISTER, device, { key: handing.key, since: handing.since });
    }
    for (;;) {
      if (!handing.sealed) {
        handing = await this.#made(id, handing);
        await this.#save(device, handing);
      }
      try {
        await member.ask("PUT", `devices/${device}/history/${handing.number}`, { body: { chunk: handing.sealed } });
      } catch (error) {
        if (/** @type {import("../protocol/errors.js").Refusal} */ (error).code === "not_found") await this.#drop(device);
        throw error;
      }
      const isDone = handing.isLast === true;
      if (isDone) await this.#drop(device);
      this.#of.told({ device, lines: handing.lines ?? 0, isDone, trouble: null }, []);
      if (isDone) return;
      handing = { ...handing, number: Number(handing.number) + 1, sealed: null };
      await this.#save(device, handing);
    }
  }

  /** Those that are followed, by what was said last. @returns {Promise<{id: string, before: null}[]>} */
  async #queue() {
    const { own, store } = this.#of;
    const self = await own.id();
    const found = [];
    for (const key of await store.keys(STATES)) {
      const { standing, at } = await store.read(key);
      const id = key.slice(STATES.length);
      if (id !== self && standing === "following") found.push({ id, at });
    }
    return found.sort((one, other) => other.at - one.at).map(({ id }) => ({ id, before: null }));
  }

  /**
   * The next chunk: a page of each conversation in turn, as far as there is room.
   * @param {Uint8Array} device
   * @param {Handing} handing
   * @returns {Promise<Handing>}
   */
  async #made(device, handing) {
    const { member, store } = this.#of;
    const queue = [...handing.queue ?? []];
    /** @type {import("../protocol/conversations/history.js").Line[]} */
    const lines = [];
    /** @type {import("../protocol/conversations/history.js").Name[]} */
    const names = [];
    let room = ROOM;
    filling: while (queue.length > 0) {
      const { id, before } = queue[0];
      if (before === null) {
        const called = await this.#names(id);
        const size = called.reduce((sum, one) => sum + sizeOfName(one), 0);
        if (size > room) break;
        room -= size;
        names.push(...called);
        queue[0] = { id, before: Number.MAX_SAFE_INTEGER };
      }
      const page = await store.shown(id, { before: queue[0].before ?? undefined, limit: PAGE });
      for (const { place, value } of page) {
        if (isHanded(value, handing.since, member.now())) {
          const line = lineOf(id, place, value);
          const size = sizeOf(line);
          if (size > room) break filling;
          room -= size;
          lines.push(line);
        }
        queue[0] = { id, before: place };
      }
      const [done] = queue.splice(0, 1);
      if (page.length === PAGE && page[PAGE - 1].value.at >= handing.since) queue.push(done);
    }
    const isLast = queue.length === 0 || handing.number === CHUNKS_MOST - 1;
    const key = fromBase64url(handing.key, SECRET_BYTES);
    const sealed = await sealChunk(key, device, Number(handing.number), { lines, names, last: isLast }, member.random);
    return { ...handing, queue, isLast, sealed: toBase64url(sealed), lines: (handing.lines ?? 0) + lines.length };
  }

  /** What people there call themselves, and it is called. @param {string} id */
  async #names(id) {
    const { store } = this.#of;
    const keys = keysOf(id);
    const found = [];
    const card = await store.read(keys.card);
    if (card !== undefined) found.push({ conversation: id, chain: null, name: card.name });
    for (const key of await store.keys(keys.profile(""))) {
      found.push({ conversation: id, chain: key.slice(keys.profile("").length), name: (await store.read(key)).name });
    }
    return found;
  }

  async #fetch() {
    const { member, own, store } = this.#of;
    let awaited = await this.awaited();
    if (awaited === null) return;
    const device = toBase64url(member.device);
    if (awaited.isDone || member.now() > awaited.until) {
      await this.#finish(device);
      if (!awaited.isDone) this.#of.told({ device: null, lines: awaited.lines, isDone: true, trouble: "history_late" }, []);
      return;
    }
    const told = (await own.registers()).get(REGISTER, device);
    if (!isObject(told) || !isBase64url(told.key, SECRET_BYTES)) return;
    const key = fromBase64url(told.key, SECRET_BYTES);
    while (!awaited.isDone) {
      const path = `devices/${device}/history/${awaited.next}`;
      const answer = await member.ask("GET", path).catch((error) => {
        if (error.code !== "not_found") throw error;
        return null;
      });
      if (answer === null) return;
      /** @type {import("../protocol/conversations/history.js").Chunk} */
      let chunk;
      try {
        chunk = await openChunk(key, member.device, awaited.next, fromBase64url(answer.chunk));
      } catch (error) {
        const { code } = /** @type {import("../protocol/errors.js").Refusal} */ (error);
        if (!BROKEN.includes(code)) throw error;
        await this.#finish(device);
        this.#of.told({ device: null, lines: awaited.lines, isDone: true, trouble: code }, []);
        return;
      }
      const { lines, names, last } = chunk;
      /** @type {Awaited} */
      const row = { until: member.now() + DAY_MS, next: awaited.next + 1, lines: awaited.lines + lines.length, isDone: last };
      awaited = row;
      await store.change(async (within) => {
        await adopted(within, { lines, names }, { device, chain: toBase64url(member.chain), now: member.now() });
        await within.put(HISTORY, row);
      });
      await member.ask("DELETE", path);
      this.#of.told({ device: null, lines: awaited.lines, isDone: last, trouble: null },
        [...new Set(lines.map(({ conversation }) => conversation))]);
    }
    await this.#finish(device);
  }

  /** All came, or nothing comes any more: nobody keeps the key. @param {string} device */
  async #finish(device) {
    const { own, store } = this.#of;
    if ((await own.registers()).get(REGISTER, device) !== null) await own.set(REGISTER, device, null);
    await store.change(async (within) => {
      await within.remove(HISTORY);
      for (const key of await within.keys(STATES)) {
        const { unmet } = keysOf(key.slice(STATES.length));
        for (const one of await within.keys(unmet(""))) await within.remove(one);
      }
    });
  }

  /** @param {string} device  @param {Handing} handing */
  async #save(device, handing) {
    await this.#of.store.change(async (within) => within.put(HANDING + device, handing));
  }

  /** @param {string} device */
  async #drop(device) {
    await this.#of.store.change(async (within) => within.remove(HANDING + device));
  }
}

/** Whether a line is a message that others may have, too. @param {any} line  @param {number} since  @param {number} now */
const isHanded = (line, since, now) => line.kind === "message" && line.at >= since && !(line.until <= now) &&
  (line.content === null || ![...NO_LINES, "unknown"].includes(line.content.kind));

/** @param {string} conversation  @param {number} place  @param {any} line @returns {import("../protocol/conversations/history.js").Line} */
const lineOf = (conversation, place, { at, chain, device, id, content, edits = 0, reactions = {}, timer = 0, until = null }) => ({
  conversation, place, at, chain, device, id, content, edits, reactions, timer, until: isInteger(until) ? until : null,
});
