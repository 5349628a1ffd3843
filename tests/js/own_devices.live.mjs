/** Several devices of one person on the real server: one that comes late, and what all of them are told. */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { everybodyGoes } from "./account_people.mjs";
import { befriend, linked, somebody } from "./conversation_talkers.mjs";
import { fromBase64url } from "../../web/static/js/protocol/encoding.js";

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

describe("while the others are there", () => {
  test("a device that is linked is told at once what they know", async () => {
    const { ada } = await together();
    await ada.talk.own.set("profile", "", { name: "Ada", picture: null });
    const phone = await linked(ada);
    assert.deepEqual(await phone.sync(), []);
    await ada.talk.heard({ type: "device" });
    await ada.talk.rest();
    assert.deepEqual(await phone.sync(), []);
    assert.equal((await phone.talk.own.registers()).get("profile", "").name, "Ada");
  });
});

describe("invitations", () => {
  test("of one device are settled by whichever comes first, also by one that was linked since", async () => {
    const { ada, bob, id } = await together();
    const [eve, fay] = await Promise.all([somebody(), somebody()]);
    const into = await ada.talk.invite({ conversation: id, name: "Ada", label: "for Eve" });
    const contact = await ada.talk.invite();
    await ada.talk.of(id).timer(60);
    await ada.talk.rest();
    const phone = await linked(ada);
    // It reads nothing of before: the older one says it again.
    for (const one of [phone, ada, phone]) assert.deepEqual(await one.sync(), []);
    const known = (await phone.talk.inviting.all()).map(({ label, conversation, fragment }) => [label, conversation, fragment]);
    assert.deepEqual(known.sort(), [[null, null, contact.fragment()], ["for Eve", id, into.fragment()]]);
    await eve.talk.redeem(into, "Eve");
    await fay.talk.redeem(contact, "Fay");
    assert.deepEqual((await phone.talk.redeemed()).map(({ name }) => name).sort(), ["Eve", "Fay"]);
    await phone.sync();
    await phone.talk.of(id).text("welcome");
    for (const one of [eve, bob, ada]) assert.deepEqual(await one.sync(), []);
    assert.deepEqual((await eve.texts(id)).at(-1), "welcome");
    assert.equal((await ada.talk.of(id).view()).people.length, 3);
    assert.deepEqual([await ada.talk.inviting.all(), await phone.talk.inviting.all()], [[], []]);
  });

  test("bring nobody back by a device that has not read who was removed meanwhile; where nobody can tell, it waits", async () => {
    const { ada, id } = await together();
    const eve = await somebody();
    const invitation = await ada.talk.invite({ conversation: id });
    await eve.talk.redeem(invitation);
    await ada.talk.redeemed();
    await ada.talk.of(id).add(await ada.talk.people([eve.account]));
    await ada.talk.of(id).remove([fromBase64url(eve.chain, 32)]);
    await ada.talk.rest();
    const phone = await linked(ada);
    await phone.sync();
    await ada.talk.own.begin();
    await eve.talk.redeem(invitation);
    const from = (await phone.talk.of(id).view()).epoch;
    phone.lies = (_, path, answer) => (/epochs\?after=0$/.test(path) ? { ...answer, epochs: answer.epochs.filter(({ epoch }) => epoch !== 2) } : answer);
    assert.deepEqual(await phone.sync(), []);
    assert.equal((await phone.talk.inviting.all()).length, 1);
    phone.lies = null;
    assert.deepEqual(await phone.sync(), []);
    assert.deepEqual(await phone.talk.inviting.all(), []);
    const { people, epoch } = await phone.talk.of(id).view();
    assert.deepEqual([people.length, epoch], [2, from]);
  });
});
