// How long a message can be read, and what its reader can ask for meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  HOLD_SECONDS, MORE_SECONDS, ReadingClock, pointsOf, readingSeconds, usualSeconds,
} from "../../web/static/js/ui/reading-time.js";
import { ENVELOPE_SIZES } from "../../web/static/js/protocol/limits.js";

const NEVER = Infinity;
/** A clock that began at this moment; the rest is said in seconds. */
const BEGAN = 1_700_000_000_000;
const at = (seconds) => BEGAN + seconds * 1000;
const left = (clock, seconds) => clock.left(at(seconds)) / 1000;

test("a text stays for as long as its author wishes, and never for less than reading takes", () => {
  const rows = [
    // points, wish, seconds
    [10, null, 30], [10, 5, 6], [10, 60, 60], [10, 300, 300],
    [300, null, 30], [301, null, 31], [1200, null, 105], [1200, 5, 105], [1200, 300, 300],
    [7140, null, 600], [65_000, null, 600], [65_000, 5, 600],
    [0, 5, 5], [10, 0, NEVER], [65_000, 0, NEVER],
  ];
  for (const [points, wish, seconds] of rows) {
    assert.deepEqual(readingSeconds(points, wish), { seconds, most: NEVER }, `${points} points, ${wish}`);
  }
});

test("an author's limit holds whatever was wished, and leaves the time that reading takes", () => {
  const rows = [
    // points, wish, limit, seconds, most
    [10, null, 5, 6, 6], [10, null, 20, 20, 20], [10, null, 60, 30, 60], [10, 0, 60, 60, 60],
    [1200, null, 5, 105, 105], [1200, 300, 200, 200, 200], [65_000, 0, 5, 600, 600], [10, 300, 600, 300, 600],
  ];
  for (const [points, wish, limit, seconds, most] of rows) {
    assert.deepEqual(readingSeconds(points, wish, limit), { seconds, most }, `${points} points, ${wish}, ${limit}`);
  }
});

test("a text is counted in code points, not in the halves of which a language makes some", () => {
  assert.equal(pointsOf(""), 0);
  assert.equal(pointsOf("a👍🏽é"), 4);
  assert.equal(pointsOf("\ud800"), 1);
});

test("what is said before opening is never more than a message of that size has, in any usual script", () => {
  for (const [index, size] of ENVELOPE_SIZES.entries()) {
    const least = index === 0 ? 1 : ENVELOPE_SIZES[index - 1] - 29 - '{"type":"text","text":""}'.length;
    for (const bytes of [1, 2]) {
      const { seconds } = readingSeconds(Math.ceil(least / bytes), null);
      assert.ok(usualSeconds(size) <= seconds, `${size}: ${usualSeconds(size)} of ${seconds}`);
    }
  }
  assert.equal(usualSeconds(512), 30);
  assert.equal(usualSeconds(65_536), 600);
});

test("a clock runs out by the wall, also when the device slept", () => {
  const clock = new ReadingClock(BEGAN, 30);
  assert.equal(left(clock, 0), 30);
  assert.equal(left(clock, 12), 18);
  assert.equal(left(clock, 4000), -3970);
});

test("its reader can have more again and again, thirty seconds each time", () => {
  const clock = new ReadingClock(BEGAN, 30);
  for (let time = 1; time <= 40; time += 1) {
    assert.ok(clock.mayExtend(at(time)));
    clock.extend(at(time));
    assert.equal(left(clock, time), 30 + time * MORE_SECONDS - time);
  }
});

test("it is held for ten minutes in all, and then runs on by itself", () => {
  const clock = new ReadingClock(BEGAN, 30);
  clock.hold(at(10));
  assert.ok(clock.isHeld(at(200)));
  assert.equal(left(clock, 200), 20);
  clock.go(at(310));
  assert.equal(left(clock, 315), 15);
  clock.hold(at(315));
  assert.ok(clock.isHeld(at(614)));
  assert.equal(left(clock, 615), 15);
  assert.ok(!clock.isHeld(at(615)));
  assert.ok(!clock.mayHold(at(615)));
  clock.hold(at(615));
  assert.equal(left(clock, 620), 10);
});

test("a device that slept through a hold has lost what came after it", () => {
  const clock = new ReadingClock(BEGAN, 30);
  clock.hold(at(10));
  assert.equal(left(clock, 10 + HOLD_SECONDS + 25), -5);
});

test("more time for a clock that is held is there when it runs on", () => {
  const clock = new ReadingClock(BEGAN, 30);
  clock.hold(at(10));
  clock.extend(at(60));
  assert.ok(clock.isHeld(at(60)));
  assert.equal(left(clock, 60), 50);
  clock.go(at(70));
  assert.equal(left(clock, 70), 50);
  clock.hold(at(70));
  assert.ok(clock.isHeld(at(70 + HOLD_SECONDS - 61)));
  assert.ok(!clock.isHeld(at(70 + HOLD_SECONDS - 60)));
});

test("neither more nor a hold goes beyond its author's limit", () => {
  for (const act of [(clock, now) => clock.extend(now), (clock, now) => clock.hold(now)]) {
    const clock = new ReadingClock(BEGAN, 30, 60);
    for (let time = 0; time < 60; time += 1) {
      act(clock, at(time));
      assert.ok(left(clock, time) <= 60 - time, `at ${time}: ${left(clock, time)}`);
    }
    assert.equal(left(clock, 60), 0);
    assert.ok(!clock.mayExtend(at(59)) && !clock.mayHold(at(59)));
  }
  const used = new ReadingClock(BEGAN, 60, 60);
  assert.ok(!used.mayExtend(at(1)) && !used.mayHold(at(1)));
});

test("what stays until it is closed needs neither", () => {
  const clock = new ReadingClock(BEGAN, NEVER);
  assert.ok(!clock.mayExtend(at(1)) && !clock.mayHold(at(1)));
  clock.extend(at(1));
  clock.hold(at(1));
  assert.equal(clock.left(at(1e6)), NEVER);
});

test("a clock of the device that is set back gives no more time, neither to run nor to be held", () => {
  const running = new ReadingClock(BEGAN, 30, 60);
  assert.equal(left(running, 10), 20);
  assert.equal(left(running, -3600), 20);
  assert.equal(left(running, -3590), 10);
  running.extend(at(-3590));
  assert.equal(left(running, -3590), 40);
  running.extend(at(-3590));
  assert.equal(left(running, -3590), 40);

  const held = new ReadingClock(BEGAN, 30);
  held.hold(at(10));
  assert.equal(left(held, -3600), 20);
  assert.equal(held.isHeld(at(-3600 + HOLD_SECONDS)), false);
});
