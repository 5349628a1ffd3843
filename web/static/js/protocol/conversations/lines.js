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

/** A chain as far as it was read. It grows by making another. */
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
      chain = await chain.extend(signed);
      states.push(chain);
    }
    refuse(states.length === 0, "chain_back");
    return new Line(states);
  }

  /**
   * With one statement more.
   * @param {Signed} signed
   * @returns {Promise<Line>}
   */
  async extend(signed) {
    return new Line([...this.states, await this.last.extend(signed)]);
  }

  get id() {
    return this.states[0].id;
  }

  /** As it is after the last statement that was read. */
  get last() {
    return this.states[this.states.length - 1];
  }

  /** As it was after this statement. @param {number} sequence @returns {Chain|null} null where the line ends before */
  at(sequence) {
    return this.states[sequence] ?? null;
  }

  /** Whether the account was said to be over, after this point. @param {number} sequence */
  closedAfter(sequence) {
    return this.states.slice(sequence + 1).some(({ closed }) => closed);
  }
}

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
