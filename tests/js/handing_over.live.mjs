/** History for a new device, from browser to browser over the real server (docs/conversations.md, 15). */

import test, { after } from "node:test";
import assert from "node:assert/strict";
import { PageClosed } from "./memory_storage.mjs";
import { everybodyGoes } from "./account_people.mjs";
import { befriend, linked, somebody } from "./conversation_talkers.mjs";
import { fromBase64url, toBase64url } from "../../web/static/js/protocol/encoding.js";

after(everybodyGoes);

/** Two who have talked. */
async function talked(...said) {
  const [ada, bob] = [await somebody(), await somebody()];
  await befriend(ada, bob);
  const { id } = await ada.talk.found({ accounts: [bob.account] });
  await bob.sync();
  for (const one of said) await bob.talk.of(id).text(one);
  await ada.sync();
  return { ada, bob, id };
}

/** By what a message is reported isn't handed over. */
const messages = async (device, id) => (await device.talk.of(id).lines({ limit: 10_000 })).reverse()
  .map(({ value: { proof: _, ...value } }) => ({ edits: 0, reactions: {}, ...value })).filter(({ kind }) => kind === "message");
const texts = async (device, id) => (await messages(device, id)).map(({ deleted, content }) => (deleted ? "(deleted)" : content.body.text));

async function inTurn(...devices) {
  for (let round = 0; round < 2; round += 1) for (const one of devices) assert.deepEqual(await one.sync(), []);
}

test("what is shown on the old device is shown on the new one, as it is now, and can be changed there", async () => {
  const { ada, bob, id } = await talked("one", "two", "three");
  const [one, two, three] = [await bob.line(id, "one"), await bob.line(id, "two"), await bob.line(id, "three")];
  await bob.talk.of(id).says.edit(two, "two, corrected");
  await bob.talk.of(id).says.withdraw(three);
  await bob.talk.of(id).says.react(one, "👍");
  await ada.sync();
  const told = [];
  const phone = await linked(ada, { days: 0 });
  const device = toBase64url(phone.member.device);
  for (const one of [ada, phone]) one.talk.subscribe((_, event) => event?.type === "history" && told.push(event));
  await inTurn(ada, phone);
  assert.deepEqual(await messages(phone, id), await messages(ada, id));
  // Both know how it went.
  assert.deepEqual(told.map(({ device: to, lines, isDone, trouble }) => [to, lines, isDone, trouble]), [[device, 3, true, null], [null, 3, true, null]]);
  // It goes on as if it had been there, and nobody keeps the key.
  await bob.talk.of(id).says.edit(one, "one, corrected");
  await inTurn(ada, phone);
  assert.deepEqual(await texts(phone, id), ["one, corrected", "two, corrected", "(deleted)"]);
  for (const device of [ada, phone]) assert.equal((await device.talk.own.registers()).all("history").size, 0);
  assert.deepEqual([await phone.talk.histories.awaited(), await ada.store.keys("handing/")], [null, []]);
});

test("what came before the day that was chosen isn't handed over, nor anything where nothing was chosen", async () => {
  const { ada, bob, id } = await talked("long ago");
  await bob.talk.of(id).text("lately");
  await ada.sync();
  const { at } = await ada.line(id, "lately");
  const phone = await linked(ada, { days: 0 });
  const device = toBase64url(phone.member.device);
  await ada.store.change(async (within) => within.put(`handing/${device}`, { since: at, at }));
  const tablet = await linked(ada);
  await inTurn(ada, phone, tablet);
  assert.deepEqual([await texts(phone, id), await texts(tablet, id)], [["lately"], []]);
});

test("what is read on the new device before its message has come is done when it comes", async () => {
  const { ada, bob, id } = await talked("keep", "secret");
  const phone = await linked(ada, { days: 0 });
  await phone.sync();
  await bob.talk.of(id).says.edit(await bob.line(id, "keep"), "kept");
  await bob.talk.of(id).says.withdraw(await bob.line(id, "secret"));
  await phone.sync();
  // The old one hasn't heard of it.
  await ada.talk.own.begin();
  await ada.talk.histories.work();
  await phone.sync();
  assert.deepEqual(await texts(phone, id), ["kept", "(deleted)"]);
  assert.deepEqual(await phone.store.keys(`conversation/${id}/unmet/`), []);
});

test("more than one chunk comes whole, wherever either side is closed", async () => {
  const said = Array.from({ length: 4 }, (_, at) => `${at} ${"x".repeat(20_000)}`);
  const { ada, id } = await talked(...said);
  const phone = await linked(ada, { days: 0 });
  await phone.sync();
  await ada.talk.own.begin();
  let closed = 0;
  for (let round = 0; round < 8; round += 1) for (const device of [ada, phone]) {
    device.store.diesAfter(1 + (round % 2));
    await device.talk.histories.work().catch((error) => {
      if (!(error instanceof PageClosed)) throw error;
      closed += 1;
    });
    device.store.diesAfter(Number.POSITIVE_INFINITY);
    await device.opens();
    if (device === phone) await phone.talk.own.begin();
  }
  await inTurn(ada, phone);
  assert.ok(closed >= 4, String(closed));
  assert.deepEqual(await texts(phone, id), said);
  assert.deepEqual(await phone.talk.histories.awaited(), null);
});

test("what doesn't come for a day is waited for no longer, and that is told", async () => {
  const { ada } = await talked("secret");
  const phone = await linked(ada, { days: 0 });
  const { until, ...rest } = await phone.talk.histories.awaited();
  assert.deepEqual((await phone.talk.histories.standing()).awaited, { lines: 0, came: until - 86_400_000, until });
  await phone.store.change(async (within) => within.put("history", { ...rest, until: 1 }));
  const told = [];
  phone.talk.subscribe((_, event) => event?.type === "history" && told.push([event.isDone, event.trouble]));
  await inTurn(phone);
  assert.deepEqual([told, (await phone.talk.histories.standing()).awaited], [[[true, "history_late"]], null]);
});

for (const [what, change] of [
  ["was changed", (chunk) => chunk.with(-1, chunk.at(-1) ^ 1)],
  ["isn't the last", (chunk) => chunk.with(0, 0)],
  ["somebody else made", () => new Uint8Array(1200)],
]) {
  test(`a chunk that ${what} ends it, and nothing of it is shown`, async () => {
    const { ada, id } = await talked("secret");
    const phone = await linked(ada, { days: 0 });
    const told = [];
    phone.talk.subscribe((_, event) => event?.type === "history" && told.push(event.trouble));
    phone.lies = (method, path, answer) => (method === "GET" && path.includes("/history/")
      ? { ...answer, chunk: toBase64url(change(fromBase64url(answer.chunk))) } : answer);
    await inTurn(ada, phone);
    assert.deepEqual([await texts(phone, id), told], [[], ["history_broken"]]);
    assert.equal((await phone.talk.own.registers()).all("history").size, 0);
  });
}

test("a deadline stays what it was, and what is past it isn't taken", async () => {
  const { ada, bob, id } = await talked();
  await ada.talk.of(id).timer(3600);
  await bob.sync();
  await bob.talk.of(id).text("an hour");
  await ada.sync();
  const { place } = await ada.line(id, "an hour");
  await ada.talk.of(id).seen(place);
  const { until, timer } = await ada.line(id, "an hour");
  assert.ok(until > Date.now());
  const phone = await linked(ada, { days: 0 });
  await inTurn(ada, phone);
  const line = await phone.line(id, "an hour");
  assert.deepEqual([line.until, line.timer], [until, timer]);
  await phone.store.expire(until);
  assert.deepEqual(await texts(phone, id), []);
});
