/** Several devices of one person on the real server: one that comes late, and what all of them are told. */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { everybodyGoes } from "./account_people.mjs";
import { befriend, linked, somebody } from "./conversation_talkers.mjs";

after(everybodyGoes);

/** A conversation of two, in which both have read all. */
async function together() {
  const [ada, bob] = await Promise.all([somebody(), somebody()]);
  await befriend(ada, bob);
  const { id } = await ada.talk.found({ accounts: [bob.account] });
  for (const one of [ada, bob]) assert.deepEqual(await one.sync(), []);
  return { ada, bob, id };
}

describe("a device that was just linked", () => {
  test("can leave, though the record in force names a point before its coming", async () => {
    const { ada, bob, id } = await together();
    const phone = await linked(ada);
    await phone.talk.own.begin();
    await phone.talk.of(id).leave();
    assert.equal((await phone.talk.of(id).view()).standing, "left");
    await bob.talk.of(id).text("alone");
    assert.deepEqual((await bob.talk.of(id).view()).people.map(({ chain }) => chain), [bob.chain]);
  });
});
