/** What a sender knows of its messages: who read them and when, what it takes back, what outlives a reload. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ANNA, BEN, HASH, ME, OFFSET, T0, Talk, VIEWING, bytes, message, notice, receipt, room } from "./talk.mjs";

const A = message(1);
const B = message(2);
const ENDED = T0 + 7000;

const writes = (id = A, more = {}) => {
  const talk = new Talk().connect();
  talk.writes(id);
  return talk.answer("post", receipt(id, "stored", more));
};
const destroyed = (id, state, more = {}) =>
  ({ type: "destroyed", id, state, viewing: null, member: null, opened: 0, ended_at: ENDED, ...more });
const viewed = (id, more = {}) => destroyed(id, "viewed", { viewing: VIEWING, member: ANNA, opened: 1, ...more });
const reloaded = (talk) => new Talk({ saved: JSON.parse(JSON.stringify(talk.session.save())) });

describe("who read it, and when", () => {
  test("is told beside a true proof", () => {
    const talk = writes().hears(viewed(A));
    assert.deepEqual([talk.sent(A).reader, talk.sent(A).endedAt], [null, null]);
    talk.call("checked", A, true);
    const { reader, endedAt, proved, opened } = talk.sent(A);
    assert.deepEqual([reader, endedAt, proved, opened], [ANNA, ENDED, true, 1]);
  });

  test("is not told beside a false one", () => {
    const talk = writes().hears(viewed(A));
    talk.call("checked", A, false);
    const { state, reader, proved } = talk.sent(A);
    assert.deepEqual([state, reader, proved], ["false_receipt", null, false]);
  });

  test("is known of a message of which a reload had thought that it was never sent", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    const again = reloaded(talk).connect();
    again.answer("status", { receipts: [receipt(A, "unknown", { opened: null, returns: null })] });
    assert.equal(again.sent(A).error, "not_sent");
    again.hears(viewed(A));
    again.call("checked", A, true);
    assert.deepEqual([again.sent(A).state, again.sent(A).reader], ["viewed", ANNA]);
  });

  test("openings and returns are counted, and a late answer doesn't turn them back", () => {
    const talk = writes();
    talk.hears({ type: "opened", id: A, member: ANNA, lease_until: T0 });
    talk.hears({ type: "stored", id: A, member: ANNA, returns: 1 });
    assert.deepEqual([talk.sent(A).opened, talk.sent(A).returns], [1, 1]);
    talk.hears(notice(A, { author: ME, opened: 0, returns: 0 }));
    assert.deepEqual([talk.sent(A).opened, talk.sent(A).returns], [1, 1]);
    talk.hears(destroyed(A, "expired", { opened: 2 }));
    assert.deepEqual([talk.sent(A).opened, talk.sent(A).endedAt], [2, ENDED]);
  });

  test("everyone: how many of how many, and who", () => {
    const talk = writes(A, { audience: [ANNA, BEN] });
    talk.hears({ type: "acknowledged", id: A, member: ANNA });
    let { audience, readers, of } = talk.sent(A);
    assert.deepEqual([audience, readers, of], [[BEN], [ANNA], 2]);
    const again = reloaded(talk).connect({ notices: [notice(A, { author: ME, audience: [BEN] })] });
    ({ audience, readers, of } = again.sent(A));
    assert.deepEqual([audience, readers, of], [[BEN], [ANNA], 2]);
    again.hears({ type: "audience", id: A, audience: [] });
    assert.deepEqual(again.sent(A).audience, []);
  });

  test("everyone: for how many it was is kept as soon as it is known", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    const answer = { type: "ok", ref: talk.only("post").ref, ...receipt(A, "stored", { audience: [ANNA, BEN] }) };
    talk.session.receive([answer], talk.now);
    assert.ok(talk.session.takeEffects().some(({ type }) => type === "save"));
    assert.equal(talk.session.save().sent[0][3], 2);
  });

  test("everyone: who was still to view one that ended while one was away isn't known", () => {
    const talk = writes(A, { audience: [ANNA, BEN] }).disconnect().connect();
    talk.answer("status", { receipts: [receipt(A, "expired", { ended_at: ENDED })] });
    assert.deepEqual([talk.sent(A).state, talk.sent(A).audience, talk.sent(A).of], ["expired", null, 2]);
  });

  test("how many wait unread", () => {
    const talk = writes();
    talk.writes(B);
    assert.equal(talk.session.room.outbox.owed, 1);
    talk.hears(destroyed(A, "expired"));
    assert.equal(talk.session.room.outbox.owed, 0);
  });
});

describe("taking back", () => {
  test("destroys what waits, and says how often it had been opened", () => {
    const talk = writes();
    assert.equal(talk.call("withdraw", A), true);
    talk.answer("withdraw", { id: A, state: "withdrawn", opened: 0 });
    const { opened, refusal } = talk.effect("withdrawn");
    assert.deepEqual([opened, refusal], [0, null]);
    talk.answer("status", { receipts: [receipt(A, "withdrawn", { ended_at: ENDED })] });
    const { state, endedAt, proved } = talk.sent(A);
    assert.deepEqual([state, endedAt, proved], ["withdrawn", ENDED, false]);
    assert.ok(talk.silent);
  });

  test("the answer is lost: it is asked for again with the next connection", () => {
    const talk = writes();
    talk.call("withdraw", A);
    talk.disconnect().connect({ notices: [notice(A, { author: ME })] });
    talk.answer("withdraw", { id: A, state: "withdrawn", opened: 0 });
    assert.equal(talk.sent(A).state, "withdrawn");
  });

  test("that somebody had viewed it is said with a true proof alone", () => {
    for (const genuine of [true, false]) {
      const talk = writes(A, { audience: [ANNA, BEN] });
      talk.call("withdraw", A);
      talk.answer("withdraw", { id: A, state: "withdrawn", opened: 1 });
      talk.answer("status", { receipts: [receipt(A, "withdrawn", { viewing: VIEWING, reader: ANNA, opened: 1 })] });
      assert.equal(talk.effect("check").hash, HASH);
      assert.equal(talk.sent(A).reader, null);
      talk.call("checked", A, genuine);
      const { state, reader, proved } = talk.sent(A);
      assert.deepEqual([state, reader, proved], ["withdrawn", genuine ? ANNA : null, genuine]);
    }
  });

  test("from elsewhere: the news brings the proof", () => {
    const talk = writes();
    talk.hears(destroyed(A, "withdrawn", { viewing: VIEWING, member: ANNA, opened: 3 }));
    talk.call("checked", A, true);
    const { state, reader, opened } = talk.sent(A);
    assert.deepEqual([state, reader, opened], ["withdrawn", ANNA, 3]);
  });

  test("somebody reads it: that is said at once, and it isn't asked for again", () => {
    const talk = writes();
    talk.call("withdraw", A);
    talk.refuse("withdraw", "message_leased", { retry_after: 90 });
    assert.equal(talk.effect("withdrawn").refusal.code, "message_leased");
    talk.passes(90_000);
    assert.ok(talk.asked.every(({ type }) => type !== "withdraw"));
  });

  test("a busy server is asked again when it says so", () => {
    const talk = writes();
    talk.call("withdraw", A);
    talk.refuse("withdraw", "too_many", { retry_after: 7 });
    assert.equal(talk.session.nextTick(), talk.now + 7000);
    talk.passes(6999);
    assert.ok(talk.silent);
    talk.passes(1).answer("withdraw", { id: A, state: "withdrawn", opened: 0 });
    assert.equal(talk.sent(A).state, "withdrawn");
  });

  test("it was read first: its fate is told, and proved", () => {
    const talk = writes();
    talk.call("withdraw", A);
    talk.refuse("withdraw", "message_gone", { state: "viewed" });
    assert.equal(talk.effect("withdrawn").refusal.code, "message_gone");
    talk.answer("status", { receipts: [receipt(A, "viewed", { viewing: VIEWING, reader: ANNA, ended_at: ENDED })] });
    talk.call("checked", A, true);
    assert.deepEqual([talk.sent(A).state, talk.sent(A).reader], ["viewed", ANNA]);
  });

  test("without a connection nothing is asked for", () => {
    const talk = writes().disconnect();
    assert.equal(talk.call("withdraw", A), false);
    talk.connect({ notices: [notice(A, { author: ME })] });
    assert.ok(talk.silent);
  });
});

describe("after a reload", () => {
  test("the latest fates are still known, in the order of writing, and nothing is asked about them", () => {
    const talk = new Talk().connect();
    const ids = Array.from({ length: 60 }, (_, n) => bytes(n + 10));
    for (const id of ids) {
      talk.writes(id);
      talk.answer("post", receipt(id, "stored"));
    }
    talk.writes(A);
    for (const id of ids) talk.hears(viewed(id, { member: BEN })).call("checked", id, true);
    const again = reloaded(talk);
    const all = again.session.room.outbox.views();
    assert.deepEqual(all.map(({ id }) => id), [...ids.slice(-50), A]);
    const { state, reader, endedAt, proved, text } = all[0];
    assert.deepEqual([state, reader, endedAt, proved, text], ["viewed", BEN, ENDED, true, null]);
    again.connect();
    assert.deepEqual(again.only("status").ids, [A]);
  });

  test("a record of an earlier version of this page is taken as it is", () => {
    const talk = new Talk({ saved: { counter: 3, sent: [[A, HASH, 3]], read: [], unread: [] } }).connect();
    assert.deepEqual(talk.only("status").ids, [A]);
    assert.deepEqual(talk.session.room.cards.interrupted.views(), []);
    talk.writes(B);
    assert.equal(talk.sent(B).counter, 4);
  });

  test("a card that was open and is gone leaves a trace", () => {
    const talk = new Talk().connect({ notices: [notice(A), notice(B, { sequence: 2 })] }).opens(A).opens(B, 2);
    talk.call("shown", A);
    talk.answer("ack", { state: "viewed" });
    const again = reloaded(talk);
    assert.deepEqual(again.session.room.cards.interrupted.views(), [], "not before it is known what waits");
    again.connect({ notices: [notice(B, { sequence: 2 })] });
    assert.deepEqual(again.session.room.cards.interrupted.views(), [{ id: A, author: ANNA }]);
    assert.deepEqual(reloaded(again).session.save().open, [[A, ANNA]], "nor is it forgotten by another reload");
  });

  test("what was put away before leaves none", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("shown", A);
    talk.answer("ack", { state: "viewed" });
    talk.session.takeEffects();
    talk.session.discard(A, talk.now);
    assert.ok(talk.session.takeEffects().some(({ type }) => type === "save"), "it is kept that it was");
    assert.deepEqual(talk.session.save().open, []);
  });

  test("everyone: it waits for others alone, and is gone here", () => {
    const talk = new Talk().connect({ notices: [notice(A, { audience: [ME, BEN] })] }).opens(A);
    const again = reloaded(talk).connect({ notices: [notice(A, { audience: [BEN] })] });
    assert.deepEqual(again.session.room.cards.interrupted.views(), [{ id: A, author: ANNA }]);
  });
});

describe("who did it", () => {
  test("who locked the room, until a complete state says otherwise", () => {
    const talk = new Talk().connect();
    const by = () => talk.session.room.lockedBy;
    talk.hears({ type: "locked", locked: true, member: ANNA });
    assert.equal(by(), ANNA);
    const backlog = { type: "backlog", now: T0 + OFFSET, members: [], notices: [] };
    talk.hears({ ...backlog, room: room({ locked: true }) });
    assert.equal(by(), ANNA);
    talk.hears({ ...backlog, room: room({ locked: false }) });
    assert.equal(by(), null);
    talk.session.request("lock", { locked: true });
    talk.passes(0).answer("lock", room({ locked: true }));
    assert.equal(by(), ME);
    talk.hears({ type: "locked", locked: false, member: 7 });
    assert.equal(by(), null);
    assert.equal(talk.session.room.roster.room.locked, false);
  });

  test("who destroyed it", () => {
    for (const [closed, reason, by] of [
      [{ reason: "destroyed", member: ANNA }, "destroyed", ANNA], [{ reason: "destroyed", member: null }, "destroyed", null],
      [{ reason: "expired", member: null }, "expired", null],
    ]) {
      const talk = new Talk().connect().hears({ type: "closed", ...closed });
      assert.deepEqual(talk.effect("end"), { type: "end", reason, leave: false, by });
    }
  });
});

describe("words that the server may not have", () => {
  test("what was on its way without an answer is doubtful, what the server had no space for isn't", () => {
    const talk = new Talk();
    talk.writes(A, "in a tunnel");
    const unsent = () => talk.session.room.outbox.unsent();
    assert.deepEqual(unsent(), [{ id: A, text: "in a tunnel", quote: null, doubtful: false }]);
    talk.connect();
    talk.disconnect();
    assert.deepEqual(unsent(), [{ id: A, text: "in a tunnel", quote: null, doubtful: true }]);
    talk.connect();
    talk.refuse("post", "room_crowded");
    assert.equal(unsent()[0].doubtful, false);
    talk.passes(11_000).answer("post", receipt(A, "stored"));
    assert.deepEqual(unsent(), []);
  });

  test("what was given up after half a day is as doubtful as it was", () => {
    const doubts = (talk) => talk.disconnect().passes(13 * 3_600_000).session.room.outbox.unsent()
      .map(({ doubtful }) => doubtful);
    const tried = new Talk().connect();
    tried.writes(A, "before the lid was closed");
    assert.deepEqual(doubts(tried), [true]);
    const never = new Talk();
    never.writes(A, "in a tunnel");
    assert.deepEqual(doubts(never), [false]);
  });

  test("what was refused is there, until its words were dropped", () => {
    const talk = new Talk().connect();
    talk.writes(A, "too much");
    talk.refuse("post", "envelope_size");
    assert.deepEqual(talk.session.room.outbox.unsent(), [{ id: A, text: "too much", quote: null, doubtful: false }]);
    talk.call("discard", A);
    assert.deepEqual(talk.session.room.outbox.unsent(), []);
  });
});
