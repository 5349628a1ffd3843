/** What is written and isn't said yet: a page that is closed finds it again, also between "Send" and the outbox. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { KeptDraft } from "../../web/static/js/conversations/views/kept-draft.js";

const turns = () => new Promise((resolve) => { setImmediate(resolve); });

test("what was sent is kept until it waits in the outbox, with what is written meanwhile", async () => {
  const kept = [];
  const draft = { text: "", edit: null, reply: null };
  const one = new KeptDraft(draft, async (text) => { kept.push(text); });
  const [first, second] = [one.hold("one"), one.hold("two")];
  one.write();
  await turns();
  draft.text = "three";
  first();
  await turns();
  Object.assign(draft, { text: "of another", edit: { line: {}, text: "another", label: "" } });
  one.write();
  await turns();
  second();
  // What has left is told once.
  second();
  await turns();
  assert.deepEqual(kept, ["one\ntwo", "two\nthree", "two", ""]);
});

test("what is kept last is what holds, however long the one before takes, or where it fails", async () => {
  const kept = [];
  let go;
  const draft = { text: "slow", edit: null, reply: null };
  const one = new KeptDraft(draft, async (text) => {
    if (text === "slow") await new Promise((_, reject) => { go = reject; });
    kept.push(text);
  });
  one.write();
  await turns();
  draft.text = "";
  one.write();
  await turns();
  assert.deepEqual(kept, []);
  go(new Error());
  await turns();
  assert.deepEqual(kept, [""]);
});
