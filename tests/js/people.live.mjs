/** Contacts as a page has them, with the real server: asked by address, accepted or not, blocked, compared, named. */

import test, { after } from "node:test";
import assert from "node:assert/strict";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { everybodyGoes, refusal } from "./account_people.mjs";
import { befriend, linked, recovered, somebody } from "./conversation_talkers.mjs";

after(everybodyGoes);

const known = async ({ talk }, account) => (await talk.everybody.list()).contacts.find((one) => one.account === account);

test("somebody is asked by an address and accepts; all own devices know whom", async () => {
  const [ada, bob] = [await somebody(), await somebody()];
  const phone = await linked(ada);
  assert.equal((await bob.talk.everybody.list()).isFindable, false);
  await bob.talk.everybody.findable(true);
  assert.equal(await refusal(ada.talk.everybody.ask("nobody")), "address_form");
  assert.equal(await refusal(ada.talk.everybody.ask(ada.address)), "own_address");
  await ada.talk.everybody.ask(bob.address);
  await ada.talk.everybody.ask("nobody_there.12345");
  for (const device of [ada, phone]) {
    await device.sync();
    const { asked, contacts, address } = await device.talk.everybody.list();
    assert.deepEqual(asked.map((one) => one.address).sort(), [bob.address, "nobody_there.12345"].sort());
    assert.deepEqual([contacts, address], [[], ada.address]);
  }
  const { asking, isFindable } = await bob.talk.everybody.list();
  assert.deepEqual([asking.length, isFindable, asking[0].address, asking[0].chain], [1, true, ada.address, ada.chain]);
  await bob.talk.everybody.accept(asking[0].account);
  const [theirs, own] = [await known(bob, ada.account), await known(ada, bob.account)];
  assert.deepEqual([theirs.state, theirs.address, theirs.chain], ["accepted", ada.address, ada.chain]);
  assert.deepEqual([own.state, own.address, own.chain, own.isChanged], ["accepted", bob.address, bob.chain, false]);
  assert.deepEqual((await phone.talk.everybody.list()).asked.map(({ address }) => address), ["nobody_there.12345"]);
});

test("a refusal is told where that is wished; a block is not, and ends when it is lifted", async () => {
  const [ada, bob, eve] = [await somebody(), await somebody(), await somebody()];
  for (const one of [ada, bob, eve]) await one.talk.everybody.findable(true);
  await ada.talk.everybody.ask(bob.address);
  await eve.talk.everybody.ask(bob.address);
  await bob.talk.everybody.deny(ada.account, { tell: true });
  await bob.talk.everybody.deny(eve.account);
  assert.deepEqual((await known(ada, bob.account)).state, "denied");
  assert.deepEqual([(await known(eve, bob.account)), (await eve.talk.everybody.list()).asked.length], [undefined, 1]);
  assert.deepEqual((await bob.talk.everybody.list()).asking, []);

  const [carl, dora] = [await somebody(), await somebody()];
  await befriend(carl, dora);
  const { id } = await carl.talk.found({ accounts: [dora.account] });
  await dora.sync();
  const tablet = await linked(dora);
  await dora.talk.everybody.block(carl.account);
  for (const device of [dora, tablet]) {
    await device.sync();
    const one = await known(device, carl.account);
    assert.deepEqual([one.state, one.chain], ["blocked", carl.chain]);
    assert.equal((await device.talk.own.registers()).get("block", carl.chain), true);
    assert.equal((await device.talk.summary(id)).isBlocked, true);
  }
  assert.equal(await known(carl, dora.account), undefined);
  await tablet.talk.everybody.unblock(carl.account);
  await dora.sync();
  assert.equal((await dora.talk.own.registers()).get("block", carl.chain), null);
  assert.equal(await known(dora, carl.account), undefined);
});

test("names and compared numbers are those of all own devices, and a contact's number is the same on both sides", async () => {
  const [ada, bob] = [await somebody(), await somebody()];
  await befriend(ada, bob);
  const phone = await linked(ada);
  const { everybody } = ada.talk;
  assert.equal(await everybody.number(bob.chain), await bob.talk.everybody.number(ada.chain));
  assert.match(await everybody.number(bob.chain), /^(\d{5} ){11}\d{5}$/);
  await everybody.verify(bob.chain, true);
  await everybody.alias(bob.chain, "Bobby");
  assert.equal(await refusal(everybody.alias(bob.chain, " ")), "name_form");
  await phone.sync();
  const one = await known(phone, bob.account);
  assert.deepEqual([one.name, one.isVerified], ["Bobby", true]);
  await phone.talk.everybody.alias(bob.chain, null);
  await ada.sync();
  assert.deepEqual(await everybody.called([bob.chain]), {});
  await bob.talk.own.set("profile", "", { name: "Bob", picture: null });
  const { id } = await bob.talk.found({ accounts: [ada.account] });
  await bob.sync();
  await bob.talk.of(id).text("Hello.");
  await ada.sync();
  assert.deepEqual(await everybody.called([bob.chain]), { [bob.chain]: "Bob" });
});

test("another chain for the same account counts for nothing until somebody agrees to it, and isn't verified", async () => {
  const [ada, bob, eve] = [await somebody(), await somebody(), await somebody()];
  await befriend(ada, bob);
  await ada.talk.everybody.verify(bob.chain, true);
  ada.lies = (_, path, answer) => (path === "contacts"
    ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, chain: eve.chain })) } : answer);
  const one = await known(ada, bob.account);
  assert.deepEqual([one.isChanged, one.chain, one.isVerified], [true, bob.chain, true]);
  // What somebody was told of, or has compared, is agreed to, and not what the server names a moment later.
  const [change] = await ada.talk.everybody.changes([bob.chain]);
  const { lies } = ada;
  ada.lies = (_, path, answer) => (path === "contacts"
    ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, chain: ada.chain })) } : answer);
  assert.equal(await refusal(ada.talk.everybody.goOn(change)), "contact_changed");
  assert.deepEqual(await ada.talk.everybody.changes([bob.chain]), [{ ...change, now: ada.chain }]);
  ada.lies = lies;
  await ada.talk.everybody.goOn(change);
  const agreed = await known(ada, bob.account);
  assert.deepEqual([agreed.isChanged, agreed.chain, agreed.isVerified], [false, eve.chain, false]);
  await ada.talk.everybody.remove(bob.account);
  ada.lies = null;
  assert.equal(await known(ada, bob.account), undefined);
});

test("who has come back by the ten words, or has begun anew, interrupts once on all own devices, and isn't verified", async () => {
  const [ada, bob] = [await somebody(), await somebody()];
  await befriend(ada, bob);
  const { id } = await ada.talk.found({ accounts: [bob.account] });
  const phone = await linked(ada);
  for (const one of [bob, phone, ada]) await one.sync();
  await ada.talk.everybody.verify(bob.chain, true);
  assert.deepEqual(await ada.talk.everybody.changes([bob.chain, ada.chain]), []);

  await recovered(bob, { pinned: true });
  for (const device of [ada, phone]) {
    await device.talk.heard({ type: "chain", chain: bob.chain });
    const [change, ...others] = await device.talk.everybody.changes([ada.chain, bob.chain]);
    assert.deepEqual([change.chain, change.kind, others], [bob.chain, "recovered", []]);
    assert.equal((await known(device, bob.account)).isVerified, false);
  }
  await ada.talk.everybody.goOn((await ada.talk.everybody.changes([bob.chain]))[0]);
  await ada.talk.everybody.verify(bob.chain, true);
  await phone.sync();
  for (const device of [ada, phone]) {
    assert.deepEqual(await device.talk.everybody.changes([bob.chain]), []);
    assert.equal((await known(device, bob.account)).isVerified, true);
  }
  // Its new devices are told where people talk with them.
  await ada.talk.of(id).text("Is it you?");
  const lines = await ada.talk.of(id).lines({ limit: 99 });
  assert.deepEqual(lines.flatMap(({ value }) => value.moved ?? []).filter((one) => one !== ada.chain), [bob.chain]);

  ada.lies = phone.lies = (_, path, answer) => (path === "contacts"
    ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, state: "ended" })) } : answer);
  for (const device of [ada, phone]) {
    assert.equal((await known(device, bob.account)).state, "ended");
    assert.deepEqual((await device.talk.everybody.changes([bob.chain])).map(({ kind }) => kind), ["ended"]);
  }
  await ada.talk.everybody.goOn((await ada.talk.everybody.changes([bob.chain]))[0]);
  await phone.sync();
  for (const device of [ada, phone]) assert.deepEqual(await device.talk.everybody.changes([bob.chain]), []);
  assert.equal((await known(ada, bob.account)).isVerified, false);
});

test("whoever asks with another chain than they had is named as such, and where they were written to before it is told", async () => {
  const [ada, bob, eve] = [await somebody(), await somebody(), await somebody()];
  await befriend(ada, bob);
  const phone = await linked(ada);
  await phone.talk.everybody.list();
  const asks = { account: bob.account, chain: eve.chain, address: bob.address, day: 20_000 };
  const others = (contacts) => contacts.filter((one) => one.account !== bob.account);
  ada.lies = (_, path, answer) => (path === "contacts" ? { ...answer, contacts: others(answer.contacts), asked: [asks] } : answer);
  assert.equal((await ada.talk.everybody.list()).asking[0].former, bob.chain);
  ada.lies = (_, path, answer) => (path === "contacts"
    ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, state: "ended" })), asked: [asks] } : answer);
  ada.answers = (method) => (method === "PUT" ? {} : null);
  assert.equal((await ada.talk.everybody.list()).asking[0].former, bob.chain);
  await ada.talk.everybody.accept(bob.account);
  assert.deepEqual((await ada.talk.everybody.changes([bob.chain])).map(({ kind }) => kind), ["ended"]);
  // Another own device takes it from this one, and asks nobody again.
  await phone.sync();
  phone.lies = (_, path, answer) => (path === "contacts"
    ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, chain: eve.chain })) } : answer);
  const one = await known(phone, bob.account);
  assert.deepEqual([one.chain, one.isChanged], [eve.chain, false]);
  assert.deepEqual((await phone.talk.everybody.changes([bob.chain, eve.chain])).map(({ chain, kind }) => [chain, kind]), [[bob.chain, "ended"]]);
});

test("a device that is linked later takes no other chain for a contact of the others, and tells them none", async () => {
  const [ada, bob, cy, dan, eve] = [await somebody(), await somebody(), await somebody(), await somebody(), await somebody()];
  const asked = async (one) => {
    await one.talk.everybody.findable(true);
    await ada.talk.everybody.ask(one.address);
    await one.talk.everybody.accept(ada.account);
    await known(ada, one.account);
    // What was served just now is no word of this account's.
    assert.equal((await ada.talk.own.registers()).get("request", one.chain), null);
    await known(ada, one.account);
  };
  await asked(bob);
  const late = await linked(ada);
  late.lies = (_, path, answer) => {
    if (path.startsWith("contacts/") && path.endsWith("/devices")) return { ...answer, chain: eve.chain };
    return path === "contacts" ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, chain: eve.chain })) } : answer;
  };
  // It has seen this contact before it was told of them, and the other one is told before.
  assert.equal((await known(late, bob.account)).chain, eve.chain);
  for (const device of [ada, late]) await device.sync();
  await asked(cy);
  await befriend(ada, dan);
  await late.sync();
  assert.deepEqual(await late.talk.contacts.accepted(), []);
  for (const { account, chain } of [bob, cy, dan]) {
    assert.equal(await refusal(late.talk.contacts.person(account)), "contact_changed");
    for (let again = 0; again < 2; again += 1) {
      const one = await known(late, account);
      assert.deepEqual([one.chain, one.isChanged], [chain, true]);
    }
    assert.deepEqual((await late.talk.everybody.changes([chain])).map(({ kind, now }) => [kind, now]), [["changed", eve.chain]]);
  }
  assert.equal((await late.talk.own.registers()).get("request", eve.chain), null);
});

test("who asks is read page by page, as long as the server has more", async () => {
  const [ada] = [await somebody()];
  const asks = (at) => ({ account: Buffer.alloc(16, at).toString("base64url"), chain: ada.chain, address: `ada_${at}.12345`, day: 1 });
  ada.answers = (_, path) => {
    if (path === `contacts?after=${asks(1).account}`) return { asked: [asks(2)], more: true };
    if (path === `contacts?after=${asks(2).account}`) return { asked: [asks(3)], more: false };
    return path === "contacts" ? { contacts: [], asked: [asks(1)], more: true, requests: [], redemptions: [], findable: true } : null;
  };
  const addresses = async () => (await ada.talk.everybody.list()).asking.map(({ address }) => address);
  assert.deepEqual(await addresses(), ["ada_1.12345", "ada_2.12345", "ada_3.12345"]);
  // Another own device has answered the last of a page meanwhile.
  ada.lies = (_, path, answer) => { if (path.endsWith(asks(2).account)) throw new Refusal("not_found"); return answer; };
  assert.deepEqual(await addresses(), ["ada_1.12345", "ada_2.12345"]);
});

test("whoever uses an invitation is called as it was labelled, until they are called otherwise", async () => {
  const [ada, bob] = [await somebody(), await somebody()];
  const invitation = await ada.talk.invite({ label: "Bob from school" });
  await bob.talk.redeem(invitation, "Robert");
  await ada.talk.redeemed();
  assert.deepEqual(await ada.talk.everybody.called([bob.chain]), { [bob.chain]: "Bob from school" });
  await ada.talk.everybody.alias(bob.chain, null);
  assert.deepEqual(await ada.talk.everybody.called([bob.chain]), { [bob.chain]: "Robert" });
  // One into a conversation is kept until they are in, and doesn't call them so again.
  const eve = await somebody();
  const { id } = await ada.talk.found({ accounts: [bob.account] });
  await eve.talk.redeem(await ada.talk.invite({ conversation: id, label: "Eve from school" }), "Eve");
  await ada.talk.redeemed();
  assert.deepEqual(await ada.talk.everybody.called([eve.chain]), { [eve.chain]: "Eve from school" });
  await ada.talk.everybody.alias(eve.chain, null);
  const phone = await linked(ada);
  for (const device of [ada, phone]) {
    await device.talk.own.begin();
    await device.talk.redeemed();
    assert.deepEqual(await device.talk.everybody.called([eve.chain]), { [eve.chain]: "Eve" });
  }
});

test("who shows contacts is told that they have changed", async () => {
  const [ada] = [await somebody()];
  const told = [];
  ada.talk.subscribe((id, event) => told.push([id, event?.type]));
  await ada.talk.heard({ type: "contact" });
  assert.deepEqual(told, [["", "contact"]]);
});

test("a server that lists contacts in another form is refused", async () => {
  const [ada, bob] = [await somebody(), await somebody()];
  await befriend(ada, bob);
  for (const lie of [{ state: "friend" }, { account: "x" }, { day: "1" }, { chain: "AA" }, { request: 1 }]) {
    ada.lies = (_, path, answer) => (path === "contacts"
      ? { ...answer, contacts: answer.contacts.map((one) => ({ ...one, ...lie })) } : answer);
    assert.equal(await refusal(ada.talk.everybody.list()), "malformed", JSON.stringify(lie));
  }
});
