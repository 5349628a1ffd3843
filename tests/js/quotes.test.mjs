/** Quotes: carried with a message, and dropped with its text. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ANNA, ME, Talk, leased, message, notice, receipt } from "./talk.mjs";

const A = message(1);
const QUOTE = { text: "noon", author: ME };

describe("a card", () => {
  const reading = () => new Talk().connect({ notices: [notice(A)] }).opens(A, 1, QUOTE);

  test("has the quote of its message while it is open", () => {
    const talk = new Talk().connect({ notices: [notice(A)] });
    assert.equal(talk.card(A).quote, null);
    assert.deepEqual(talk.opens(A, 1, QUOTE).card(A).quote, QUOTE);
  });

  test("that is dropped drops the quote as well", () => {
    const talk = reading();
    talk.call("shown", A);
    talk.call("discard", A);
    assert.deepEqual([talk.card(A).state, talk.card(A).text, talk.card(A).quote], ["shown_gone", null, null]);
  });

  for (const [what, happens] of [
    ["given back", (talk) => talk.call("release", A)],
    ["dropped before it was shown", (talk) => talk.call("discard", A)],
    ["destroyed elsewhere", (talk) => talk.hears({ type: "destroyed", id: A, state: "expired", viewing: null, member: null })],
    ["opened by another", (talk) => talk.disconnect().connect({ notices: [leased(A, ANNA)] })],
  ]) {
    test(`that is ${what} keeps no quote`, () => {
      const talk = reading();
      happens(talk);
      assert.deepEqual([talk.card(A).text, talk.card(A).quote], [null, null]);
    });
  }

  test("is gone with everything when the session ends", () => {
    const talk = reading();
    talk.session.end();
    assert.deepEqual(talk.cards, []);
  });
});

describe("a message of one's own", () => {
  test("keeps its quote while it may have to be written again, and no longer than its text", () => {
    const talk = new Talk();
    talk.writes(A, "yes", QUOTE);
    talk.call("discard", A);
    assert.deepEqual(talk.sent(A).quote, QUOTE);
    talk.connect().answer("post", receipt(A, "stored"));
    talk.call("discard", A);
    assert.deepEqual([talk.sent(A).text, talk.sent(A).quote], [null, null]);
  });

  test("has none when it quotes nobody, and none when the room is over", () => {
    const talk = new Talk().connect();
    talk.writes(A);
    assert.equal(talk.sent(A).quote, null);
    talk.writes(message(2), "yes", QUOTE);
    talk.session.end();
    assert.equal(talk.sent(message(2)).quote, null);
  });

  test("leaves no quote for a reload", () => {
    const talk = new Talk().connect();
    talk.writes(A, "yes", QUOTE);
    const saved = talk.session.save();
    assert.ok(!JSON.stringify(saved).includes("noon"));
    assert.equal(new Talk({ saved }).sent(A).quote, null);
  });
});
