/** A server that never ends: what a member keeps of it has an end. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { ANNA, ME, T0, Talk, bytes, member, notice, room } from "./talk.mjs";

/** Ids without end. */
const id = (n) => toBase64url(Uint8Array.from({ length: 16 }, (_, at) => (at < 4 ? n >> (8 * at) : 77)));
const many = (count, make) => Array.from({ length: count }, (_, n) => make(n));
const waits = (n) => notice(id(n), { sequence: n + 1 });
const gone = (n) => ({ type: "destroyed", id: id(n), state: "viewed", viewing: null, member: null });
const joined = (n, more) => ({ type: "joined", member: member(id(n), more), joins: n });

const ends = (talk) => talk.effects.filter(({ type }) => type === "end");

function refusesAsProtocol(talk) {
  const [end] = ends(talk);
  assert.deepEqual([end?.reason, end?.leave], ["protocol", false]);
}

describe("a complete state", () => {
  test("of a full room is believed", () => {
    const members = [member(ME), ...many(49, (n) => member(id(n)))];
    const talk = new Talk().connect({ members, notices: many(500, waits) });
    assert.deepEqual([ends(talk), talk.cards.length], [[], 500]);
  });

  for (const [what, state] of [
    ["more members than there are seats", { members: many(51, (n) => member(id(n))) }],
    ["more messages than may wait", { notices: many(501, waits) }],
    ["more than may wait that nobody can read", { notices: many(501, (n) => ({ id: id(n) })) }],
  ]) {
    test(`with ${what} is the end, and nothing of it is kept`, () => {
      const talk = new Talk().connect(state);
      refusesAsProtocol(talk);
      assert.deepEqual(talk.cards, []);
    });
    test(`with ${what} is the end in the middle of a talk too`, () => {
      const talk = new Talk().connect();
      talk.hears({ type: "backlog", now: T0, room: room(), members: [], notices: [], ...state });
      refusesAsProtocol(talk);
      assert.deepEqual(talk.cards, []);
    });
  }
});

describe("events", () => {
  for (const [what, event] of [
    ["messages", waits], ["messages that can't be read", (n) => ({ type: "notice", id: id(n) })], ["members", joined],
  ]) {
    test(`that tell of ${what} without end are the end`, () => {
      const talk = new Talk().connect();
      for (let n = 0; n < 5000 && ends(talk).length === 0; n += 50) talk.hears(...many(50, (k) => event(n + k)));
      refusesAsProtocol(talk);
      assert.ok(talk.cards.length <= 1050 && talk.session.room.roster.views().length <= 150);
    });
  }

  test("that overtake each other in a full room are no lie", () => {
    const talk = new Talk().connect({ notices: many(500, waits) });
    for (let n = 500; n < 900; n += 50) {
      talk.hears(...many(50, (k) => waits(n + k)), ...many(50, (k) => gone(n + k - 500)));
    }
    assert.deepEqual(ends(talk), []);
  });

  test("what is open here, or gone, is not among what waits", () => {
    const talk = new Talk().connect();
    for (let n = 0; n < 1500; n += 1) talk.hears(waits(n), gone(n));
    assert.deepEqual([ends(talk), talk.cards.length], [[], 200]);
    for (let n = 2000; n < 3100; n += 1) {
      talk.hears(waits(n)).opens(id(n), n);
      talk.call("shown", id(n));
      talk.answer("ack", { state: "viewed" });
    }
    assert.deepEqual([ends(talk), talk.cards.length], [[], 1300]);
  });

  test("of joining and leaving without end leave only the latest names and counters", () => {
    const talk = new Talk().connect();
    talk.hears({ type: "joined", member: member(ANNA), joins: 1 }, notice(id(9999)));
    talk.opens(id(9999), 1);
    for (let n = 0; n < 3000; n += 1) {
      talk.hears(joined(n));
      talk.session.room.roster.named(id(n), { name: `n${n}`, colour: 1 });
      talk.hears({ ...waits(n), author: id(n) }, gone(n), { type: "left", member: id(n) });
    }
    const { roster } = talk.session.room;
    assert.deepEqual([roster.profile(id(0)).name, roster.profile(id(2999)).name], [null, "n2999"]);
    const { read } = talk.session.save();
    assert.ok(read.length < 500, `${read.length} authors`);
    assert.deepEqual(read.find(([author]) => author === ANNA), [ANNA, 1, 1]);
  });

  test("the name and the counter of whoever left a message waiting stay", () => {
    const talk = new Talk().connect();
    talk.hears(joined(1), { ...waits(9000), author: id(1) });
    talk.session.room.roster.named(id(1), { name: "Anna", colour: 1 });
    talk.hears({ type: "left", member: id(1) });
    for (let n = 2; n < 1000; n += 1) {
      talk.hears(joined(n));
      talk.session.room.roster.named(id(n), { name: "x", colour: 1 });
      talk.hears({ type: "left", member: id(n) });
    }
    assert.equal(talk.session.room.roster.profile(id(1)).name, "Anna");
    talk.opens(id(9000), 3);
    assert.equal(talk.card(id(9000)).gapBefore, 2);
  });
});

describe("one thing", () => {
  test("an audience of more than there are seats is a notice that can't be read", () => {
    const audience = many(51, id);
    const talk = new Talk().connect({ notices: [notice(id(1), { audience }), notice(id(2), { audience: [ME] })] });
    assert.deepEqual(talk.cards.map(({ state, error }) => [state, error]), [["broken", "malformed"], ["closed", null]]);
    talk.hears({ type: "audience", id: id(2), audience });
    assert.deepEqual(talk.card(id(2)).audience, [ME]);
  });

  for (const [what, profile] of [["too long", bytes(1, 257)], ["no base64url", "?".repeat(342)], ["no text", 7]]) {
    test(`a profile that is ${what} is none`, () => {
      const talk = new Talk().connect({ members: [member(ME), member(ANNA, { profile })] });
      assert.deepEqual(talk.session.room.roster.views().map((one) => one.id), [ME, ANNA]);
      assert.deepEqual(talk.effects, []);
    });
  }
});
