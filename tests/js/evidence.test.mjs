/** What is shown of a message that somebody reports, and what of it goes to the operators. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { evidenceOf, wordsOf } from "../../web/static/js/conversations/evidence.js";

const OF = { device: "A".repeat(22), id: "A".repeat(22) };
const TEXT = "all of it ".repeat(100);
const reply = { kind: "reply", at: 1, body: { text: TEXT, mentions: [], of: OF, quote: "somebody else's" } };
const said = { kind: "message", content: reply, proof: { ad: "", signature: "" } };
const changed = { ...said, proof: { ...said.proof, edit: { at: 2, of: OF } } };
const sent = (line) => Buffer.from(evidenceOf(line).content, "base64url").toString();

test("the whole of its words is shown, and what somebody else has said in it where that goes along", () => {
  assert.deepEqual(wordsOf(said), { text: TEXT, quote: "somebody else's" });
  assert.deepEqual(wordsOf(changed), { text: TEXT, quote: null });
  for (const line of [said, changed]) {
    assert.ok(sent(line).includes(TEXT));
    assert.equal(sent(line).includes("somebody else's"), wordsOf(line).quote !== null);
  }
});
