/** What a member's session makes of what a server says, and of what it doesn't. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  ANNA, BEN, CHARTER, CREDENTIALS, HASH, ME, OFFSET, T0, Talk, VIEWING, bytes, envelopeOf, leased, member, message,
  notice, receipt, room,
} from "./talk.mjs";
import { messagesOf } from "../../web/static/js/protocol/messages.js";

const A = message(1);
const B = message(2);

describe("reading", () => {
  test("a card is opened, shown, acknowledged once, and kept until the page drops it", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    assert.equal(talk.card(A).state, "closed");
    talk.call("open", A);
    assert.equal(talk.card(A).state, "opening");
    talk.answer("open", envelopeOf(A));
    const { author, envelope } = talk.effect("decrypt");
    assert.deepEqual([author, envelope], [ANNA, bytes(50, 512)]);
    talk.decrypts(A);
    assert.equal(talk.card(A).text, "text 1");
    assert.ok(talk.silent, "nothing is acknowledged before it was shown");
    talk.call("shown", A);
    talk.call("shown", A);
    assert.equal(talk.asked[0].viewing, VIEWING);
    talk.answer("ack", { id: A, state: "viewed" });
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: ME });
    assert.deepEqual([talk.card(A).state, talk.card(A).fate], ["open", "viewed"]);
    talk.call("discard", A);
    assert.deepEqual([talk.card(A).state, talk.card(A).text], ["shown_gone", null]);
    assert.ok(talk.silent);
  });

  test("the answer to opening is lost: it is asked again under the same lease", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.call("open", A);
    talk.disconnect().connect({ notices: [leased(A, ME)] });
    assert.equal(talk.card(A).state, "opening");
    talk.answer("open", envelopeOf(A));
    talk.effect("decrypt");
    talk.decrypts(A);
    assert.equal(talk.card(A).state, "open");
  });

  test("the connection goes while a message is being decrypted: it is not asked for twice", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.call("open", A);
    talk.answer("open", envelopeOf(A));
    talk.disconnect();
    talk.decrypts(A);
    talk.connect({ notices: [leased(A, ME)] });
    assert.equal(talk.card(A).state, "open");
    assert.ok(talk.silent);
  });

  test("the answer to acknowledging is lost: it is acknowledged again, though it is gone", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("shown", A);
    talk.disconnect().connect({ notices: [] });
    assert.equal(talk.card(A).state, "open", "what is being read is not taken away");
    talk.answer("ack", { id: A, state: "viewed" });
    assert.equal(talk.card(A).fate, "viewed");
    assert.ok(talk.silent);
  });

  test("shown without a connection: acknowledged with the next", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.disconnect();
    talk.call("shown", A);
    assert.ok(talk.silent);
    talk.connect({ notices: [leased(A, ME)] });
    assert.equal(talk.only("ack").id, A);
  });

  test("a text that was dropped before its acknowledgement was answered is still acknowledged", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("shown", A);
    talk.disconnect();
    talk.call("discard", A);
    talk.connect({ notices: [leased(A, ME)] });
    assert.equal(talk.only("ack").viewing, VIEWING);
  });

  test("a busy server gets the acknowledgement again, not before it asked for", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("shown", A);
    talk.refuse("ack", "too_many", { retry_after: 7 });
    talk.passes(6000);
    assert.ok(talk.silent);
    assert.equal(talk.session.nextTick(), talk.now + 1000);
    talk.passes(1000).answer("ack", { state: "viewed" });
    assert.equal(talk.card(A).fate, "viewed");
  });

  test("two answers to one request, and an answer to none, change nothing", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.call("open", A);
    const { ref } = talk.only("open");
    const answer = { type: "ok", ref, ...envelopeOf(A) };
    talk.hears(answer, answer, { ...answer, ref: 999 }, { ...answer, ref: null });
    talk.effect("decrypt");
  });

  test("another holds the lease: taken, and closed again when it ends", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.hears({ type: "opened", id: A, member: BEN, lease_until: T0 + 9e4 });
    assert.deepEqual([talk.card(A).state, talk.card(A).holder], ["taken", BEN]);
    talk.hears({ type: "stored", id: A });
    assert.deepEqual([talk.card(A).state, talk.card(A).holder], ["closed", null]);
  });

  test("another was faster: the refusal of opening leaves the card taken", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.call("open", A);
    talk.hears({ type: "opened", id: A, member: BEN, lease_until: T0 + 9e4 });
    talk.refuse("open", "message_leased", { retry_after: 90 });
    assert.deepEqual([talk.card(A).state, talk.card(A).error], ["taken", "message_leased"]);
  });

  test("the lease ends before the text was shown: the text is dropped and may be asked for again", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.hears({ type: "stored", id: A });
    assert.deepEqual([talk.card(A).state, talk.card(A).text], ["returned", null]);
    talk.call("shown", A);
    assert.ok(talk.silent, "what was not shown is not acknowledged");
    talk.opens(A);
    assert.equal(talk.card(A).state, "open");
  });

  test("the lease ends while the text is being read: it stays, and is acknowledged", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("shown", A);
    talk.hears({ type: "stored", id: A });
    assert.equal(talk.card(A).text, "text 1");
    talk.answer("ack", { state: "viewed" });
  });

  test("away, the lease went to another: what was not shown is dropped", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.disconnect().connect({ notices: [leased(A, BEN)] });
    assert.deepEqual([talk.card(A).state, talk.card(A).text], ["taken", null]);
  });

  test("given back unread: released, and it waits again", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("release", A);
    assert.deepEqual([talk.card(A).state, talk.card(A).text], ["returned", null]);
    talk.disconnect().connect({ notices: [leased(A, ME)] });
    talk.refuse("release", "lease_lost");
    assert.ok(talk.silent);
    assert.equal(talk.card(A).state, "returned");
  });

  test("what was shown can't be given back", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.call("shown", A);
    talk.call("release", A);
    assert.equal(talk.card(A).state, "open");
    assert.equal(talk.asked.filter(({ type }) => type === "release").length, 0);
  });

  test("what can't be decrypted is shown as broken, and given back", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.call("open", A);
    talk.answer("open", envelopeOf(A));
    talk.call("unreadable", A, "envelope_open");
    assert.deepEqual([talk.card(A).state, talk.card(A).error], ["broken", "envelope_open"]);
    talk.answer("release", { state: "stored" });
    assert.ok(talk.silent);
  });

  test("an answer to opening that is not in the protocol's form makes a broken card", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.call("open", A);
    talk.answer("open", { id: A, envelope: 7 });
    assert.deepEqual([talk.card(A).state, talk.card(A).error], ["broken", "malformed"]);
  });

  for (const [fate, code] of [["viewed", "message_gone"], ["expired", "message_gone"]]) {
    test(`opening what is ${fate} makes it gone`, () => {
      const talk = new Talk().connect({ notices: [notice(A)] });
      talk.call("open", A);
      talk.refuse("open", code, { state: fate });
      assert.deepEqual([talk.card(A).state, talk.card(A).fate], ["gone", fate]);
    });
  }

  test("a card is destroyed elsewhere while closed, while opening, while open but not shown", () => {
    const talk = new Talk().connect({ notices: [notice(A), notice(B, { sequence: 2 })] }).opens(B);
    talk.call("open", A);
    for (const id of [A, B]) {
      talk.hears({ type: "destroyed", id, state: "expired", viewing: null, member: null });
      assert.deepEqual([talk.card(id).state, talk.card(id).text], ["gone", null]);
    }
    talk.answer("open", envelopeOf(A));
    assert.deepEqual(talk.effects, []);
  });

  test("gone while away: expired if its time was over, else without a fate", () => {
    const talk = new Talk().connect({
      notices: [notice(A, { expires_at: T0 + 6000 }), notice(B, { sequence: 2 })],
    });
    talk.disconnect();
    talk.now += 2000;
    talk.connect({ notices: [] });
    assert.deepEqual([talk.card(A).fate, talk.card(B).fate], ["expired", null]);
  });

  test("a backlog in the middle of it replaces what was known", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    const members = [member(ME), member(BEN)];
    talk.hears({ type: "backlog", now: T0 + OFFSET, room: room({ locked: true }), members,
      notices: [notice(B, { author: BEN, sequence: 4 })] });
    assert.deepEqual(talk.cards.map(({ id, state }) => [id, state]), [[A, "gone"], [B, "closed"]]);
    assert.deepEqual(talk.session.room.roster.views().map(({ id }) => id), [ME, BEN]);
    assert.equal(talk.session.room.roster.room.locked, true);
  });
});

describe("everyone", () => {
  const forBoth = { audience: [ME, BEN] };

  test("another's lease and viewing leave one's own card alone", () => {
    const talk = new Talk().connect({ notices: [notice(A, forBoth)] });
    talk.hears({ type: "opened", id: A, member: BEN, lease_until: T0 + 9e4 });
    talk.hears({ type: "acknowledged", id: A, member: BEN });
    assert.deepEqual([talk.card(A).state, talk.card(A).audience], ["closed", [ME]]);
    talk.opens(A);
    talk.hears({ type: "stored", id: A });
    assert.equal(talk.card(A).state, "open", "the lease that ended was another's");
    talk.call("shown", A);
    talk.answer("ack", { state: "acknowledged" });
    assert.equal(talk.card(A).fate, null, "others are still to view it");
  });

  test("a message for others is not shown until it is for the first who opens", () => {
    const talk = new Talk().connect({ notices: [notice(A, { audience: [BEN] })] });
    assert.deepEqual(talk.cards, []);
    talk.hears({ type: "audience", id: A, audience: null });
    assert.equal(talk.card(A).state, "closed");
  });

  test("what one has read stays read when the server lists it for the others", () => {
    const talk = new Talk().connect({ notices: [notice(A, forBoth)] }).opens(A);
    talk.call("shown", A);
    talk.answer("ack", { state: "acknowledged" });
    talk.call("discard", A);
    talk.disconnect().connect({ notices: [notice(A, { audience: [BEN] })] });
    assert.equal(talk.card(A).state, "shown_gone");
  });
});

describe("writing", () => {
  test("a message is posted once, and its receipt is believed with proof alone", () => {
    const talk = new Talk().connect();
    assert.equal(talk.writes(A), 1);
    assert.equal(talk.sent(A).state, "sending");
    talk.answer("post", receipt(A, "stored"));
    assert.deepEqual([talk.sent(A).state, talk.sent(A).postedAt], ["stored", T0]);
    talk.hears({ type: "opened", id: A, member: ANNA, lease_until: T0 });
    assert.equal(talk.sent(A).state, "opened");
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: ANNA });
    const { viewing, hash } = talk.effect("check");
    assert.deepEqual([viewing, hash], [VIEWING, HASH]);
    assert.equal(talk.sent(A).state, "opened", "not believed before it was checked");
    talk.call("checked", A, true);
    assert.equal(talk.sent(A).state, "viewed");
  });

  test("a false receipt is shown as one, and only a true one can correct it", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.answer("post", receipt(A, "stored"));
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: bytes(66, 32), member: ANNA });
    talk.effect("check");
    talk.call("checked", A, false);
    assert.equal(talk.sent(A).state, "false_receipt");
    talk.hears({ type: "destroyed", id: A, state: "expired", viewing: null, member: null });
    assert.equal(talk.sent(A).state, "false_receipt");
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: ANNA });
    talk.effect("check");
    talk.call("checked", A, true);
    assert.equal(talk.sent(A).state, "viewed");
  });

  test("viewed without proof: the server is asked for it, and its silence is a false receipt", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.answer("post", receipt(A, "stored"));
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: null, member: null });
    talk.answer("status", { now: T0, receipts: [receipt(A, "viewed")] });
    assert.equal(talk.effect("check").viewing, null);
    talk.call("checked", A, false);
    assert.equal(talk.sent(A).state, "false_receipt");
  });

  test("written without a connection: it waits, and is posted in order with the next", () => {
    const talk = new Talk();
    talk.writes(A);
    talk.writes(B);
    assert.ok(talk.silent);
    talk.connect();
    assert.deepEqual(talk.asked.map(({ id }) => id), [A, B]);
  });

  test("a later message waits for an earlier one that is still being encrypted", () => {
    const talk = new Talk().connect();
    talk.call("write", { id: A, text: "first", counter: 1 });
    talk.writes(B, "second");
    assert.ok(talk.silent);
    talk.session.room.outbox.hashed(A, HASH);
    talk.call("sealed", A, bytes(60, 512));
    assert.deepEqual(talk.asked.map(({ id }) => id), [A, B]);
  });

  test("the answer to posting is lost and the message waits: it is not posted again", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.disconnect().connect({ notices: [notice(A, { author: ME, sequence: 3 })] });
    assert.deepEqual([talk.sent(A).state, talk.sent(A).sequence], ["stored", 3]);
    assert.ok(talk.silent);
  });

  test("the post is lost: the same bytes go again under the same id", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    const first = talk.only("post");
    talk.disconnect().connect();
    const second = talk.only("post");
    assert.deepEqual({ ...second, ref: 0 }, { ...first, ref: 0 });
  });

  test("the answer is lost and the message was read meanwhile: posting again tells its fate", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.disconnect().connect();
    const viewed = { sequence: null, posted_at: null, expires_at: null, viewing: VIEWING };
    talk.answer("post", receipt(A, "viewed", viewed));
    talk.effect("check");
    talk.call("checked", A, true);
    assert.equal(talk.sent(A).state, "viewed");
  });

  test("destroyed before the answer to posting arrives: the answer doesn't bring it back", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.hears({ type: "destroyed", id: A, state: "expired", viewing: null, member: null });
    talk.answer("post", receipt(A, "stored"));
    assert.equal(talk.sent(A).state, "expired");
  });

  test("read while away: the receipt is asked for", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.writes(B);
    talk.hears(...talk.asked.splice(0).map(({ ref, id }) =>
      ({ type: "ok", ref, ...receipt(id, "stored") })));
    talk.disconnect().connect({ notices: [notice(B, { author: ME })] });
    assert.deepEqual(talk.asked[0].ids, [A]);
    talk.answer("status", { receipts: [receipt(A, "unconfirmed"), 7, receipt(B, "sold")] });
    assert.deepEqual([talk.sent(A).state, talk.sent(B).state], ["unconfirmed", "stored"]);
  });

  test("the answer about receipts is lost: they are asked for again, a hundred at a time", () => {
    const talk = new Talk().connect();
    const ids = Array.from({ length: 101 }, (_, n) => message(n));
    for (const id of ids) talk.writes(id);
    talk.hears(...talk.asked.splice(0).map(({ ref, id }) =>
      ({ type: "ok", ref, ...receipt(id, "stored") })));
    for (let again = 0; again < 2; again += 1) {
      talk.disconnect().connect();
      assert.deepEqual(talk.asked.map((frame) => frame.ids.length), [100, 1]);
    }
  });

  test("a crowded room: the message waits for space, and says why", () => {
    const talk = new Talk().connect({ notices: [notice(B)] });
    talk.writes(A);
    talk.refuse("post", "room_crowded");
    assert.deepEqual([talk.sent(A).state, talk.sent(A).error], ["sending", "room_crowded"]);
    talk.hears({ type: "destroyed", id: B, state: "viewed", viewing: VIEWING, member: ANNA });
    talk.answer("post", receipt(A, "stored"));
    assert.deepEqual([talk.sent(A).state, talk.sent(A).error], ["stored", null]);
  });

  test("a full server: the message waits until its time has come, and says why", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.refuse("post", "storage_full", { retry_after: 60 });
    assert.deepEqual([talk.sent(A).state, talk.sent(A).error], ["sending", "storage_full"]);
  });

  test("a refusal that is the last word", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.refuse("post", "message_conflict");
    assert.deepEqual([talk.sent(A).state, talk.sent(A).error], ["refused", "message_conflict"]);
    talk.disconnect().connect();
    assert.ok(talk.silent);
  });

  test("one's own text is dropped when asked, but not while it may have to be written again", () => {
    const talk = new Talk();
    talk.writes(A, "mine");
    talk.call("discard", A);
    assert.equal(talk.sent(A).text, "mine");
    talk.connect().answer("post", receipt(A, "stored"));
    talk.call("discard", A);
    assert.deepEqual([talk.sent(A).text, talk.sent(A).state], [null, "stored"]);
  });

  test("nothing is posted again after twelve hours", () => {
    const talk = new Talk();
    talk.writes(A);
    talk.passes(12 * 3600_000 - 1);
    assert.equal(talk.sent(A).state, "sending");
    talk.passes(1).connect();
    assert.deepEqual([talk.sent(A).state, talk.sent(A).error], ["refused", "not_sent"]);
    assert.ok(talk.silent);
  });

  test("everyone: one has viewed it, a lease of another ends, then all have", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.answer("post", receipt(A, "stored"));
    talk.hears({ type: "acknowledged", id: A, member: ANNA });
    talk.hears({ type: "opened", id: A, member: BEN, lease_until: T0 }, { type: "stored", id: A });
    assert.equal(talk.sent(A).state, "acknowledged");
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: BEN });
    talk.effect("check");
  });

  test("what the server calls mine and isn't is ignored", () => {
    const talk = new Talk().connect({ notices: [notice(A, { author: ME })] });
    talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: ANNA });
    assert.deepEqual([talk.sent(A), talk.cards, talk.effects], [undefined, [], []]);
  });
});

describe("gaps", () => {
  const three = [1, 2, 3].map((n) => notice(message(n), { sequence: n }));

  test("cards opened in any order show no gap, nor does one who was there first", () => {
    const talk = new Talk().connect({ notices: three });
    talk.opens(message(3), 9);
    assert.equal(talk.card(message(3)).gapBefore, 0);
    talk.opens(message(1), 7);
    talk.opens(message(2), 8);
    assert.deepEqual(talk.cards.map(({ gapBefore }) => gapBefore), [0, 0, 0]);
  });

  test("a skipped counter is shown, less what waits unopened between", () => {
    const talk = new Talk().connect({ notices: three });
    talk.opens(message(1), 1);
    talk.opens(message(3), 5);
    assert.equal(talk.card(message(3)).gapBefore, 2);
    talk.opens(message(2), 2);
    assert.deepEqual(talk.cards.map(({ gapBefore }) => gapBefore), [0, 0, 2]);
  });

  test("of one who joined under our eyes the first message is counted from 1", () => {
    const talk = new Talk().connect();
    talk.hears({ type: "joined", member: member(BEN, { joined_at: T0 + 1 }), joins: 3 });
    talk.hears(notice(A, { author: BEN }));
    talk.opens(A, 3);
    assert.equal(talk.card(A).gapBefore, 2);
  });

  test("what a peer sent again behind a later message is no gap", () => {
    const talk = new Talk().connect({ notices: three });
    talk.opens(message(1), 1).opens(message(2), 3).opens(message(3), 2);
    assert.deepEqual(talk.cards.map(({ gapBefore }) => gapBefore), [0, 0, 0]);
  });

  test("the count goes on after a reload", () => {
    const talk = new Talk().connect({ notices: three.slice(0, 1) });
    talk.opens(message(1), 4);
    talk.call("shown", message(1));
    const back = new Talk({ saved: talk.session.save() }).connect({ notices: [three[1]] });
    back.opens(message(2), 6);
    assert.equal(back.card(message(2)).gapBefore, 1);
  });
});

describe("what one does oneself is told by the answer alone", () => {
  test("a post: its receipt stands for the notice", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.answer("post", receipt(A, "stored", { expires_at: T0 + 5 }));
    assert.deepEqual([talk.sent(A).state, talk.sent(A).sequence, talk.sent(A).expiresAt], ["stored", 1, T0 + 5]);
  });

  test("an opening, given back: the card waits again", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    assert.deepEqual([talk.card(A).holder, talk.card(A).leaseUntil], [ME, T0 + 120_000]);
    talk.call("release", A);
    talk.answer("release", { id: A, state: "stored", returns: 1 });
    assert.deepEqual([talk.card(A).state, talk.card(A).holder, talk.card(A).leaseUntil], ["returned", null, null]);
  });

  test("an acknowledgement destroys, and makes space", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.writes(B);
    talk.refuse("post", "room_crowded");
    talk.call("shown", A);
    talk.answer("ack", { id: A, state: "viewed" });
    assert.equal(talk.card(A).fate, "viewed");
    assert.equal(talk.only("post").id, B);
  });

  test("everyone: an acknowledgement leaves the message to the others", () => {
    const talk = new Talk().connect({ notices: [notice(A, { audience: [ME, BEN] })] }).opens(A);
    talk.call("shown", A);
    talk.answer("ack", { id: A, state: "acknowledged" });
    assert.deepEqual([talk.card(A).state, talk.card(A).fate, talk.card(A).audience], ["open", null, [BEN]]);
  });

  test("everyone: whoever is done with a message sees it no more, and doesn't call it gone", () => {
    const talk = new Talk().connect({ notices: [notice(A, { audience: [ME, BEN] })] });
    talk.call("open", A);
    talk.refuse("open", "message_done", { state: "unconfirmed" });
    assert.equal(talk.card(A), undefined);
    assert.equal(talk.session.room.cards.get(A).fate, null);
  });

  test("a lock", () => {
    const talk = new Talk().connect();
    talk.session.request("lock", { locked: true });
    talk.call("tick");
    talk.answer("lock", room({ locked: true }));
    assert.equal(talk.session.room.roster.room.locked, true);
  });
});

describe("connections", () => {
  test("each names a generation above all before it", () => {
    const talk = new Talk({ generation: 6 }).connect().disconnect();
    talk.session.hello(CREDENTIALS, talk.now);
    assert.equal(talk.session.takeFrames()[0].generation, 8);
  });

  test("messages hold 32 frames and 96 KiB at most, in order", () => {
    const small = Array.from({ length: 70 }, (_, at) => ({ type: "ping", ref: at }));
    const large = Array.from({ length: 3 }, (_, at) => ({ type: "post", ref: at, envelope: "A".repeat(87_382) }));
    const messages = messagesOf([...small, ...large]);
    assert.deepEqual(messages.map((one) => JSON.parse(one).length), [32, 32, 7, 1, 1]);
    assert.ok(messages.every((one) => one.length <= 98_304));
    assert.deepEqual(messages.flatMap((one) => JSON.parse(one)), [...small, ...large]);
  });
});

describe("a reload", () => {
  test("own messages come back without their texts, and their receipts are checked", () => {
    const talk = new Talk().connect();
    talk.writes(A, "secret");
    talk.answer("post", receipt(A, "stored"));
    talk.writes(B);
    const saved = structuredClone(talk.session.save());
    assert.ok(!JSON.stringify(saved).includes("secret"));
    const back = new Talk({ saved }).connect({ notices: [notice(A, { author: ME })] });
    assert.deepEqual([back.sent(A).state, back.sent(A).text], ["stored", null]);
    assert.deepEqual(back.asked[0].ids, [B]);
    back.answer("status", { receipts: [receipt(B, "unknown")] });
    assert.deepEqual([back.sent(B).state, back.sent(B).error], ["refused", "not_sent"]);
    // It was on its way when the tab was reloaded.
    back.hears(notice(B, { author: ME }));
    assert.deepEqual([back.sent(B).state, back.sent(B).error], ["stored", null]);
    assert.equal(back.writes(message(3)), 3, "numbers are not given twice");
    back.hears({ type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: ANNA });
    assert.equal(back.effect("check").hash, HASH);
  });

  test("a card that was open and not acknowledged waits again, and says so", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    const back = new Talk({ saved: talk.session.save() }).connect({ notices: [leased(A, ME)] });
    assert.equal(back.card(A).state, "returned");
  });

  test("a message that was never hashed leaves nothing behind", () => {
    const talk = new Talk().connect();
    talk.call("write", { id: A, text: "secret", counter: 1 });
    assert.deepEqual(talk.session.save().sent, []);
  });
});

describe("the room", () => {
  test("another charter, or mac: the seat is given up", () => {
    for (const change of [{ charter: bytes(77, 45) }, { mac: bytes(77, 32) }]) {
      const talk = new Talk().connect({ room: room(change), notices: [notice(A)] });
      assert.deepEqual(talk.effect("end"), { type: "end", reason: "policy_changed", leave: true, by: null });
      assert.deepEqual(talk.cards, []);
      talk.hears(notice(B));
      assert.deepEqual(talk.cards, []);
    }
    const later = new Talk().connect();
    later.hears({ type: "backlog", now: T0, room: room({ charter: bytes(1, 45) }), members: [] });
    assert.equal(later.effect("end").reason, "policy_changed");
  });

  test("another charter in the answer to locking: the seat is given up", () => {
    for (const change of [{ charter: bytes(77, 45) }, { mac: null }]) {
      const talk = new Talk().connect();
      talk.session.request("lock", { locked: true });
      talk.passes(0).answer("lock", room(change));
      assert.deepEqual(talk.effect("end"), { type: "end", reason: "policy_changed", leave: true, by: null });
    }
    const same = new Talk().connect();
    same.session.request("lock", { locked: true });
    same.passes(0).answer("lock", room());
    assert.equal(same.effect("answer").refusal, null);
    assert.ok(same.session.live);
  });

  for (const [code, reason] of [
    ["room_unknown", "room_unknown"], ["seat_unknown", "seat_lost"], ["unauthorized", "seat_lost"],
  ]) {
    test(`${code} at hello ends it`, () => {
      const talk = new Talk();
      talk.call("hello", {});
      talk.refuse("hello", code);
      assert.equal(talk.effect("end").reason, reason);
    });
  }

  test("any other refusal of hello is a reason to come back", () => {
    const talk = new Talk();
    talk.call("hello", {});
    talk.refuse("hello", "unavailable");
    talk.effect("reconnect");
  });

  for (const reason of ["destroyed", "expired"]) {
    test(`the room is ${reason}`, () => {
      const talk = new Talk().connect();
      talk.hears({ type: "closed", reason });
      assert.equal(talk.effect("end").reason, reason);
    });
  }

  test("members come, go, are named, and type for six seconds", () => {
    const talk = new Talk().connect();
    const { roster } = talk.session.room;
    talk.hears({ type: "joined", member: member(BEN, { profile: bytes(4, 256), joined_at: T0 + 1 }), joins: 3 });
    assert.equal(talk.effect("profile").member, BEN);
    roster.named(BEN, { name: "Ben", colour: 3 });
    talk.hears({ type: "presence", member: BEN, present: false });
    const [, , ben] = roster.views();
    assert.deepEqual([ben.name, ben.colour, ben.present, ben.me], ["Ben", 3, false, false]);
    assert.equal(roster.room.joins, 3);
    talk.hears({ type: "typing", member: ANNA, typing: true }, { type: "typing", member: "x", typing: true });
    assert.deepEqual(roster.typing(), [ANNA]);
    assert.equal(talk.session.nextTick(), talk.now + 6000);
    talk.passes(6000);
    assert.deepEqual(roster.typing(), []);
    talk.hears({ type: "left", member: BEN });
    assert.equal(roster.views().length, 2);
    assert.equal(roster.profile(BEN).name, "Ben", "messages of those who left keep their name");
  });

  test("typing is said at most every three seconds, its end once, and never when switched off", () => {
    const talk = new Talk().connect();
    const said = () => talk.asked.splice(0).map(({ typing }) => typing);
    talk.call("type", true);
    talk.call("type", true);
    talk.now += 2999;
    talk.call("type", true);
    assert.deepEqual(said(), [true]);
    talk.now += 1;
    talk.call("type", true);
    talk.call("type", false);
    talk.call("type", false);
    assert.deepEqual(said(), [true, false]);
    talk.call("type", true);
    talk.call("enableTyping", false);
    talk.call("type", true);
    assert.deepEqual(said(), [true, false]);
  });

  test("a connection that has gone silent is asked whether it lives, and given up", () => {
    const talk = new Talk().connect();
    talk.passes(24_999);
    assert.ok(talk.silent);
    talk.passes(1).answer("ping");
    talk.passes(25_000);
    talk.only("ping");
    talk.passes(9_999);
    assert.deepEqual(talk.effects, []);
    talk.passes(1);
    talk.effect("reconnect");
  });

  test("a connection that is doubted has as long as it is given, whatever else is heard", () => {
    const talk = new Talk().connect();
    talk.call("probe", 2000);
    talk.passes(1999).answer("ping");
    talk.call("probe", 2000);
    talk.only("ping");
    talk.call("probe", 2000);
    assert.ok(talk.silent, "it is asked once");
    // What the device had received before it slept.
    talk.hears({ type: "typing", member: ANNA, typing: true });
    assert.equal(talk.session.nextTick(), talk.now + 2000);
    talk.passes(1999);
    assert.deepEqual(talk.effects, []);
    talk.passes(1);
    talk.effect("reconnect");
  });

  test("a doubt shortens the time of a question that is on its way", () => {
    const talk = new Talk().connect();
    talk.passes(25_000);
    talk.only("ping");
    talk.call("probe", 2000);
    talk.passes(2000);
    talk.effect("reconnect");
  });

  test("a slow connection has three times as long as its welcome took, and no longer than another", () => {
    for (const [took, patience] of [[500, 2000], [1500, 4500], [9000, 10_000]]) {
      const talk = new Talk();
      talk.call("hello", {});
      talk.passes(took).answer("hello", { type: "welcome", member: ME, room: room(), members: [], notices: [] });
      assert.ok(talk.session.live);
      talk.call("probe", 2000);
      talk.passes(patience - 1);
      assert.deepEqual(talk.effects.filter(({ type }) => type === "reconnect"), []);
      talk.passes(1);
      talk.effect("reconnect");
    }
  });

  test("nothing is asked of a connection that doesn't serve yet", () => {
    const talk = new Talk();
    talk.call("probe", 2000);
    assert.ok(talk.silent);
  });

  test("a socket on which hello is never answered is given up", () => {
    const talk = new Talk();
    talk.call("hello", {});
    assert.equal(talk.session.nextTick(), talk.now + 25_000);
    talk.passes(24_999);
    assert.deepEqual(talk.effects, []);
    talk.passes(1);
    talk.effect("reconnect");
    talk.disconnect();
    talk.passes(100_000);
    assert.deepEqual(talk.effects, []);
  });

  test("a request whose connection goes is answered as unreachable, and not sent again", () => {
    const talk = new Talk().connect();
    const ref = talk.session.request("lock", { locked: true });
    talk.disconnect();
    const { refusal, ...answer } = talk.effect("answer");
    assert.deepEqual(answer, { type: "answer", ref });
    assert.equal(refusal.code, "unreachable");
    assert.equal(talk.session.request("lock", { locked: true }), null);
    talk.connect();
    assert.ok(talk.silent);
  });

  test("after the end nothing is left and nothing is taken in", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A);
    talk.writes(B, "mine");
    talk.session.end();
    talk.hears(notice(message(5)), { type: "ok", ref: 1 });
    assert.deepEqual(talk.cards, []);
    assert.ok(!JSON.stringify(talk.session.room.outbox.views()).includes("mine"));
    assert.equal(talk.sent(B).state, "room_destroyed");
  });
});

describe("a server that can't be trusted", () => {
  const JUNK = [
    null, true, 1, -1, 1.5, 2 ** 53, "", "x", [], [[]], {}, { toString: 1 }, "__proto__", bytes(1, 15),
    { id: A }, Array.from({ length: 20 }, () => null),
  ];

  test("no value at any place of any frame raises an error", () => {
    const frames = [
      notice(A), leased(A, BEN), { type: "opened", id: A, member: BEN, lease_until: T0 },
      { type: "stored", id: A }, { type: "acknowledged", id: A, member: BEN },
      { type: "audience", id: A, audience: [ME] },
      { type: "destroyed", id: A, state: "viewed", viewing: VIEWING, member: BEN },
      { type: "joined", member: member(BEN), joins: 3 }, { type: "left", member: BEN },
      { type: "presence", member: ANNA, present: true }, { type: "typing", member: ANNA, typing: true },
      { type: "locked", locked: true }, { type: "nonsense" },
      { type: "backlog", now: T0, room: room(), members: [member(ME)], notices: [notice(B)] },
      { type: "error", ref: null, error: { code: "too_many" } }, { type: "closed", reason: "expired" },
    ];
    for (const frame of frames) {
      for (const key of Object.keys(frame)) {
        for (const junk of JUNK) {
          const talk = new Talk().connect({ notices: [notice(A)] });
          talk.hears({ ...frame, [key]: junk });
          const { [key]: _, ...rest } = frame;
          talk.hears(rest).passes(1);
          talk.session.room.roster.views();
          assert.ok(Array.isArray(talk.cards));
        }
      }
    }
    for (const junk of JUNK) {
      const talk = new Talk().connect();
      talk.hearsRaw(junk).hears(junk);
      assert.equal(talk.session.live, true);
    }
  });

  test("nor in any answer", () => {
    for (const junk of JUNK) {
      for (const answer of [{ type: "ok" }, { type: "error", error: junk }, { type: "ok", ...envelopeOf(A), envelope: junk },
        { type: "ok", receipts: junk }, { type: "ok", receipts: [junk] }, { type: "ok", state: junk }]) {
        const talk = new Talk().connect({ notices: [notice(A)] });
        talk.writes(B);
        talk.call("open", A);
        for (const { ref } of talk.asked.splice(0)) talk.hears({ ...answer, ref });
        talk.session.room.outbox.views();
        assert.ok(talk.cards.length === 1);
      }
    }
  });

  test("junk in a complete state drops no more than itself", () => {
    const talk = new Talk().connect({
      members: [...JUNK, member(ME), member(ANNA, { joined_at: "soon" })],
      notices: [...JUNK, notice(B, { sequence: "first" }), notice(message(3))],
    });
    assert.deepEqual(talk.session.room.roster.views().map(({ id }) => id), [ME]);
    assert.deepEqual(new Map(talk.cards.map(({ id, state, error }) => [id, `${state} ${error}`])),
      new Map([[A, "broken malformed"], [B, "broken malformed"], [message(3), "closed null"]]));
  });

  test("a welcome without a readable room, or for another member, ends it", () => {
    for (const change of [{ room: 7 }, { room: { ...room(), joins: -1 } }, { member: ANNA }]) {
      assert.equal(new Talk().connect(change).effect("end").reason, "protocol");
    }
  });

  test("a message can't change its author", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    talk.hears(notice(A, { author: BEN }));
    assert.equal(talk.card(A).author, ANNA);
  });

  test("the charter is compared as text, so another spelling of it is another", () => {
    const other = new Talk().connect({ room: room({ charter: `${CHARTER}=` }) });
    assert.equal(other.effect("end").reason, "policy_changed");
  });

  test("cards that are gone don't pile up for ever, and their counters are remembered", () => {
    const talk = new Talk().connect();
    for (let n = 0; n < 600; n += 1) {
      const id = `${bytes(0).slice(0, 18)}${String(n).padStart(3, "0")}A`;
      talk.hears(notice(id, { sequence: n + 1 }));
      if (n === 0) talk.opens(id, 1);
      talk.call("shown", id);
      if (n === 0) talk.answer("ack", { state: "viewed" });
      talk.call("discard", id);
      talk.hears({ type: "destroyed", id, state: "viewed", viewing: VIEWING, member: BEN });
    }
    assert.equal(talk.cards.length, 200);
    const last = message(1);
    talk.hears(notice(last, { sequence: 601 })).opens(last, 603);
    assert.equal(talk.card(last).gapBefore, 2);
  });
});
