/**
 * Lines: chains with every state that they were in (docs/conversations.md, 2.6 and 3). A record names a point of each
 * person's chain, and what it says is judged by the devices that were active there.
 */

import { Chain } from "../accounts/chain.js";
import { isSame } from "../accounts/derivation.js";
import { hex } from "../encoding.js";
import { refuse } from "../errors.js";

/** Devices of all people together; each person may have two, however many they are. */
const DEVICES_MOST = 100;
const DEVICES_LEAST = 2;

/** @typedef {import("../accounts/statements.js").Signed} Signed */

/**
 * A chain as far as it was read, with the state after each statement. It grows by making another. All states but the
 * last are kept without what grows with each statement, or the memory of a line would with the square of its length: of
 * the hashes they have the last alone, and no removed devices.
 */
export class Line {
  /** @param {readonly Chain[]} states */
  constructor(states) {
    this.states = states;
    Object.freeze(this);
  }

  /**
   * @param {Iterable<Signed>} statements  from GENESIS on
   * @returns {Promise<Line>}
   * @throws {Refusal} of the first statement that breaks a rule of chains; `chain_back` for none at all
   */
  static async of(statements) {
    const states = [];
    let chain = Chain.empty();
    for (const signed of statements) {
      if (chain.sequence >= 0) states.push(thin(chain));
      chain = await chain.extend(signed);
    }
    refuse(chain.sequence < 0, "chain_back");
    return new Line([...states, chain]);
  }

  /**
   * With one statement more.
   * @param {Signed} signed
   * @returns {Promise<Line>}
   */
  async extend(signed) {
    const reached = await this.last.extend(signed);
    return new Line([...this.states.slice(0, -1), thin(this.last), reached]);
  }

  get id() {
    return this.last.id;
  }

  /** As it is after the last statement that was read. */
  get last() {
    return this.states[this.states.length - 1];
  }

  /**
   * As it was after this statement, but for devices removed before it.
   * @param {number} sequence
   * @returns {Chain|null} null where the line ends before
   */
  at(sequence) {
    const { last } = this;
    const state = this.states[sequence];
    if (state === undefined || sequence === last.sequence) return state ?? null;
    return new Chain({ ...state, hashes: last.hashes.slice(0, sequence + 1) });
  }

  /** Whether the account was said to be over, after this point. @param {number} sequence */
  closedAfter(sequence) {
    return this.states.slice(sequence + 1).some(({ closed }) => closed);
  }
}

/** The state without what grows, but for its head. @param {Chain} chain */
const thin = (chain) => new Chain({ ...chain, hashes: [chain.head], removed: [] });

/** Lines of many people, by the ids of their chains. It grows by making another; a line stays the same. */
export class Lines {
  /** @type {ReadonlyMap<string, Line>} */
  #known;

  /** @param {Iterable<Line>} [lines] */
  constructor(lines = []) {
    this.#known = new Map(Array.from(lines, (line) => [hex(line.id), line]));
    Object.freeze(this);
  }

  /** @param {Uint8Array} chain @returns {Line|null} */
  get(chain) {
    return this.#known.get(hex(chain)) ?? null;
  }

  /** With this line in the place of what was known of its chain. @param {Line} line */
  with(line) {
    return new Lines([...this.#known.values(), line]);
  }

  [Symbol.iterator]() {
    return this.#known.values();
  }
}

/** How many devices of one person are listed where so many people are. @param {number} people */
export const devicesEach = (people) => Math.max(DEVICES_LEAST, Math.floor(DEVICES_MOST / people));

/**
 * The devices that a record with these people lists, at the points named (2.6), with whose they are. One that two
 * people have is listed once, of the first: else somebody with two accounts could see to it that no record is right.
 * @template {Pick<import("./records.js").Person, "chain"|"sequence">} P
 * @param {readonly P[]} people
 * @param {Lines} lines
 * @returns {{device: Uint8Array, person: P}[]|null} null where a line ends before its point
 */
export function listedOf(people, lines) {
  /** @type {Map<string, {device: Uint8Array, person: P}>} */
  const listed = new Map();
  for (const person of people) {
    const state = lines.get(person.chain)?.at(person.sequence);
    if (!state) return null;
    for (const { id } of state.devices.slice(0, devicesEach(people.length))) {
      if (!listed.has(hex(id))) listed.set(hex(id), { device: id, person });
    }
  }
  return [...listed.values()];
}

/**
 * These devices alone.
 * @param {readonly Pick<import("./records.js").Person, "chain"|"sequence">[]} people
 * @param {Lines} lines
 */
export const listedDevices = (people, lines) => listedOf(people, lines)?.map(({ device }) => device) ?? null;

/** Whether two lists name the same devices in the same order. @param {readonly Uint8Array[]} one @param {readonly Uint8Array[]} other */
export const isSameDevices = (one, other) =>
  one.length === other.length && one.every((device, at) => isSame(device, other[at]));
