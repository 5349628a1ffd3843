/** What the browser keeps for a reload, and how it comes back. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { randomBelow, randomBytes } from "../../web/static/js/device/random.js";
import { keptToken, openKept } from "../../web/static/js/device/resumed.js";
import { Resume } from "../../web/static/js/device/resume.js";
import { timeLeft } from "../../web/static/js/device/derive.js";
import { backoffDelay } from "../../web/static/js/net/reconnecting-socket.js";
import { makeCode, readCode } from "../../web/static/js/protocol/codes.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";

/** A tab's storage, as far as it is used. */
class Storage {
  entries = new Map();
  getItem = (key) => this.entries.get(key) ?? null;
  setItem = (key, value) => void this.entries.set(key, value);
  removeItem = (key) => void this.entries.delete(key);
}

const SEAT = {
  root: toBase64url(new Uint8Array(32).fill(65)), member: "me", token: "token", charter: "charter",
  mac: "mac", suite: 1,
};
const PROGRESS = { counter: 7, sent: [["id", "hash", 7]], read: [["anna", 3, 4]], unread: ["card"] };

async function kept() {
  const storage = new Storage();
  const pair = { token: "T".repeat(43), key: randomBytes(32) };
  const key = pair.key.slice();
  const resume = await Resume.begin(storage, pair, SEAT);
  await resume.save(PROGRESS);
  return { storage, key, resume };
}

test("both halves together bring the seat and the progress back", async () => {
  const { storage, key } = await kept();
  assert.equal(keptToken(storage), "T".repeat(43));
  const { seat, progress, resume } = await openKept(storage, key);
  assert.deepEqual([seat, progress], [SEAT, PROGRESS]);
  await resume.save({ ...PROGRESS, counter: 8 });
  assert.equal((await openKept(storage, key)).progress.counter, 8);
});

test("what the tab holds tells nothing but the token, and how long the server waits", async () => {
  const { storage } = await kept();
  const [[, entry]] = [...storage.entries];
  assert.deepEqual(Object.keys(JSON.parse(entry)), ["token", "seat", "progress", "lasts"]);
  for (const secret of [SEAT.root, "AAAA", "charter", "hash", "anna"]) {
    assert.ok(!entry.includes(secret), secret);
  }
});

test("a thief of the tab's half alone finds no key in it", async () => {
  const { storage } = await kept();
  const [[, entry]] = [...storage.entries];
  const { token, seat, progress } = JSON.parse(entry);
  const found = [token, seat, progress].flatMap((part) => {
    const bytes = Uint8Array.from(Buffer.from(part, "base64url"));
    return Array.from({ length: bytes.length - 31 }, (_, at) => bytes.slice(at, at + 32));
  });
  for (const guess of [new Uint8Array(32), ...found]) {
    assert.equal(await openKept(storage, guess), null);
  }
});

test("the server's half alone opens nothing", async () => {
  const { key } = await kept();
  assert.equal(await openKept(new Storage(), key), null);
});

test("another server's half opens nothing", async () => {
  const { storage } = await kept();
  assert.equal(await openKept(storage, randomBytes(32)), null);
});

for (const [what, change] of [
  ["a changed byte", (entry) => ({ ...entry, seat: `${entry.seat.slice(0, -4)}AAAA` })],
  ["parts in each other's place", ({ token, seat, progress }) => ({ token, seat: progress, progress: seat })],
  ["no base64url", (entry) => ({ ...entry, progress: "?" })],
  ["too few bytes", (entry) => ({ ...entry, progress: "AAAA" })],
  ["a missing part", ({ token, seat }) => ({ token, seat })],
  ["no object", () => null],
]) {
  test(`a tab's half with ${what} opens nothing`, async () => {
    const { storage, key } = await kept();
    const [[name, entry]] = [...storage.entries];
    storage.setItem(name, JSON.stringify(change(JSON.parse(entry))));
    assert.equal(await openKept(storage, key), null);
  });
}

test("a tab with a stranger's entry, or none, has no token", async () => {
  const { storage } = await kept();
  const [[name]] = [...storage.entries];
  storage.setItem(name, "{");
  assert.equal(keptToken(storage), null);
  Resume.clear(storage);
  assert.deepEqual([keptToken(storage), storage.entries.size], [null, 0]);
});

test("a browser that refuses storage has a room without a reload", async () => {
  const { storage, resume } = await kept();
  storage.setItem = () => { throw new Error("quota"); };
  await resume.save(PROGRESS);
});

test("random numbers lie below their bound and reach all of it", () => {
  for (const below of [1, 2, 3, 7776]) {
    const drawn = Array.from({ length: 200 }, () => randomBelow(below));
    assert.ok(drawn.every((n) => Number.isInteger(n) && n >= 0 && n < below));
  }
  assert.equal(new Set(Array.from({ length: 200 }, () => randomBelow(3))).size, 3);
});

test("a number that would favour the lowest results is drawn again", (context) => {
  const draws = [2 ** 32 - 1, 5];
  context.mock.method(crypto, "getRandomValues", (array) => array.fill(draws.shift()));
  assert.equal(randomBelow(7776), 5);
});

test("a drawn code is one that can be read", () => {
  const code = makeCode(randomBelow);
  assert.equal(readCode(code.toUpperCase().replaceAll("-", "  ")), code);
});

test("reconnecting waits a random part of half a second, doubled by every attempt, at most 30 s", () => {
  assert.deepEqual([0, 1, 2, 5, 6, 50].map((attempts) => backoffDelay(attempts, 1)),
    [500, 1000, 2000, 16_000, 30_000, 30_000]);
  assert.deepEqual([backoffDelay(3, 0), backoffDelay(3, 0.5)], [0, 2000]);
});

test("what a derivation still takes is told from its first blocks, not from the very first", () => {
  assert.deepEqual([timeLeft(0, 5000), timeLeft(0.009, 10), timeLeft(0.01, 10)], [null, null, 1]);
  assert.deepEqual([timeLeft(0.005, 2999), timeLeft(0.25, 10_000), timeLeft(1, 40_000)], [null, 30, 0]);
});

test("nobody is asked to wait for more than two minutes", () => {
  assert.equal(timeLeft(0.5, 60_000), 60);
  assert.throws(() => timeLeft(0.49, 60_000), { code: "derivation_slow" });
  assert.throws(() => timeLeft(0.001, 3000), { code: "derivation_slow" });
});
