// Playback: what the service worker passes on of what its page gives it, and what is done where playing breaks off.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { PageStreams } from "../../web/static/js/media/page-streams.js";
import { Attempts, DECODING, NETWORK, clock, phaseOf } from "../../web/static/js/media/playing.js";
import { OPEN_MOST, servedType } from "../../web/static/js/media/ranges.js";
import { MemoryWay } from "../../web/static/js/media/ways.js";
import { answerStream } from "../../web/static/js/media/worker-streams.js";

const SCOPE = "https://chat.example/below/account/";
const MIB = 2 ** 20;
const content = Uint8Array.from({ length: 3 * MIB + 17 }, (_, at) => at % 251);

/** A file of which everything has landed, but what lies from `landed` on, which waits until nobody waits any more. */
function sourceOf({ landed = content.length, fails = null } = {}) {
  const source = { size: content.length, reads: [], availableFrom: (offset) => Math.max(0, landed - offset) };
  source.read = async (start, end, { signal }) => {
    source.reads.push([start, end]);
    if (fails !== null) throw fails;
    if (start >= landed) {
      await new Promise((resolve) => { signal.addEventListener("abort", resolve); });
      throw new Error("aborted");
    }
    return content.slice(start, Math.min(end, landed));
  };
  return source;
}

/** A page at its worker; `told`: what whoever plays has heard. */
function pageWith(source, type = "video/mp4") {
  const container = new EventTarget();
  const streams = new PageStreams(container, (size) => new Uint8Array(size).fill(7));
  const told = { waiting: [], failed: [] };
  const token = streams.open(source, type, { waits: (count) => told.waiting.push(count), failed: (error) => told.failed.push(error) });
  const client = { postMessage: (data, ports) => {
    container.dispatchEvent(Object.assign(new Event("message"), { data, ports }));
  } };
  return { streams, token, told, clients: { get: async (id) => (id === "page" ? client : undefined) } };
}

/** Answers that nobody may have read to their end: their page is kept at its port. */
const unread = [];
afterEach(() => Promise.all(unread.splice(0).map(({ body }) => (body === null || body.locked ? null : body.cancel()))));

/** What the worker answers; null: it lets the request go its way. */
async function asked(page, { url = `${SCOPE}stream/${page.token}`, destination = "video", range = null, clientId = "page" } = {}) {
  let response = null;
  const works = [];
  const request = { url, destination, headers: { get: (name) => (name === "range" ? range : null) } };
  answerStream({ request, clientId, respondWith: (answer) => { response = answer; }, waitUntil: (work) => works.push(work) }, SCOPE, page.clients);
  if (response === null) return null;
  unread.push(await response);
  return Object.assign(await response, { works });
}

const bytesOf = async (response) => new Uint8Array(await response.arrayBuffer());

test("an element is given the part that it asks for: with an end all of it, without one a mebibyte", async () => {
  const page = pageWith(sourceOf());
  const cases = [
    [null, 0, MIB], ["bytes=0-", 0, MIB], [`bytes=${MIB + 5}-`, MIB + 5, 2 * MIB + 5], [`bytes=${3 * MIB}-`, 3 * MIB, content.length],
    ["bytes=10-19", 10, 20], [`bytes=5-${content.length + 99}`, 5, content.length], ["bytes=-17", 3 * MIB, content.length],
    ["bytes=9-3", 0, MIB], ["lines=1-2", 0, MIB], ["bytes=0-1,5-6", 0, MIB], ["bytes=-", 0, MIB],
  ];
  for (const [range, start, end] of cases) {
    const response = await asked(page, { range });
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get("content-range"), `bytes ${start}-${end - 1}/${content.length}`, range);
    assert.deepEqual(await bytesOf(response), content.slice(start, end), range);
    await Promise.all(response.works);
  }
  const beyond = await asked(page, { range: `bytes=${content.length}-` });
  assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, `bytes */${content.length}`]);
  assert.equal(OPEN_MOST, MIB);
});

test("it is a film or a sound and nothing else: of a type of ours, sandboxed, for this origin, and never kept", async () => {
  const page = pageWith(sourceOf(), "video/webm");
  const { headers } = await asked(page);
  assert.deepEqual(Object.fromEntries([...headers].filter(([name]) => name !== "content-range")), {
    "accept-ranges": "bytes", "cache-control": "no-store", "content-security-policy": "default-src 'none'; sandbox",
    "content-type": "video/webm", "cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff",
  });
  for (const type of ["text/html", "image/svg+xml", "application/pdf", "video/mp4; codecs=x", "constructor"]) {
    assert.equal(servedType(type), null, type);
    assert.equal((await asked(pageWith(sourceOf(), type))).status, 404, type);
  }
});

test("nobody else is answered: no document, no program, no unknown name, no other page; what isn't a stream goes its way", async () => {
  const page = pageWith(sourceOf());
  for (const destination of ["document", "iframe", "", "image", "script", "object", "embed"]) {
    assert.equal((await asked(page, { destination })).status, 404, destination);
  }
  assert.equal((await asked(page, { url: `${SCOPE}stream/other` })).status, 404);
  assert.equal((await asked(page, { clientId: "another" })).status, 404);
  assert.equal((await asked(page, { clientId: "" })).status, 404);
  for (const url of [SCOPE, `${SCOPE}sw.js`, "https://chat.example/account/stream/x", "https://chat.example/below/static/account.js"]) {
    assert.equal(await asked(page, { url }), null, url);
  }
  page.streams.end(page.token);
  assert.equal((await asked(page)).status, 404);
});

test("bytes are read as they are wanted, and no longer when nobody wants them", async () => {
  const source = sourceOf();
  const response = await asked(pageWith(source), { range: `bytes=0-${content.length - 1}` });
  const reader = response.body.getReader();
  await reader.read();
  await new Promise((resolve) => { setTimeout(resolve, 30); });
  assert.ok(source.reads.length <= 3, `read ahead ${source.reads.length} pieces`);
  const before = source.reads.length;
  await reader.cancel();
  await Promise.all(response.works);
  await new Promise((resolve) => { setTimeout(resolve, 30); });
  assert.equal(source.reads.length, before);
  // Nor is anything waited for.
  const page = pageWith(sourceOf({ landed: 0 }));
  const waiting = (await asked(page)).body.getReader();
  const read = waiting.read();
  while (page.told.waiting.length === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
  await waiting.cancel();
  await read;
  while (page.told.waiting.length === 1) await new Promise((resolve) => { setTimeout(resolve, 5); });
  assert.deepEqual(page.told.waiting, [1, 0]);
});

test("what hasn't landed is waited for, then the answer ends early; whoever plays is told", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const page = pageWith(sourceOf({ landed: 100_000 }));
  const answering = asked(page, { range: "bytes=0-" });
  const response = await answering;
  const reader = response.body.getReader();
  assert.equal((await reader.read()).value.length, 100_000);
  const ending = reader.read();
  while (page.told.waiting.length === 0) await new Promise((resolve) => { setImmediate(resolve); });
  context.mock.timers.tick(24_999);
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.deepEqual(page.told.waiting, [1]);
  context.mock.timers.tick(1);
  assert.equal((await ending).done, true);
  assert.deepEqual(page.told.waiting, [1, 0]);
  assert.deepEqual(page.told.failed, []);
});

test("what doesn't verify breaks the answer off, and whoever plays is told why", async () => {
  const why = new Error("segment_open");
  const page = pageWith(sourceOf({ fails: why }));
  await assert.rejects(bytesOf(await asked(page)));
  assert.deepEqual(page.told.failed, [why]);
});

test("without a worker all of it is read into memory first, as what it is served as, and no more than 200 MiB", async (context) => {
  const made = [];
  context.mock.method(URL, "createObjectURL", (blob) => `blob:${made.push(blob)}`);
  context.mock.method(URL, "revokeObjectURL", () => undefined);
  let told = 0;
  const way = new MemoryWay(sourceOf(), "video/quicktime", () => { told += 1; });
  // Asked for again it isn't read again.
  assert.deepEqual([await way.address(), await way.address()], ["blob:1", "blob:2"]);
  assert.equal(made[0], made[1]);
  assert.equal(made[0].type, "video/mp4");
  assert.deepEqual(new Uint8Array(await made[0].arrayBuffer()), content);
  assert.ok(way.loaded === 1 && told > 0);
  await assert.rejects(new MemoryWay({ ...sourceOf(), size: 200 * MIB + 1 }, "video/mp4", () => undefined).address(), { code: "too_large_here" });
});

test("playing goes on where it broke off, less and less often, and not for ever", () => {
  const attempts = new Attempts();
  attempts.reached(40, true);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => attempts.failed(NETWORK, false)), [500, 1000, 2000, 4000, 8000, null]);
  assert.equal(attempts.position, 40);
  // Two seconds may have been in memory; three have come.
  attempts.reached(42);
  assert.equal(attempts.failed(NETWORK, false), null);
  attempts.reached(45);
  assert.equal(attempts.failed(NETWORK, false), 500);
  // That it hasn't been sent is nobody's failure.
  for (let times = 0; times < 50; times += 1) assert.equal(attempts.failed(4, true), 500);
  const damaged = new Attempts();
  assert.deepEqual([damaged.failed(DECODING, false), damaged.failed(DECODING, false)], [500, null]);
});

test("how it stands is said by what matters most", () => {
  const facts = { isKnown: true, isPaused: false, isEnded: false, isReady: true, isAwaited: false, isAgain: false, isOver: false };
  assert.equal(phaseOf(facts), "playing");
  assert.equal(phaseOf({ ...facts, isPaused: true }), "paused");
  assert.equal(phaseOf({ ...facts, isReady: false }), "stalled");
  assert.equal(phaseOf({ ...facts, isReady: false, isAwaited: true }), "sender");
  assert.equal(phaseOf({ ...facts, isAwaited: true }), "playing");
  assert.equal(phaseOf({ ...facts, isAgain: true }), "again");
  assert.equal(phaseOf({ ...facts, isKnown: false }), "loading");
  assert.equal(phaseOf({ ...facts, isEnded: true, isPaused: true }), "ended");
  assert.equal(phaseOf({ ...facts, isOver: true, isEnded: true }), "over");
  assert.deepEqual([0, 9.9, 61, 3600, 36_061, Number.NaN, Number.POSITIVE_INFINITY].map(clock), ["0:00", "0:09", "1:01", "1:00:00", "10:01:01", "0:00", "0:00"]);
});
