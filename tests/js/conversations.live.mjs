/** Conversations of the real server, as devices with the engine of the browser have them. */

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { everybodyGoes } from "./account_people.mjs";
import { befriend, somebody } from "./conversation_talkers.mjs";

afterEach(everybodyGoes);

describe("two people", () => {
  test("one founds, both talk, and each reads what the other has said", async () => {
    const [ada, bob] = await Promise.all([somebody(), somebody()]);
    await befriend(ada, bob);
    const { id } = await ada.talk.found({ accounts: [bob.account] });
    await ada.talk.of(id).text("hello");
    assert.deepEqual(await bob.sync(), []);
    await bob.talk.of(id).text("hello yourself");
    await ada.sync();
    const all = ["(record)", "hello", "hello yourself"];
    assert.deepEqual([await ada.texts(id), await bob.texts(id)], [all, all]);
    assert.equal(await ada.talk.of(id).number(), await bob.talk.of(id).number());
  });
});
