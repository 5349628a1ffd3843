/** What a server says it holds: read as it comes, refused when it has another form. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readRecord } from "../../web/static/js/protocol/record.js";

const column = { name: "c", type: "text", explained: null, hidden: null };
const table = { name: "t", explained: "x", columns: [column], rows: [[{ value: 1 }]], rest: 0, apart: null };
const elsewhere = { place: "memory", name: "x", count: null, explained: "y" };
const record = (changes) => ({ now: 1, tables: [{ ...table, ...changes }], elsewhere: [elsewhere] });
const cell = (value) => readRecord(record({ rows: [[value]] })).tables[0].rows[0][0];
const refused = { code: "malformed" };

describe("a record", () => {
  test("tells a value that is null from one that is not shown", () => {
    assert.deepEqual(cell({ value: null }), { value: null, bytes: null, time: null, sha256: null });
    assert.deepEqual(cell({ bytes: 32 }), { value: undefined, bytes: 32, time: null, sha256: null });
    assert.deepEqual(cell({ bytes: 3, sha256: "ab" }), { value: undefined, bytes: 3, time: null, sha256: "ab" });
    assert.equal(cell({ value: false }).value, false);
    assert.equal(cell({ value: 5, time: "1970" }).time, "1970");
  });

  test("has what is held elsewhere, and ignores what it doesn't know", () => {
    const found = readRecord({ ...record({ colour: "red" }), more: 1 });
    assert.deepEqual(found.elsewhere, [elsewhere]);
    assert.equal("colour" in found.tables[0], false);
  });

  for (const [what, changes] of Object.entries({
    "a row that is too short": { rows: [[]] },
    "a row that is none": { rows: [{ value: 1 }] },
    "an empty cell": { rows: [[{}]] },
    "a value that is an object": { rows: [[{ value: { x: 1 } }]] },
    "a value that is an array": { rows: [[{ value: [1] }]] },
    "a length that is none": { rows: [[{ bytes: -1 }]] },
    "a name that is none": { name: 7 },
    "columns that are none": { columns: "c" },
    "a rest that is none": { rest: null },
  })) {
    test(`with ${what} is refused`, () => assert.throws(() => readRecord(record(changes)), refused));
  }
});
