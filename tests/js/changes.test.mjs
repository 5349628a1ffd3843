/** What is told of a room, and how often. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { changesBetween, momentOf } from "../../web/static/js/room/views/room-changes.js";
import { Pace } from "../../web/static/js/ui/pace.js";

const member = (id, present = true) => ({ id, present, me: false });
const me = { id: "me", present: true, me: true };
const card = (id, author) => ({ id, author });
const state = (more) => ({ cards: [], members: [me], sent: [], room: { locked: false }, ...more });
const between = (before, after, hidden = new Set()) =>
  changesBetween(momentOf(state(before), hidden), momentOf(state(after), hidden));

test("cards are counted by author, those that were there are not", () => {
  const { cards } = between(
    { cards: [card("1", "ada")] },
    { cards: [card("1", "ada"), card("2", "bo"), card("3", "ada"), card("4", "bo")] },
  );
  assert.deepEqual([...cards], [["bo", 2], ["ada", 1]]);
});

test("who comes, goes, is away and is back is told, oneself never", () => {
  const before = { members: [member("ada"), member("bo", false), member("chi"), me] };
  const after = { members: [member("ada", false), member("bo"), member("dag", false), { ...me, present: false }] };
  const { joined, left, away, back } = between(before, after);
  assert.deepEqual({ joined, left, away, back }, { joined: ["dag"], left: ["chi"], away: ["ada"], back: ["bo"] });
});

test("of a member who is hidden only coming and going is told", () => {
  const hidden = new Set(["eve"]);
  const seen = between(
    { members: [member("ada"), member("eve"), me] },
    { members: [member("ada", false), member("eve", false), me], cards: [card("1", "eve"), card("2", "ada")] },
    hidden,
  );
  assert.deepEqual([...seen.cards.keys(), ...seen.away], ["ada", "ada"]);
  assert.deepEqual(between({}, { members: [member("eve"), me] }, hidden).joined, ["eve"]);
  assert.deepEqual(between({ members: [member("eve"), me] }, {}, hidden).left, ["eve"]);
});

test("a message of one's own is told when its state changes, not when it is written", () => {
  const { sent } = between({ sent: [{ id: "1", state: "stored" }] }, { sent: [{ id: "1", state: "viewed" }, { id: "2", state: "sending" }] });
  assert.deepEqual(sent, ["1"]);
});

test("locking is told when it happens, and which way", () => {
  const locked = { room: { locked: true } };
  assert.deepEqual([between({}, locked), between(locked, {}), between(locked, locked)].map((one) => one.locked), [true, false, null]);
});

/** When news that come in at these times are told; what comes in between is told with it. */
function tellings(times) {
  const pace = new Pace();
  const told = [];
  for (const time of times) {
    if (told.length > 0 && time <= told.at(-1)) continue;
    told.push(time + pace.wait(time));
    pace.tell(told.at(-1));
  }
  return told;
}

test("what happens now and then is told at once", () => {
  const times = [0, 6_000, 12_000, 18_000, 60_000];
  assert.deepEqual(tellings(times), times.map((time) => time + 150));
});

test("a flood is told less and less often, down to twice a minute", () => {
  const told = tellings(Array.from({ length: 10_000 }, (_, index) => 100 * index));
  const gaps = told.slice(1).map((time, index) => time - told[index]);
  assert.deepEqual(gaps.slice(0, 5).map((gap) => Math.round(gap / 1000)), [2, 4, 8, 16, 30]);
  assert.ok(gaps.every((gap, index) => index === 0 || gap >= gaps[index - 1] - 200));
});

test("after a flood the first news are told at once again", () => {
  const flood = Array.from({ length: 100 }, (_, index) => 100 * index);
  assert.equal(tellings([...flood, 200_000]).at(-1), 200_150);
});
