/** The protocol's vectors, in node: every case that a client has to keep. */

import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import assert from "node:assert/strict";
import { argon2id } from "../../web/static/vendor/hash-wasm/argon2.js";
import { deriveRoot } from "../../web/static/js/protocol/keys.js";
import { casesOf } from "./vectors.mjs";

const MODULES = new URL("../../web/static/js/", import.meta.url).href;
const VECTORS = new URL("../vectors/", import.meta.url);

const files = readdirSync(VECTORS)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({ name, content: JSON.parse(readFileSync(new URL(name, VECTORS), "utf8")) }));

/** As device/derive.js, but without a worker: node has no such worker. */
const derive = (code, config) =>
  deriveRoot(code, config, (options) => argon2id({ ...options, outputType: "binary" }));

const cases = await casesOf(MODULES, files, derive, argon2id);

test("there are vectors, and most of them are refusals", () => {
  assert.ok(cases.length > 500, `${cases.length} cases`);
  const all = files.flatMap(({ content }) => content.cases);
  assert.ok(all.filter(({ expect }) => expect === "refusal").length > all.length / 2);
});

for (const { name, run } of cases) test(name, run);

const file = (change) => {
  const copy = structuredClone(files.find(({ name }) => name === "codes.json").content);
  copy.cases = copy.cases.filter(({ expect }) => expect === "refusal").slice(0, 1);
  change(copy, copy.cases[0]);
  return [{ name: "planted.json", content: copy }];
};

for (const [what, change] of [
  ["layout", (whole) => { whole.layout = 2; }],
  ["key of a file", (whole) => { whole.more = 1; }],
  ["operation", (whole) => { whole.operations.guess = whole.operations.read_code; }],
  ["key of an operation", (whole) => { whole.operations.read_code.more = {}; }],
  ["key of a case", (_, one) => { one.more = 1; }],
  ["input", (_, one) => { one.in.more = 1; }],
  ["type", (whole) => { whole.operations.read_code.in.text = "rune"; }],
  ["refusal", (_, one) => { one.refusal = "link_form"; }],
  ["detail", (_, one) => { one.details = { ...one.details, position: 99 }; }],
  ["success", (_, one) => {
    for (const key of ["refusal", "details"]) delete one[key];
    Object.assign(one, { expect: "success", out: { code: "" } });
  }],
]) {
  test(`the runner fails on another ${what}`, async () => {
    await assert.rejects(async () => {
      for (const { run } of await casesOf(MODULES, file(change), derive, argon2id)) await run();
    });
  });
}
