/** What the author of a message is told became of it: no more than is known. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { receiptState } from "../../web/static/js/room/views/receipt-state.js";

const told = (state, more = {}, around = {}) => receiptState(
  { state, error: null, first: false, opened: 0, proved: false, of: null, audience: null, readers: [], reader: null, ...more },
  { live: true, everyone: false, named: false, timed: true, ...around },
);
const EVERYONE = { everyone: true };

test("a message that isn't sent says what it waits for", () => {
  assert.equal(told("sending"), "sending");
  assert.equal(told("sending", {}, { live: false }), "waits_here");
  assert.equal(told("sending", { error: "room_crowded" }, { live: false }), "waits_because");
});

test("that nobody else was here is said only where one would count on everyone", () => {
  assert.equal(told("stored", { first: true }), "stored");
  assert.equal(told("stored", { first: true }, EVERYONE), "stored_first");
});

test("the reader is named only while it is known who that is, and the time only if there is one", () => {
  assert.equal(told("viewed", { reader: "bo" }), "viewed");
  assert.equal(told("viewed", { reader: "bo" }, { named: true }), "viewed_by");
  assert.equal(told("viewed", { reader: "bo" }, { named: true, timed: false }), "viewed_untimed");
});

test("all have read it only if each of them is known to have", () => {
  const nine = { of: 3, readers: ["ada", "bo"] };
  assert.equal(told("viewed", { ...nine, reader: "bo" }, EVERYONE), "viewed");
  assert.equal(told("viewed", { ...nine, reader: "chi" }, EVERYONE), "viewed_all");
  assert.equal(told("viewed", { of: 1, readers: ["bo"], reader: "bo" }, { ...EVERYONE, named: true }), "viewed_by");
});

test("who has left or gave it back is not counted among those who have read it", () => {
  assert.equal(told("acknowledged", { of: 3, readers: ["bo"], audience: ["ada", "chi"] }), "acknowledged");
  assert.equal(told("acknowledged", { of: 3, readers: ["bo"], audience: ["chi"] }), "acknowledged_least");
  assert.equal(told("acknowledged", { of: 3, readers: ["bo"], audience: null }), "acknowledged_least");
});

test("an expired message that some have read isn't called unread", () => {
  assert.equal(told("expired"), "expired");
  assert.equal(told("expired", { of: 3, audience: ["ada", "bo", "chi"] }, EVERYONE), "expired");
  assert.equal(told("expired", { of: 3, readers: ["bo"], audience: ["ada", "chi"] }, EVERYONE), "expired_partly");
});

test("nor is one of which it isn't known that all for whom it was were still to read it", () => {
  assert.equal(told("expired", { of: 3, audience: ["ada", "chi"] }, EVERYONE), "expired_unsure");
  assert.equal(told("expired", { of: 3, audience: null }, EVERYONE), "expired_unsure");
  assert.equal(told("expired", { of: 3, audience: null, readers: ["bo"] }, EVERYONE), "expired_least");
  assert.equal(told("expired", {}, EVERYONE), "expired_unsure");
  assert.equal(told("expired", { first: true }, EVERYONE), "expired");
});

test("of a message taken back one is told whether it was opened, and read", () => {
  assert.equal(told("withdrawn"), "withdrawn");
  assert.equal(told("withdrawn", { opened: 1 }), "withdrawn_opened");
  assert.equal(told("withdrawn", { opened: 1, readers: ["bo"] }), "withdrawn_read");
  assert.equal(told("withdrawn", { opened: 1, proved: true }), "withdrawn_read");
});
