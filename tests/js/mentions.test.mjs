/** Who is named in what somebody writes. */

import { describe, mock, test } from "node:test";
import assert from "node:assert/strict";
import { finderOf, meantBy, mentionsIn, nameBefore } from "../../web/static/js/conversations/mentions.js";

const PEOPLE = [
  { chain: "bo", name: "Bo" }, { chain: "anna", name: "Anna" }, { chain: "anna maria", name: "Anna Maria" },
  { chain: "dara", name: "دارا" }, { chain: "namesake", name: "Bo" }, { chain: "nobody", name: "" },
];
const named = (text) => mentionsIn(text, PEOPLE).map(({ chain, start, end }) => [chain, text.slice(start, end)]);

describe("a mention", () => {
  for (const [text, found] of [
    ["@Bo and @Anna", [["bo", "@Bo"], ["anna", "@Anna"]]],
    ["(@bo), @ANNA MARIA!", [["bo", "@bo"], ["anna maria", "@ANNA MARIA"]]],
    ["@Anna's, @Anna Marias", [["anna", "@Anna"], ["anna", "@Anna"]]],
    ["سلام @دارا؟", [["dara", "@دارا"]]],
    ["mail bo@Bo, 𝒳@Bo", []],
    ["@Bob @Boé @Bo1 @Bo_ @ Bo @", []],
    ["@@Bo", [["bo", "@Bo"]]],
  ]) {
    test(`of ${JSON.stringify(text)}`, () => assert.deepEqual(named(text), found));
  }

  test("never overlaps another one", () => {
    const found = mentionsIn("@-@-@-", [{ chain: "dash", name: "-@-" }]);
    assert.deepEqual(found.map(({ start, end }) => [start, end]), [[0, 4]]);
  });

  test("is looked for at so many places at most, whatever somebody writes and calls themselves", () => {
    const people = Array.from({ length: 50 }, (_, at) => ({ chain: `${at}`, name: `${"@".repeat(at + 1)}x` }));
    const { normalize } = String.prototype;
    const folds = mock.method(String.prototype, "normalize", normalize).mock;
    try {
      const find = finderOf(people);
      assert.deepEqual(find("@".repeat(32_768)), []);
      assert.deepEqual(mentionsIn("@".repeat(32_768), PEOPLE), []);
      assert.ok(folds.callCount() < 100_000, `${folds.callCount()}`);
    } finally {
      folds.restore();
    }
  });

  test("is marked so often at most in all of a message", () => {
    const find = finderOf(PEOPLE, 3);
    assert.deepEqual(["@Bo @Anna", "@Bo @Bo", "@Bo"].map((text) => find(text).length), [2, 1, 0]);
  });
});

describe("what is typed of a name", () => {
  for (const [before, typed] of [
    ["@", ""], ["hello @An", "An"], ["@Anna Ma", "Anna Ma"], ["(@b", "b"],
    ["hello", null], ["a@b", null], ["@ a", null], ["@Bo  ", null], ["@Bo\nnext", null], [`@${"a".repeat(100)}`, null],
  ]) {
    test(`of ${JSON.stringify(before)}`, () => assert.equal(nameBefore(`${before}|behind`, before.length)?.typed ?? null, typed));
  }

  test("means whose name begins so, then whose has a word that does", () => {
    const all = [{ name: "Maria", label: "Maria" }, { name: "Bo", label: "My Anna" }, { name: "Anna Maria", label: "Anna Maria" }];
    assert.deepEqual(meantBy("an", all).map(({ name }) => name), ["Anna Maria", "Bo"]);
    assert.deepEqual(meantBy("ma", all).map(({ name }) => name), ["Maria", "Anna Maria"]);
    assert.equal(meantBy("", all).length, 3);
    assert.deepEqual(meantBy("x", all), []);
  });
});
