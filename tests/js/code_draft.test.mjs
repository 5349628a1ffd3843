/** How a code stands while it is typed: what is told at which place, and what is left alone. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { codeDrafts } from "../../web/static/js/room/code-draft.js";
import * as known from "../../web/static/js/pages/room.js";
import { readCode } from "../../web/static/js/protocol/codes.js";

const { codeDraft, completions, wrongPlaces } = codeDrafts(known);
const CODE = "abacus zoom kiwi silver ladder finch marathon";
const states = (text, how) => codeDraft(text, how).places.map(({ state }) => state);
const wrong = (text, how) => codeDraft(text, how).places.filter(({ state }) => state === "unknown")
  .map(({ position, typed, near }) => [position, typed, near[0]]);

test("all wrong words are told at once, each at its place and with what may have been meant", () => {
  const text = CODE.replace("zoom", "zomo").replace("ladder", "LADER").replaceAll(" ", ", ");
  assert.deepEqual(wrong(text), [[2, "zomo", "zoom"], [5, "LADER", "ladder"]]);
  const [, second] = codeDraft(text).places;
  assert.equal(text.slice(second.start, second.end), "zomo");
  assert.equal(codeDraft(text).code, false);
});

test("up to three words are offered for each", () => {
  for (const { near } of codeDraft("gsuto cheepness lader").places) assert.ok(near.length >= 1 && near.length <= 3);
});

test("the word that is still being typed is not judged, and those before it are", () => {
  assert.deepEqual(states("zomo kiw", { caret: 8 }), ["unknown", "typing"]);
  assert.deepEqual(states("zomo kiw", { caret: 2 }), ["typing", "unknown"]);
  assert.deepEqual(states("zomo kiw ", { caret: 9 }), ["unknown", "unknown"]);
  assert.deepEqual(states("zomo kiw"), ["unknown", "unknown"]);
});

test("of a code in a sentence the seven words are shown, and it is complete", () => {
  const { places, code } = codeDraft(`Code: ${CODE.replaceAll(" ", "-")}. Bo`);
  assert.deepEqual(places.map(({ typed }) => typed), CODE.split(" "));
  assert.equal(code, true);
});

test("a link is left to who reads links; its wrong words are told by the refusal, each with suggestions", () => {
  assert.deepEqual(codeDraft("https://a.example/#1.00000000.zomo"), { places: [], code: false, link: true });
  const unknown = [{ position: 1, word: "Zomo", start: 0, end: 4 }, { position: 3, word: "lader", start: 9, end: 14 }];
  assert.deepEqual(wrongPlaces({ unknown }).map(({ position, near }) => [position, near[0]]), [[1, "zoom"], [3, "ladder"]]);
});

test("words that a slip may have made of others are doubted if no room answers, and only then", () => {
  assert.deepEqual(states(CODE, { doubted: true }).map((state) => state === "doubtful"),
    [false, false, false, true, true, true, false]);
  assert.ok(states(CODE).every((state) => state === "word"));
  assert.deepEqual(codeDraft(CODE, { doubted: true }).places[3].near.slice(0, 1), ["sliver"]);
});

test("a word goes on after three letters, where the caret stands at its end", () => {
  assert.deepEqual(completions("zoom aba", 8), { start: 5, end: 8, words: ["abacus"] });
  assert.equal(completions("zoom ab", 7), null);
  assert.equal(completions("zoom aba", 7), null);
  assert.equal(completions("zoom aba ", 9), null);
  assert.equal(completions("xqz", 3), null);
  assert.equal(completions("https://a.example/#aba", 22), null);
});

test("at most five words are offered to go on with, and never the word itself", () => {
  assert.equal(completions("bar", 3).words.length, 5);
  assert.ok(!completions("BARBELL", 7)?.words.includes("barbell"));
  assert.ok(completions("BARB", 4).words.every((word) => word.startsWith("barb")));
});

test("a whole page that was pasted is not looked up word by word", () => {
  assert.ok(codeDraft("zomo ".repeat(50)).places.length <= 14);
  assert.deepEqual(codeDraft("zomo ".repeat(500)).places, []);
});

test("what a draft calls a code is read as one", () => {
  for (const text of [CODE, `${CODE} zoom`, "zoom", "", `1. ${CODE.replaceAll(" ", " 2. ")}`]) {
    let read = true;
    try { readCode(text); } catch { read = false; }
    assert.equal(codeDraft(text).code, read, text);
  }
});
