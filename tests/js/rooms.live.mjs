/** Rooms of the real server, seen through what pages use. */

import { afterEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  FIRST_VIEW, SERVER, Tab, card, creates, everybodyGoes, hasEnded, isLive, joins, reads, refusal, reloads,
  sees, sent,
} from "./people.mjs";
import { ReturnClient } from "../../web/static/js/room/return-client.js";
import { RoomClient } from "../../web/static/js/room/room-client.js";
import { makeLink } from "../../web/static/js/protocol/links.js";

afterEach(everybodyGoes);

async function two(options = {}, other = {}) {
  const ada = await creates({ name: "Ada", colour: 3, ...options });
  const bo = await joins(ada.code, { name: "Bo", colour: 5, ...other });
  await Promise.all([isLive(ada), isLive(bo)]);
  await sees(ada, ({ members }) => members.length === 2 && members[1].name === "Bo");
  return [ada, bo];
}

describe("talking", () => {
  test("a message from the key press to its receipt", async () => {
    const [ada, bo] = await two();
    const id = ada.send("The door is green.\nLeft of the bakery.", { view: 45 });
    assert.equal(ada.state.sent.length, 0, "a state doesn't change under the page");
    await sent(ada, id, "stored");
    const closed = await card(bo, "closed");
    assert.deepEqual([closed.id, closed.author, closed.text], [id, ada.state.me, null]);
    await bo.open(id);
    const open = await card(bo, "open");
    assert.deepEqual([open.text, open.view, open.type, open.authorName],
      ["The door is green.\nLeft of the bakery.", 45, "text", "Ada"]);
    await sent(ada, id, "opened");
    bo.shown(id);
    await sent(ada, id, "viewed");
    assert.equal((await sees(bo, ({ cards }) => cards[0].fate && cards[0])).text, open.text);
    bo.discard(id);
    assert.equal((await card(bo, "shown_gone")).text, null);
  });

  test("a message is taken back while it is unread, and not while it is read", async () => {
    const [ada, bo] = await two();
    const [first, second] = [ada.send("never mind"), ada.send("this one you may read", { limit: 9 })];
    await sent(ada, second, "stored");
    assert.equal(await sees(ada, ({ owed }) => owed), 2);
    assert.deepEqual(await ada.withdraw(first), { opened: 0 });
    await sees(bo, ({ cards }) => cards[0].fate === "withdrawn");
    await sees(ada, (state) => state.sent[0].endedAt > 0);
    await bo.open(second);
    assert.equal((await card(bo, "open", 1)).viewLimit, 9);
    assert.equal(await refusal(ada.withdraw(second)), "message_leased");
    bo.shown(second);
    const { reader, endedAt, opened } = await sent(ada, second, "viewed");
    assert.deepEqual([reader, endedAt > 0, opened], [bo.state.me, true, 1]);
    assert.equal(await refusal(ada.withdraw(second)), "message_gone");
    assert.equal(await refusal(ada.withdraw("x")), "message_unknown");
    assert.equal(ada.state.owed, 0);
  });

  test("a message that quotes another, and half of a pair cut off", async () => {
    const [ada, bo] = await two();
    const quote = { text: "The door is green\ud83d", author: bo.state.me };
    const whole = { text: "The door is green\ufffd", author: bo.state.me };
    const id = ada.send("Which one?", { quote, view: 0 });
    assert.deepEqual((await sent(ada, id, "stored")).quote, whole);
    assert.equal((await card(bo, "closed")).quote, null);
    await bo.open(id);
    const open = await card(bo, "open");
    assert.deepEqual([open.text, open.quote, open.view], ["Which one?", whole, 0]);
    bo.shown(id);
    await sent(ada, id, "viewed");
    bo.discard(id);
    ada.discard(id);
    assert.equal((await card(bo, "shown_gone")).quote, null);
    assert.equal((await sees(ada, (state) => state.sent[0].text === null && state.sent[0])).quote, null);
  });

  test("both know the room, each other and who types", async () => {
    const [ada, bo] = await two();
    const { room, members, me } = bo.state;
    assert.deepEqual({ ...room, createdAt: 0, expiresAt: 0 },
      { ...FIRST_VIEW, locked: false, joins: 2, seatsTaken: 2, createdAt: 0, expiresAt: 0 });
    assert.ok(room.expiresAt > Date.now() && room.createdAt <= Date.now() + 1000);
    await sees(bo, (state) => state.members[1]?.name === "Bo" && state.members[0].name === "Ada");
    assert.deepEqual(members.map((one) => [one.colour === null, one.me, one.id === me]).length, 2);
    assert.deepEqual(bo.state.members.map(({ name, colour, me: mine }) => [name, colour, mine]),
      [["Ada", 3, false], ["Bo", 5, true]]);
    ada.setTyping(true);
    assert.deepEqual(await sees(bo, ({ typing }) => typing.length > 0 && typing), [ada.state.me]);
    ada.setTypingEnabled(false);
    await sees(bo, ({ typing }) => typing.length === 0);
  });

  test("everyone: each of the audience reads it, and the author is told of both", async () => {
    const policy = { ...FIRST_VIEW, policy: 2, seats: 3 };
    const [ada, bo] = await two({ policy });
    const cy = await joins(ada.code);
    await Promise.all([isLive(cy), sees(ada, ({ members }) => members.length === 3)]);
    const id = ada.send("for all");
    const texts = [(await reads(bo)).text];
    await sent(ada, id, "acknowledged");
    texts.push((await reads(cy)).text);
    assert.deepEqual(texts, ["for all", "for all"]);
    await sent(ada, id, "viewed");
  });

  test("an opened card is given back, and the other author's receipt says so", async () => {
    const [ada, bo] = await two();
    const id = ada.send("not now");
    await card(bo, "closed");
    await bo.open(id);
    await sent(ada, id, "opened");
    bo.release(id);
    assert.equal((await card(bo, "returned")).text, null);
    await sent(ada, id, "stored");
    await bo.open(id);
    bo.shown(id);
    await sent(ada, id, "viewed");
  });

  test("a person without a name has none", async () => {
    const ada = await creates();
    await isLive(ada);
    assert.deepEqual(ada.state.members.map(({ name, colour }) => [name, colour]), [[null, null]]);
  });

  test("what can't be sent is refused at once", async () => {
    const ada = await creates();
    for (const [text, options, code] of [
      ["", {}, "content_field"], ["x", { view: 4 }, "content_field"], ["x", { limit: 601 }, "content_field"],
       ["x".repeat(66_000), {}, "content_size"],
      ["x", { quote: { text: "", author: null } }, "content_field"],
      ["x", { quote: { text: "y".repeat(281), author: null } }, "content_field"],
      ["x", { quote: { text: "y", author: "Ada" } }, "content_field"],
      ["x", { quote: { text: "y" } }, "content_field"],
    ]) {
      assert.throws(() => ada.send(text, options), { code });
    }
    assert.equal(typeof ada.send("half a pair: \ud83d"), "string");
  });
});

describe("ways in", () => {
  test("a wrong code finds no room, and a code of a living room makes none", async () => {
    const ada = await creates();
    assert.equal(await refusal(joins("abacus abdomen abdominal abide abiding ability ablaze")), "room_unknown");
    assert.equal(await refusal(creates({ code: ada.code })), "room_exists");
  });

  test("a code is read as it is typed, and a link only on its own server", async () => {
    const ada = await creates();
    const page = `${SERVER}room`;
    const link = await makeLink(page, await RoomClient.config({ base: SERVER }), ada.code);
    assert.match(link, /#1\.[0-9a-f]{8}\.[a-z-]+$/);
    const [form, tag, words] = link.split("#")[1].split(/\.(?=[a-z0-9-]+$|[0-9a-f]{8}\.)/);
    assert.deepEqual([form, words], ["1", ada.code]);
    assert.equal(await refusal(joins(undefined, { link: link.replace(tag, "00000000") })), "link_salt");
    assert.equal(await refusal(joins(undefined, { link: link.replace("#1.", "#2.") })), "link_suite");
    await isLive(await joins(undefined, { link }));
    const third = await refusal(joins(ada.code.toUpperCase().replaceAll("-", " ")));
    assert.equal(third, "room_full");
  });

  test("a locked room lets nobody new in, and back in whoever has a seat", async () => {
    const ada = await creates();
    await isLive(ada);
    await ada.lock(true);
    await sees(ada, ({ room }) => room.locked);
    assert.equal(await refusal(joins(ada.code)), "room_locked");
    ada.close();
    const again = await reloads(ada.tab);
    await isLive(again);
    await again.lock(false);
    await isLive(await joins(ada.code));
  });

  test("a policy that the server doesn't allow is refused", async () => {
    assert.equal(await refusal(creates({ policy: { ...FIRST_VIEW, seats: 51 } })), "charter_limits");
  });

  test("what a server allows and proposes", async () => {
    const { limits, defaults, suite } = await RoomClient.config({ base: SERVER });
    assert.deepEqual([limits.seats, defaults.seats, suite], [[2, 50], 2, 1]);
  });

  test("a name that can't be one is refused before a seat is taken", async () => {
    const ada = await creates();
    assert.equal(await refusal(joins(ada.code, { name: "Bo\u{E000}" })), "profile_json");
    await isLive(ada);
    assert.equal(ada.state.room.joins, 1);
  });

  test("no server at all", async () => {
    assert.equal(await refusal(RoomClient.config({ base: "http://127.0.0.1:9/" })), "unreachable");
  });
});

describe("a reload", () => {
  test("comes back with the same seat, its numbers, and the truth about what was sent", async () => {
    const [ada, bo] = await two();
    const secret = ada.seatSecret();
    assert.match(secret, /^[0-9a-f]{32}$/);
    const first = ada.send("one");
    const second = ada.send("two");
    await Promise.all([sent(ada, first, "stored"), sent(ada, second, "stored")]);
    ada.close();
    await reads(bo, 0);
    const again = await reloads(ada.tab);
    await isLive(again);
    assert.equal(again.state.me, ada.state.me);
    await sent(again, first, "viewed");
    await sent(again, second, "stored");
    assert.ok(again.state.sent.every(({ text }) => text === null));
    const third = again.send("three");
    await sent(again, third, "stored");
    assert.equal(again.state.sent.at(-1).counter, 3);
    for (const place of [1, 2]) await reads(bo, place);
    assert.ok(bo.state.cards.every(({ gapBefore }) => gapBefore === 0));
    await Promise.all([sent(again, second, "viewed"), sent(again, third, "viewed")]);
    assert.equal(again.state.room.joins, 2);
    assert.equal(again.seatSecret(), secret);
    again.close();
    const last = await reloads(ada.tab);
    await sees(last, ({ sent: all }) => all.length === 3 && all.every(({ reader }) => reader === bo.state.me));
  });

  test("a card that was open and not shown can be opened again", async () => {
    const [ada, bo] = await two();
    const id = ada.send("later");
    await card(bo, "closed");
    await bo.open(id);
    await card(bo, "open");
    bo.close();
    const again = await reloads(bo.tab);
    await card(again, "returned");
    await again.open(id);
    again.shown(id);
    await sent(ada, id, "viewed");
  });

  test("the newest tab wins, and the older says so", async () => {
    const ada = await creates();
    await isLive(ada);
    await ada.tab.keeps;
    const copy = new Tab();
    for (const [key, value] of ada.tab.entries) copy.storage.setItem(key, value);
    await isLive(await reloads(copy));
    assert.equal(await hasEnded(ada), "replaced");
    assert.equal(ada.tab.entries.size, 0);
    assert.equal(copy.entries.size, 1);
  });

  test("without the wish to be resumable nothing is kept", async () => {
    const ada = await creates({ resumable: false });
    await isLive(ada);
    await sent(ada, ada.send("x"), "stored");
    assert.equal(ada.tab.entries.size, 0);
    assert.equal(await reloads(ada.tab), null);
  });

  test("the tab's half opens nothing once the seat was given up", async () => {
    const ada = await creates();
    await isLive(ada);
    await ada.tab.keeps;
    const copy = new Tab();
    for (const [key, value] of ada.tab.entries) copy.storage.setItem(key, value);
    await ada.leave();
    assert.equal(await reloads(copy), null);
    assert.equal(copy.entries.size, 0);
  });

  test("without the server the tab keeps its half for later", async () => {
    const ada = await creates();
    await isLive(ada);
    ada.close();
    assert.equal(await refusal(reloads(ada.tab, { base: "http://127.0.0.1:9/" })), "unreachable");
    await isLive(await reloads(ada.tab));
  });
});

describe("coming back by a return link", () => {
  const returnLink = async (client) => {
    const config = await RoomClient.config({ base: SERVER });
    return { config, link: `${await makeLink(SERVER, config, client.code)}.${client.seatSecret()}` };
  };
  const back = async (options) => new ReturnClient(await RoomClient.back({ base: SERVER, ...options }, new Tab()));

  test("who has left learns who read it, with proof, and takes back what waits", async () => {
    const [ada, bo] = await two();
    const [first, second] = [ada.send("for you"), ada.send("and this one perhaps")];
    await sent(ada, second, "stored");
    const kept = await returnLink(ada);
    ada.close();
    await reads(bo);
    await sees(bo, ({ cards }) => cards[0].fate === "viewed");
    const client = await back(kept);
    await client.ask();
    const [read, waits] = client.state.sent;
    assert.deepEqual([read.id, read.state, read.proved, read.reader, read.endedAt > 0],
      [first, "viewed", true, bo.state.me, true]);
    assert.deepEqual([waits.id, waits.state, client.state.forgotten], [second, "stored", 0]);
    assert.deepEqual(client.state.members.map(({ name }) => name), ["Ada", "Bo"]);
    await client.takeBack(second);
    assert.equal(client.state.sent[1].state, "withdrawn");
    await sees(bo, ({ cards }) => cards[1].fate === "withdrawn");
    // The seat is one of two, and nobody else has it: to write, one gives it up and joins anew.
    assert.equal(await refusal(joins(client.code)), "room_full");
    await client.makeWay();
    await isLive(await joins(client.code));
  });

  test("a seat that was given up is taken again only when it is asked for", async () => {
    const [ada, bo] = await two();
    await sent(ada, ada.send("for you"), "stored");
    const kept = await returnLink(ada);
    await ada.leave();
    const client = await back(kept);
    await client.ask();
    assert.deepEqual([client.state.seated, bo.state.room.joins], [false, 2]);
    await client.takeSeat();
    assert.equal(client.state.sent[0].state, "stored");
    await sees(bo, ({ room }) => room.joins === 3);
  });
});

describe("the end", () => {
  test("leaving frees the seat at once and forgets everything", async () => {
    const [ada, bo] = await two();
    ada.send("stays");
    await card(bo, "closed");
    await ada.leave();
    assert.equal(await hasEnded(ada), "left");
    assert.equal(ada.tab.entries.size, 0);
    assert.deepEqual([ada.state.cards, ada.state.sent[0].text], [[], null]);
    await sees(bo, ({ members }) => members.length === 1);
    assert.throws(() => ada.send("late"), { code: "ended" });
    assert.equal(await refusal(ada.open("x")), "ended");
    assert.equal(await refusal(ada.lock(true)), "ended");
    assert.equal((await reads(bo)).text, "stays");
  });

  test("destroying ends the room for everyone, at once", async () => {
    const [ada, bo] = await two();
    bo.send("secret");
    await reads(ada);
    const waiting = bo.open("missing").catch(({ code }) => code);
    const done = ada.destroy();
    assert.equal(await sees(ada, ({ cards }) => cards.length === 0), true, "texts go before the answer");
    await done;
    assert.deepEqual([ada.state.ended?.reason ?? await hasEnded(ada), await hasEnded(bo)],
      ["destroyed_by_you", "destroyed"]);
    assert.deepEqual([ada.state.ended.by, bo.state.ended.by], [null, ada.state.me]);
    assert.deepEqual([ada.tab.entries.size, bo.tab.entries.size], [0, 0]);
    assert.equal(await waiting, "message_unknown");
    assert.equal(await refusal(joins(ada.code)), "room_unknown");
  });

  test("a room that ended while one was away", async () => {
    const [ada, bo] = await two();
    bo.close();
    await ada.destroy();
    assert.equal(await reloads(bo.tab), null);
  });
});
