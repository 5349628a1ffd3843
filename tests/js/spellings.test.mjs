/** How codes and links arrive (tests/spellings.json): read by the modules that the page uses. */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import assert from "node:assert/strict";
import { readCode } from "../../web/static/js/protocol/codes.js";
import { isLink, readLink, saltTag } from "../../web/static/js/protocol/links.js";

const spellings = JSON.parse(readFileSync(new URL("../spellings.json", import.meta.url), "utf8"));
const config = { suite: 1, salt: new Uint8Array(32).fill(7) };
const tag = await saltTag(config.salt);

/** @param {string} text */
async function read(text) {
  const arrived = text.replaceAll("{page}", "https://rooms.example/chat/").replaceAll("{tag}", tag);
  return isLink(arrived) ? readLink(arrived, config) : readCode(arrived);
}

test("there are as many as are promised", () => {
  const { codes, links, wrong } = spellings;
  assert.deepEqual([codes, links, wrong].map((each) => new Set(each.map(({ text }) => text)).size), [40, 30, 40]);
});

for (const { name, text } of [...spellings.codes, ...spellings.links]) {
  test(`read: ${name}`, async () => assert.equal(await read(text), spellings.code));
}

for (const { name, text, refusal, wrong = [] } of spellings.wrong) {
  test(`refused at its place: ${name}`, async () => {
    await assert.rejects(() => read(text), (error) => {
      const places = (error.unknown ?? []).map(({ position, word }) => [position, word]);
      assert.deepEqual([error.code, places], [refusal, wrong]);
      return true;
    });
  });
}
