/** What a page of conversations asks of the engine, with the real server. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { everybodyGoes } from "./account_people.mjs";
import { befriend, linked, somebody } from "./conversation_talkers.mjs";
import { fromBase64url } from "../../web/static/js/protocol/encoding.js";

after(everybodyGoes);

let ada;
let bob;
let phone;

/** Ada with two devices, and Bob. */
before(async () => {
  [ada, bob] = await Promise.all([somebody(), somebody()]);
  await befriend(ada, bob);
  await ada.sync();
  phone = await linked(ada);
  await phone.sync();
  await ada.sync();
});

/** A new conversation of both, which all have read. */
async function together() {
  const { id } = await ada.talk.found({ accounts: [bob.account] });
  for (const one of [ada, bob, phone]) assert.deepEqual(await one.sync(), []);
  return id;
}

const chainOf = (one) => fromBase64url(one.chain, 32);

/** What a list shows of one. */
async function shown(device, id) {
  const { last, unread, mentioned } = await device.talk.summary(id);
  return [last?.value.content?.body.text ?? null, unread, mentioned];
}

describe("the list", () => {
  test("has what was said last and how much is unread; what is read on one device is read on all", async () => {
    const id = await together();
    assert.deepEqual(await shown(ada, id), [null, 0, 0]);
    await bob.talk.of(id).text("hello");
    await bob.talk.of(id).text("are you there, Ada?", [chainOf(ada)]);
    await ada.sync();
    await phone.sync();
    for (const one of [ada, phone]) assert.deepEqual(await shown(one, id), ["are you there, Ada?", 2, 1]);
    assert.deepEqual(await shown(bob, id), ["are you there, Ada?", 0, 0]);
    const { place } = await ada.line(id, "hello");
    await ada.talk.read(id, place);
    await ada.talk.rest();
    assert.deepEqual(await shown(ada, id), ["are you there, Ada?", 1, 1]);
    await phone.sync();
    assert.deepEqual(await shown(phone, id), ["are you there, Ada?", 1, 1]);
    await phone.talk.read(id, place + 1);
    await phone.talk.rest();
    await ada.sync();
    assert.deepEqual(await shown(ada, id), ["are you there, Ada?", 0, 0]);
    await bob.sync();
    assert.equal((await bob.talk.of(id).shown.receipts())[ada.chain].read, place + 1);
  });

  test("has the newest first, pinned ones before, and not what own devices say to each other", async () => {
    const [first, second] = [await together(), await together()];
    await ada.talk.of(second).text("one");
    await ada.talk.of(first).text("two");
    const order = async (device) => (await device.talk.list()).map(({ id }) => id).filter((id) => [first, second].includes(id));
    assert.deepEqual(await order(ada), [first, second]);
    await ada.talk.own.set("settings", second, { pin: true, mute: 5 });
    await phone.sync();
    for (const one of [ada, phone]) {
      assert.deepEqual(await order(one), [second, first]);
      assert.deepEqual((await one.talk.summary(second)).settings, { pin: true, mute: 5 });
      assert.ok(!(await one.talk.list()).some(({ id, people }) => id === "" || people.length < 2));
    }
  });

  test("has what is being written, on all own devices, and no more once it was said", async () => {
    const id = await together();
    for (const text of ["d", "dr", "draft"]) await ada.talk.draft(id, text);
    assert.equal((await ada.talk.summary(id)).draft, "draft");
    await ada.talk.rest();
    await phone.sync();
    assert.equal((await phone.talk.summary(id)).draft, "draft");
    await phone.talk.draft(id, "");
    await phone.talk.rest();
    await ada.sync();
    assert.equal((await ada.talk.summary(id)).draft, null);
  });

  test("calls people as this account does, else as they call themselves, and shows what they show, whoever comes when", async () => {
    const id = await together();
    await bob.talk.own.set("profile", "", { name: "Bob", picture: "_9j_" });
    await bob.talk.of(id).text("hello");
    await ada.sync();
    assert.deepEqual((await ada.talk.summary(id)).names, { [bob.chain]: "Bob" });
    assert.deepEqual(await ada.talk.of(id).shown.profiles(), { [bob.chain]: { name: "Bob", picture: "_9j_" } });
    assert.deepEqual((await ada.talk.summary(id)).pictures, { [bob.chain]: "_9j_" });
    // Somebody comes, and hears the name with what he says next; then he has another one.
    const eve = await somebody();
    await befriend(ada, eve);
    await ada.talk.of(id).add(await ada.talk.people([eve.account]));
    await bob.sync();
    await bob.talk.of(id).text("welcome");
    await eve.sync();
    assert.equal((await eve.talk.names(id))[bob.chain], "Bob");
    assert.deepEqual(await eve.talk.pictures(id), { [bob.chain]: "_9j_" });
    await bob.talk.own.set("profile", "", { name: "Robert", picture: null });
    await bob.talk.of(id).text("call me Robert");
    await bob.talk.of(id).text("or Bob");
    await eve.sync();
    assert.equal((await eve.talk.names(id))[bob.chain], "Robert");
    assert.deepEqual(await eve.talk.pictures(id), {});
    await ada.talk.own.set("alias", bob.chain, "Bobby");
    assert.equal((await ada.talk.names(id))[bob.chain], "Bobby");
    const said = bob.asked.filter(({ path }) => path.endsWith(`${id}/message`));
    // The name goes with the first message after each of these; nothing more is said for it.
    assert.deepEqual(said.map(({ body }) => body.entries.length), [2, 2, 2, 1]);
  });
});

describe("a name", () => {
  test("that was given a moment ago goes with what is said, before own devices are told", async () => {
    const eve = await somebody();
    await befriend(ada, eve);
    const { id } = await eve.talk.found({ accounts: [ada.account] });
    await eve.talk.own.note("profile", "", { name: "Eve", picture: null });
    await eve.talk.of(id).text("hello");
    await ada.sync();
    assert.deepEqual((await ada.talk.summary(id)).names, { [eve.chain]: "Eve" });
  });
});

describe("messages", () => {
  test("are answered, changed, reacted to and taken back", async () => {
    const id = await together();
    await ada.talk.of(id).text("helo");
    await bob.sync();
    const line = await bob.line(id, "helo");
    await bob.talk.of(id).says.reply(line, "you mean hello");
    await bob.talk.of(id).says.react(line, "🌱");
    await ada.sync();
    await ada.talk.of(id).says.edit(line, "hello");
    await ada.sync();
    const answer = await ada.line(id, "you mean hello");
    assert.equal(answer.content.body.quote, "helo");
    const { value } = await ada.talk.of(id).shown.find(answer.content.body.of);
    assert.deepEqual([value.content.body.text, value.edits, value.reactions], ["hello", 1, { [bob.chain]: "🌱" }]);
    await bob.talk.of(id).says.react(line, null);
    await ada.talk.of(id).says.withdraw(line);
    await bob.sync();
    const gone = (await bob.talk.of(id).shown.find(line)).value;
    assert.deepEqual([gone.deleted, gone.content, gone.reactions], [true, null, {}]);
    // The quote of what was answered goes with nothing: who has answered has said it again.
    assert.deepEqual(await bob.texts(id), ["(record)", "(deleted)", "you mean hello"]);
  });

  test("are quoted as far as a quote may be long", async () => {
    const id = await together();
    await ada.talk.of(id).text("🌱".repeat(400));
    await bob.sync();
    await bob.talk.of(id).says.reply(await bob.line(id, "🌱".repeat(400)), "many");
    assert.equal((await bob.line(id, "many")).content.body.quote, "🌱".repeat(120));
  });

  test("are hidden on all own devices and on nobody else's, also where they come later", async () => {
    const id = await together();
    await bob.talk.of(id).text("one");
    await bob.talk.of(id).text("two");
    await ada.sync();
    await ada.talk.of(id).text("three");
    for (const text of ["one", "three"]) await ada.talk.hide(id, (await ada.line(id, text)).place);
    await ada.talk.rest();
    await phone.sync();
    for (const one of [ada, phone]) assert.deepEqual(await one.texts(id), ["(record)", "two"]);
    assert.deepEqual((await shown(phone, id))[0], "two");
    await bob.sync();
    assert.deepEqual(await bob.texts(id), ["(record)", "one", "two", "three"]);
    // What is said of one that isn't here any more is no news, nor a fault.
    await bob.talk.of(id).says.react(await bob.line(id, "one"), "+1");
    await phone.talk.hide(id, (await phone.line(id, "two")).place);
    await phone.talk.rest();
    await ada.sync();
    assert.deepEqual(await ada.texts(id), ["(record)"]);
    assert.equal((await ada.talk.summary(id)).last, null);
  });

  test("are looked for and leafed through in windows", async () => {
    const id = await together();
    for (let number = 0; number < 16; number += 1) await ada.talk.of(id).say("text", { text: `Number ${number}`, mentions: [] });
    await ada.talk.of(id).flush();
    const { shown: { page, search }, shown: at } = ada.talk.of(id);
    const texts = (lines) => lines.map(({ value }) => value.content?.body.text);
    const newest = await page.call(at, { limit: 3 });
    assert.deepEqual(texts(newest), ["Number 15", "Number 14", "Number 13"]);
    assert.deepEqual(texts(await page.call(at, { before: newest[2].place, limit: 2 })), ["Number 12", "Number 11"]);
    assert.deepEqual(texts(await page.call(at, { after: newest[2].place - 2, limit: 2 })), ["Number 12", "Number 13"]);
    const { found, next } = await search.call(at, "NUMBER 1", { limit: 6 });
    assert.deepEqual(texts(found), [15, 14, 13, 12, 11, 10].map((number) => `Number ${number}`));
    const rest = await search.call(at, "number 1", { before: next });
    assert.deepEqual([texts(rest.found), rest.next], [["Number 1"], null]);
  });
});

describe("others", () => {
  test("have it when one device of theirs has stored it, and have read it when they say so; not if they don't wish to", async () => {
    const id = await together();
    await bob.talk.of(id).text("hello");
    const { place } = await bob.line(id, "hello");
    const receipts = async () => {
      bob.talk.of(id).shown.hear((await bob.member.ask("GET", `chatrooms/${id}/devices`)).cursors);
      return (await bob.talk.of(id).shown.receipts())[ada.chain];
    };
    assert.equal((await receipts()).delivered < place, true);
    await phone.sync();
    assert.deepEqual(await receipts(), { delivered: place, read: 0 });
    await phone.talk.own.set("settings", "", { receipts: false });
    await phone.talk.read(id, place);
    await phone.talk.rest();
    await bob.sync();
    assert.deepEqual(await receipts(), { delivered: place, read: 0 });
    await ada.sync();
    assert.deepEqual((await shown(ada, id))[1], 0);
    await phone.talk.own.set("settings", "", null);
  });

  test("are named where they write, and where their devices have stored something", async () => {
    const id = await together();
    const told = [];
    const end = ada.talk.subscribe((_, event) => event && told.push(event));
    const device = Buffer.from(bob.member.device).toString("base64url");
    await ada.talk.heard({ type: "typing", conversation: id, device });
    await ada.talk.heard({ type: "receipt", conversation: id, receipts: [{ device, cursor: 9 }] });
    end();
    assert.deepEqual(told.map(({ type, chain }) => [type, chain]), [["typing", bob.chain], ["receipt", undefined]]);
    assert.equal((await ada.talk.of(id).shown.receipts())[bob.chain].delivered, 9);
  });
});

describe("what others have said", () => {
  test("is shown to the operators as it was signed, also once it was changed; nothing else is", async () => {
    const id = await together();
    const said = bob.talk.of(id).says;
    for (const text of ["a threat", "a lie", "withdrawn"]) await said.text(text);
    await ada.sync();
    await said.edit(await bob.line(id, "a lie"), "another lie");
    await said.withdraw(await bob.line(id, "withdrawn"));
    await ada.talk.of(id).text("my own");
    await ada.sync();
    const at = ada.talk.of(id);
    const line = (text) => ada.line(id, text);
    await at.report([await line("a threat"), await line("another lie")], "threat", "both of them");
    // Again, as after a lost answer; and alone.
    await at.report([await line("a threat"), await line("another lie")], "threat");
    await at.report([await line("a threat")], "spam");
    const unproven = { code: "report_unproven" };
    await assert.rejects(at.report([await line("my own")], "spam"), unproven);
    const lines = (await at.shown.page({ limit: 20 })).map(({ value }) => value);
    const gone = lines.filter(({ kind, deleted }) => kind === "message" && deleted);
    assert.deepEqual(gone.map(({ proof }) => proof), [undefined]);
    await assert.rejects(at.report(gone, "spam"), unproven);
    const forged = await line("another lie");
    forged.content.body.text = "a worse lie";
    await assert.rejects(at.report([forged], "threat"), unproven);
  });
});
