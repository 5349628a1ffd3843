/** What a lying server could gain over the session: each attack, and what it meets. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { RoomCrypto } from "../../web/static/js/room/room-crypto.js";
import { fromBase64url } from "../../web/static/js/protocol/encoding.js";
import { contentKeys, roomKeys } from "../../web/static/js/protocol/keys.js";
import { SeatMessages } from "../../web/static/js/protocol/seat.js";
import { Seen } from "../../web/static/js/protocol/seen.js";
import {
  ANNA, BEN, ME, T0, Talk, VIEWING, bytes, member, message, notice, receipt, room,
} from "./talk.mjs";

const [A, B] = [message(1), message(2)];
const NONCE = new Uint8Array(32).fill(1);
const random = (size) => crypto.getRandomValues(new Uint8Array(size));
const writing = (counter, text, viewing = random(32)) =>
  ({ viewing, counter, content: { type: "text", text } });
async function cryptoOf(me) {
  const { roomSecret } = await roomKeys(new Uint8Array(32).fill(2));
  const keys = await contentKeys(roomSecret, NONCE);
  const messages = new SeatMessages(random(4800));
  return new RoomCrypto({ keys, messages, roomNonce: NONCE, me, randomBytes: random });
}
function stores(talk, id) {
  talk.writes(id);
  return talk.answer("post", receipt(id, "stored"));
}
function reads(talk, id, counter) {
  talk.opens(id, counter);
  talk.call("shown", id);
  return talk.answer("ack", { state: "viewed" });
}

describe("whose message it is", () => {
  test("one's own, brought back as another's, opens for nobody and gives no proof", async () => {
    const { envelope } = await (await cryptoOf(ME)).message(A, writing(1, "for Anna"));
    const talk = stores(new Talk().connect(), A).hears(notice(A, { author: ANNA }));
    talk.call("open", A);
    talk.answer("open", { envelope, author: ME, lease_until: T0 + 120_000 });
    // Another author than the notice's: nothing is decrypted.
    assert.deepEqual([talk.card(A).state, talk.card(A).error, talk.effects], ["broken", "envelope_open", []]);
    talk.answer("release");
    assert.ok(talk.silent);
    // With the notice's, what is opened is bound to it.
    talk.call("open", A);
    talk.answer("open", { envelope, author: ANNA, lease_until: T0 + 120_000 });
    const { author } = talk.effect("decrypt");
    assert.equal(author, ANNA);
    await assert.rejects(async () => (await cryptoOf(ME)).open(A, author, envelope), { code: "envelope_open" });
  });

  test("a notice of one's own is never a card", () => {
    const talk = stores(new Talk().connect(), A).hears(notice(A, { author: ME }), notice(B, { author: ME }));
    assert.deepEqual(talk.cards, []);
    assert.equal(talk.call("open", B), false);
  });

  test("an id stays its author's, whatever a later notice says", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).hears(notice(A, { author: BEN }));
    assert.equal(talk.card(A).author, ANNA);
  });
});

describe("what was there before", () => {
  test("a counter that comes twice in two messages is told", () => {
    const talk = new Talk().connect({ notices: [notice(A), notice(B, { sequence: 2 })] });
    reads(talk, A, 1);
    talk.opens(B, 1);
    assert.deepEqual(talk.cards.map(({ repeated }) => repeated), [false, true]);
  });

  test("so it is while neither has been painted", () => {
    const talk = new Talk().connect({ notices: [notice(A), notice(B, { sequence: 2 })] });
    talk.opens(A, 1).opens(B, 1);
    assert.equal(talk.card(B).repeated, true);
  });

  test("the same counter of two authors is nothing", () => {
    const talk = new Talk().connect({ notices: [notice(A), notice(B, { sequence: 2, author: BEN })] });
    reads(talk, A, 1);
    talk.opens(B, 1);
    assert.equal(talk.card(B).repeated, false);
  });

  test("a message that was read stays gone when its notice is played again", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    reads(talk, A, 1).call("discard", A);
    talk.hears(notice(A)).hears({ type: "stored", id: A, member: ANNA });
    assert.equal(talk.card(A).state, "shown_gone");
    assert.equal(talk.call("open", A), false);
  });

  test("and is told when everything about it had been forgotten but its number", () => {
    const talk = new Talk().connect();
    const id = (n) => Buffer.from(Uint8Array.from({ length: 16 }, (_, at) => (at < 2 ? n >> (8 * at) : 5))).toString("base64url");
    for (let n = 1; n <= 300; n += 1) {
      talk.hears(notice(id(n), { sequence: n }));
      reads(talk, id(n), n).call("discard", id(n));
      talk.hears({ type: "destroyed", id: id(n), state: "viewed", viewing: VIEWING, member: ME });
    }
    assert.equal(talk.card(id(1)), undefined);
    talk.hears(notice(id(1), { sequence: 999 })).opens(id(1), 1);
    assert.equal(talk.card(id(1)).repeated, true);
  });

  test("what was given back unread and comes again is no repetition", () => {
    const talk = new Talk().connect({ notices: [notice(A)] }).opens(A, 1);
    talk.call("release", A);
    talk.answer("release", { state: "stored" });
    talk.opens(A, 1);
    assert.equal(talk.card(A).repeated, false);
  });

  test("the last number that was read outlives a reload", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    reads(talk, A, 5);
    const back = new Talk({ saved: talk.session.save() }).connect({ notices: [notice(B, { sequence: 2 })] });
    back.opens(B, 5);
    assert.equal(back.card(B).repeated, true);
  });

  test("a later reader of an earlier message is told nothing false", () => {
    const seen = new Seen();
    seen.add(ANNA, 3);
    assert.deepEqual([1, 2, 3, 4].map((n) => seen.has(ANNA, n)), [false, false, true, false]);
    seen.add(ANNA, 1);
    seen.add(ANNA, 7);
    assert.deepEqual([1, 2, 3, 4, 6, 7, 8].map((n) => seen.has(ANNA, n)),
      [true, false, true, false, false, true, false]);
  });

  test("who skips wildly costs the reader nothing", () => {
    const seen = new Seen();
    for (let n = 1; n < 500; n += 1) seen.add(ANNA, n * 1000);
    assert.equal(seen.has(ANNA, 499_500), false);
    // Beyond so many gaps the oldest count as read: a warning too many, but no memory without end.
    assert.equal(seen.has(ANNA, 500), true);
  });
});

describe("without end", () => {
  test("complete states are asked once what became of a message", () => {
    const talk = stores(new Talk().connect(), A);
    for (let n = 0; n < 100; n += 1) {
      talk.hears({ type: "backlog", now: T0, room: room(), members: [member(ME)], notices: [] });
    }
    assert.deepEqual(talk.only("status").ids, [A]);
    assert.ok(talk.silent);
  });

  test("fates without a proof are asked once for it", () => {
    const talk = stores(new Talk().connect(), A);
    for (let n = 0; n < 100; n += 1) {
      talk.hears({ type: "destroyed", id: A, state: "viewed", viewing: null, member: ANNA });
    }
    const { ref } = talk.only("status");
    assert.ok(talk.silent);
    talk.hears({ type: "ok", ref, now: T0, receipts: [receipt(A, "viewed", { viewing: bytes(0, 32) })] });
    talk.call("checked", A, false);
    assert.equal(talk.sent(A).state, "false_receipt");
  });
});

describe("nonces", () => {
  test("every message has a nonce and a proof of its own", async () => {
    const mine = await cryptoOf(ME);
    const made = await Promise.all(Array.from({ length: 200 }, async (_, at) => {
      const { id, viewing } = mine.draw(at + 1);
      return { id, ...await mine.message(id, writing(at + 1, "same", viewing)) };
    }));
    const nonces = made.map(({ envelope }) => fromBase64url(envelope).subarray(1, 13).join());
    const each = [nonces, made.map(({ hash }) => hash), made.map(({ id }) => id)];
    assert.deepEqual(each.map((all) => new Set(all).size), [200, 200, 200]);
  });

  test("what is sent again are the same bytes", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    const { ref, ...first } = talk.only("post");
    for (let n = 0; n < 3; n += 1) {
      talk.disconnect().connect();
      const { ref: another, ...again } = talk.only("post");
      assert.deepEqual(again, first);
    }
    assert.ok(talk.silent);
  });

  test("a message that was refused is never sealed anew", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    talk.refuse("post", "message_conflict");
    talk.disconnect().connect().passes(60_000);
    assert.equal(talk.sent(A).state, "refused");
    assert.equal(talk.asked.filter(({ type }) => type === "post").length, 0);
  });
});
