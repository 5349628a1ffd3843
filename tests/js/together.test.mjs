// Watching together: random histories of several players, whose clocks are off and whose words are lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GONE_MS, Together } from "../../web/static/js/media/together.js";

/** A generator of numbers below 1 that is always the same (mulberry32). */
function drawn(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const wishOf = (more = {}) => ({ session: "s", n: 1, by: "a", isPlaying: true, isHeld: false, isWaiting: true, position: 0,
  at: 1_000_000, rate: 1000, isStalled: false, isLeaving: false, sent: 1_000_000, ...more });

/** A player as it might be: it takes its time to jump, and now and then has nothing to go on with. */
class Machine {
  constructor(name, random) {
    this.name = name;
    this.random = random;
    // What the least of five round trips leaves.
    this.skew = Math.round(random() * 40 - 20);
    this.together = new Together(name, () => `session ${random()}`);
    this.position = 0;
    this.rate = 1;
    this.busy = 0;
    this.jumps = [];
  }

  now(time) { return time + this.skew; }

  /** So many milliseconds go by. */
  step(time, span, isCut) {
    const { together } = this;
    if (!together.isIn) return null;
    together.forget(this.now(time));
    const isStalled = this.busy > time;
    if (together.wish.isPlaying && !isStalled) this.position += span * this.rate;
    const hasToSay = together.stalls(isStalled && this.isStarved, this.position, this.now(time));
    if (!isStalled) {
      this.isStarved = false;
      const { rate, seek } = together.correct(this.position, this.now(time));
      this.rate = rate;
      if (seek !== null) {
        this.jumps.push([time, `${together.wish.session} ${together.wish.n} ${together.wish.by}`]);
        this.position = seek;
        this.busy = time + 50 + this.random() * 250;
      }
    }
    return !isCut && (hasToSay || time % 3000 < span) ? together.said(this.now(time)) : null;
  }
}

test("whoever watches comes to stand where the others do, whatever was wished, lost, delayed, cut or left", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = drawn(seed);
    const machines = Array.from({ length: 2 + (seed % 3) }, (_, at) => new Machine(`device ${at}`, random));
    const words = [];
    const cut = { who: null, until: 0 };
    const begins = 1_800_000_000_000;
    const say = (from, word, time) => {
      if (word === null) return;
      for (const to of machines) if (to !== from && random() > 0.2) words.push({ at: time + 10 + random() * 190, from, to, word });
    };
    const CALM = 60_000;
    const END = CALM + 30_000;
    for (let passed = 0; passed < END; passed += 50) {
      const time = begins + passed;
      for (const one of words.splice(0)) {
        if (one.at > time) words.push(one);
        else if (cut.who !== one.to || cut.until < time) one.to.together.hear(one.from.name, one.word, one.to.now(time));
      }
      const one = machines[Math.floor(random() * machines.length)];
      const isCut = (who) => cut.who === who && cut.until > time;
      const { together } = one;
      const chance = random();
      if (!together.isIn) {
        if (chance < 0.02 || passed >= CALM) together.join({ isPlaying: true, position: one.position }, one.now(time));
      } else if (passed < CALM) {
        const length = 3_600_000;
        const wish = chance < 0.004 ? { isPlaying: false, position: Math.round(one.position) } : chance < 0.012 ? { isPlaying: true }
          : chance < 0.016 ? { position: Math.floor(random() * length) } : null;
        if (wish !== null) {
          together.want(wish, one.now(time));
          if (!isCut(one)) say(one, together.said(one.now(time)), time);
        } else if (chance < 0.02) Object.assign(one, { busy: time + random() * 4000, isStarved: true });
        else if (chance < 0.022) Object.assign(cut, { who: one, until: time + random() * 15_000 });
        else if (chance < 0.023) {
          say(one, together.said(one.now(time), true), time);
          together.leave();
        }
      }
      for (const each of machines) say(each, each.step(time, 50, isCut(each)), time);
    }
    const time = begins + END;
    const [first, ...others] = machines.map(({ together }) => together.wish);
    for (const other of others) assert.deepEqual(other, first, `seed ${seed}`);
    assert.equal(first.isHeld, false, `seed ${seed}: nobody is waited for for ever`);
    for (const each of machines) {
      const off = Math.abs(each.position - each.together.expected(each.now(time)));
      assert.ok(off < 250, `seed ${seed}: ${each.name} is off by ${off}`);
      for (const [at, [when, wish]] of each.jumps.entries()) {
        const before = each.jumps[at - 1];
        assert.ok(before === undefined || before[1] !== wish || when - before[0] >= 4900, `seed ${seed}: jumps again after ${when - before?.[0]}`);
      }
    }
  }
});

test("the higher wish wins, of two alike the higher device; none runs far ahead, none from long ago counts", () => {
  const now = 1_000_000;
  const one = new Together("b", () => "s");
  one.hear("a", wishOf(), now);
  one.join({ isPlaying: false, position: 0 }, now);
  assert.equal(one.wish.by, "a");
  one.hear("c", wishOf({ n: 2, by: "c", position: 5 }), now);
  one.hear("a", wishOf({ n: 2, by: "a", position: 6 }), now);
  assert.equal(one.wish.position, 5);
  one.hear("a", wishOf({ n: 67, by: "a" }), now);
  assert.equal(one.wish.n, 2);
  one.hear("a", wishOf({ n: 66, by: "a" }), now);
  assert.equal(one.wish.n, 66);
  one.hear("a", wishOf({ n: 67, by: "a", sent: now - 15_001 }), now);
  one.hear("a", wishOf({ n: 67, by: "a", sent: now + 15_001 }), now);
  one.hear("b", wishOf({ n: 67, by: "b" }), now);
  assert.equal(one.wish.n, 66);
  // Numbers don't run out.
  one.wish.n = 2 ** 32 - 1;
  one.want({ isPlaying: true }, now);
  assert.equal(one.wish.n, 1);
});

test("two who have begun at once come together; who only looks on goes where somebody is", () => {
  const now = 1_000_000;
  const [one, other] = [new Together("a", () => "s1"), new Together("b", () => "s2")];
  for (const each of [one, other]) each.join({ isPlaying: true, position: 0 }, now);
  one.hear("b", other.said(now), now);
  other.hear("a", one.said(now), now);
  assert.deepEqual([one.wish.session, other.wish.session], ["s2", "s2"]);
  const third = new Together("c", () => "s0");
  third.hear("b", other.said(now), now);
  assert.deepEqual([third.isIn, third.others], [false, ["b"]]);
  third.forget(now + GONE_MS + 1);
  assert.deepEqual([third.wish, third.others], [null, []]);
});

test("who has nothing to go on with is waited for, if that is wanted, and as long as it is there", () => {
  const now = 1_000_000;
  const [one, other] = [new Together("a", () => "s"), new Together("b", () => "s")];
  one.join({ isPlaying: true, position: 0 }, now);
  other.hear("a", one.said(now), now);
  other.join({ isPlaying: true, position: 0 }, now);
  one.hear("b", other.said(now), now);
  assert.equal(one.stalls(true, 900, now + 1000), true);
  other.hear("a", one.said(now + 1000), now + 1000);
  assert.deepEqual([other.waitsFor, other.wish.isPlaying, other.expected(now + 9000)], ["a", false, 900]);
  // Those who wait don't say that it goes on.
  assert.equal(other.stalls(false, 950, now + 2000), false);
  assert.equal(one.stalls(false, 900, now + 3000), true);
  other.hear("a", one.said(now + 3000), now + 3000);
  assert.deepEqual([other.waitsFor, other.wish.isPlaying, other.expected(now + 4000)], [null, true, 1900]);
  // Who goes away while it is waited for isn't waited for any longer.
  one.stalls(true, 1900, now + 4000);
  other.hear("a", one.said(now + 4000), now + 4000);
  other.forget(now + 4001 + GONE_MS);
  assert.equal(other.stalls(false, 1900, now + 4001 + GONE_MS), true);
  assert.equal(other.wish.isPlaying, true);
  // Nobody has to wait.
  other.hear("a", { ...other.said(now), sent: now + 15_000, n: 1 }, now + 15_000);
  other.want({ isWaiting: false }, now + 15_000);
  other.stalls(true, 0, now + 15_001);
  assert.equal(other.waitsFor, null);
});

test("little is left alone, more is caught up by playing faster or slower, much by one jump", () => {
  const now = 1_000_000;
  const one = new Together("a", () => "s");
  one.join({ isPlaying: true, position: 100_000 }, now);
  assert.deepEqual(one.correct(100_049, now), { rate: 1, seek: null });
  assert.equal(one.correct(99_750, now).rate, 1.05);
  assert.equal(one.correct(100_900, now).rate, 0.95);
  assert.deepEqual(one.correct(98_000, now), { rate: 1, seek: 100_000 });
  assert.deepEqual(one.correct(98_000, now + 4999), { rate: 1.05, seek: null });
  assert.equal(one.correct(98_000, now + 5000).seek, 105_000);
  one.want({ position: 7000 }, now + 5001);
  assert.equal(one.correct(98_000, now + 5001).seek, 7000);
  one.want({ isPlaying: false, position: 8000 }, now + 5002);
  assert.deepEqual(one.correct(8049, now + 6000), { rate: 1, seek: null });
  assert.equal(one.correct(8051, now + 6000).seek, 8000);
});

test("nobody takes the wishes from the others by a session or a number, and a stream of them moves no player all the time", () => {
  const now = 1_000_000;
  const [one, other] = [new Together("a", () => "s"), new Together("b", () => "s")];
  for (const each of [one, other]) {
    each.join({ isPlaying: true, position: 0 }, now);
    each.hear("m", wishOf({ session: "zzz", n: 2 ** 32 - 1, by: "m" }), now);
    each.hear("m", wishOf({ session: "zzz", n: 2 ** 31, by: "m" }), now);
  }
  one.want({ isPlaying: false }, now);
  other.hear("a", one.said(now), now);
  assert.deepEqual([other.wish.by, other.wish.isPlaying], ["a", false]);
  const jumps = [];
  for (let at = 0; at < 10_000; at += 250) {
    other.hear("m", { ...other.said(now + at), n: other.wish.n + 1, by: "m", position: at * 10_000 + 60_000_000 * (at % 500) }, now + at);
    if (other.correct(5, now + at).seek !== null) jumps.push(at);
  }
  assert.deepEqual(jumps, [250, 500, 750, 5250, 5500, 5750]);
  // One's own come at once.
  other.want({ position: 1 }, now + 9800);
  assert.equal(other.correct(100_000, now + 9800).seek, 1);
});
