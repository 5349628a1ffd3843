/** People with chains, who make records for each other: what tests of conversations begin with. */

import { add, close, genesis, recover, remove } from "../../web/static/js/protocol/accounts/making.js";
import { generateKey } from "../../web/static/js/protocol/accounts/signing.js";
import { consent, deviceId } from "../../web/static/js/protocol/accounts/statements.js";
import { Line, Lines } from "../../web/static/js/protocol/conversations/lines.js";
import { signRecord } from "../../web/static/js/protocol/conversations/epochs.js";

const SEAL = new Uint8Array(32).fill(7);

export const randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));

/** A walk that goes the same way each time: whole numbers below a limit. */
export function walk(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export class Someone {
  /** Signing keys of the active devices, and a public sealing key of each. */
  devices = [];

  /** @param {number} [devices] */
  static async with(devices = 1) {
    const someone = new Someone();
    someone.words = await generateKey();
    const first = await someone.#device();
    const made = await genesis(first.key, someone.words.publicBytes, SEAL);
    someone.statements = [made];
    someone.line = await Line.of([made]);
    for (let more = 1; more < devices; more += 1) await someone.adds();
    return someone;
  }

  get chain() {
    return this.line.id;
  }

  /** The lines of these people, as they are now. @param {Someone[]} people */
  static lines(people) {
    return new Lines(people.map(({ line }) => line));
  }

  async adds() {
    const made = await this.#device();
    const agreed = await consent(made.key, this.chain);
    await this.#says(await add(this.line.last, this.devices[0].key, made.key.publicBytes, agreed));
    return made;
  }

  /** The oldest of several goes. */
  async removes() {
    const [gone, other] = this.devices;
    await this.#says(await remove(this.line.last, other.key, gone.id));
    this.devices.shift();
  }

  async closes() {
    await this.#says(await close(this.line.last, this.words));
    this.devices = [];
  }

  async recovers() {
    this.devices = [];
    const made = await this.#device();
    await this.#says(await recover(this.line.last, this.words, made.key.publicBytes, await consent(made.key, this.chain)));
  }

  async #device() {
    const key = await generateKey();
    const made = { key, id: await deviceId(key.publicBytes), number: 1, sealing: randomBytes(1216) };
    this.devices.push(made);
    return made;
  }

  async #says(signed) {
    this.line = await this.line.extend(signed);
    this.statements.push(signed);
  }
}

/** What each device of these people has published. @param {Someone[]} people */
export const keysOf = (people) => (device) => {
  const found = people.flatMap(({ devices }) => devices).find(({ id }) => id.join() === device.join());
  return found ? { number: found.number, key: found.sealing } : null;
};

/** A record as its author posts it; the boxes are of nothing here. @param {object} record  @param {CryptoKeyPair} key */
export const signedBy = (record, key) => signRecord(key, record.encode(), record.devices.map(() => new Uint8Array(0)));
