/**
 * What a server says it holds about a room (docs/protocol.md, section 9, `record`), for people to
 * look at: nothing in it is relied on, and all of its texts are the server's.
 */

import { isObject } from "./encoding.js";
import { Refusal } from "./errors.js";
import { integer, list, object, orNull, text } from "./objects.js";

/**
 * @typedef {{name: string, type: string, explained: string|null, hidden: string|null}} Column
 * @typedef {{value: string|number|boolean|null|undefined, bytes: number|null, time: string|null,
 *   sha256: string|null}} Cell  `value` is undefined where it isn't shown
 * @typedef {{name: string, explained: string|null, columns: Column[], rows: Cell[][], rest: number,
 *   apart: string|null}} Table
 * @typedef {{place: string, name: string, count: number|null, explained: string}} Elsewhere
 * @typedef {{tables: Table[], elsewhere: Elsewhere[]}} Record
 */

/**
 * @template T
 * @param {(value: unknown) => T} read
 * @returns {(value: unknown) => T|null} absent and null are the same
 */
const maybe = (read) => (value) => orNull(read)(value ?? null);

/** @param {unknown} value  @returns {Record} */
export function readRecord(value) {
  const o = object(value);
  return {
    tables: list(o.tables).map(readTable),
    elsewhere: list(o.elsewhere).map(readElsewhere),
  };
}

/** @param {unknown} value  @returns {Table} */
function readTable(value) {
  const o = object(value);
  const columns = list(o.columns).map(readColumn);
  const rows = list(o.rows).map((row) => list(row).map(readCell));
  if (rows.some((row) => row.length !== columns.length)) throw new Refusal("malformed");
  return {
    name: text(o.name), explained: maybe(text)(o.explained), columns, rows,
    rest: integer(o.rest), apart: maybe(text)(o.apart),
  };
}

/** @param {unknown} value  @returns {Column} */
function readColumn(value) {
  const o = object(value);
  return {
    name: text(o.name), type: text(o.type),
    explained: maybe(text)(o.explained), hidden: maybe(text)(o.hidden),
  };
}

/** @param {unknown} value  @returns {Cell} */
function readCell(value) {
  const o = object(value);
  const bytes = maybe(integer)(o.bytes);
  const told = /** @type {any} */ (o.value);
  if (isObject(told) || Array.isArray(told)) throw new Refusal("malformed");
  if (told === undefined && bytes === null) throw new Refusal("malformed");
  return { value: told, bytes, time: maybe(text)(o.time), sha256: maybe(text)(o.sha256) };
}

/** @param {unknown} value  @returns {Elsewhere} */
function readElsewhere(value) {
  const o = object(value);
  return {
    place: text(o.place), name: text(o.name),
    count: maybe(integer)(o.count), explained: text(o.explained),
  };
}
