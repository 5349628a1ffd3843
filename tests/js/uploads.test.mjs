/** Sending and saving files: a store and a network that do what they like, and what comes of it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SealedRows, makeLocalKey } from "../../web/static/js/account/storage-keys.js";
import { getObject } from "../../web/static/js/media/fetching.js";
import { indexSegments } from "../../web/static/js/media/film-index.js";
import { Jobs } from "../../web/static/js/media/jobs.js";
import { LANES_MOST, Lanes, Rate } from "../../web/static/js/media/pace.js";
import { compare, compared, likeness, readSegment } from "../../web/static/js/media/picked.js";
import { isProgram, savedName } from "../../web/static/js/protocol/saved-name.js";
import { save } from "../../web/static/js/media/saver.js";
import { Savings } from "../../web/static/js/media/savings.js";
import { Source, hasBit } from "../../web/static/js/media/source.js";
import { Uploader } from "../../web/static/js/media/uploader.js";
import { Uploads } from "../../web/static/js/media/uploads.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { sha256 } from "../../web/static/js/protocol/keys.js";
import { Layout, paddedLength } from "../../web/static/js/protocol/files/layout.js";
import { fileDigest, sealSegment } from "../../web/static/js/protocol/files/segments.js";
import { MemoryLocks, MemoryStorage, ShareServer } from "./memory_storage.mjs";

const random = (size) => crypto.getRandomValues(new Uint8Array(size));
const FILE = { id: random(16), key: random(32) };
const SIZE = 8 * 2 ** 20 + 12_345;
const CONTENT = new Blob([new Uint8Array(SIZE).map((_, at) => (at * 7 + (at >> 11)) & 255)]);
const LAYOUT = new Layout(paddedLength(SIZE));
const EVERY = [...Array(LAYOUT.count).keys()];
const never = new AbortController().signal;

/** A store behind a server that signs for ten minutes, and looks into it once in two seconds. */
class Store {
  now = 1_000_000;
  objects = new Map();
  landed = new Uint8Array(Math.ceil(LAYOUT.count / 8));
  puts = [];
  looks = [];

  urls(numbers) {
    return numbers.filter((number) => !hasBit(this.landed, number))
      .map((segment) => ({ segment, url: `${segment}`, headers: {}, expires_at: this.now + 600_000 }));
  }

  look(numbers) {
    assert.ok(this.now - (this.looks.at(-1) ?? 0) >= 2000, "asked again too soon");
    this.looks.push(this.now);
    for (const number of numbers) if (this.objects.has(number)) this.landed[number >> 3] |= 1 << (number & 7);
    return Uint8Array.from(this.landed);
  }

  /** As a PUT with `If-None-Match: *`. */
  take(number, object) {
    if (this.objects.has(number)) return "unknown";
    this.objects.set(number, object);
    return "done";
  }
}

/** `fault(number, attempt)`: what the network does instead of what it should; null: nothing. */
function sending(store, { content = CONTENT, kept = new Map(), fault = () => null } = {}) {
  const attempts = new Map();
  const ports = {
    read: (number) => readSegment(content, LAYOUT, number),
    seal: async (number, plaintext) => ({ object: await sealSegment(FILE, LAYOUT, number, plaintext, random), hash: await sha256(plaintext) }),
    async keep(number, hash) {
      const before = kept.get(number);
      if (before !== undefined && !Buffer.from(before).equals(Buffer.from(hash))) throw new Refusal("file_changed");
      kept.set(number, hash);
    },
    urls: async (numbers) => store.urls(numbers),
    landed: async (numbers) => store.look(numbers),
    async put({ segment, expires_at }, object, { progress }) {
      assert.ok(kept.has(segment), "sent before it was written down");
      const attempt = (attempts.get(segment) ?? 0) + 1;
      attempts.set(segment, attempt);
      store.puts.push(segment);
      progress(object.length / 2);
      await new Promise((resolve) => { setImmediate(resolve); });
      store.now += 100;
      if (expires_at < store.now) return "expired";
      const now = fault(segment, attempt);
      if (now === "lost answer") return store.take(segment, object) && "unknown";
      return now ?? store.take(segment, object);
    },
    pause: async (milliseconds) => { store.now += milliseconds; },
    now: () => store.now, chance: () => 1, told: (progress) => { told = progress; },
  };
  let told = null;
  return { kept, ports, run: (signal = never, order = LAYOUT.order()) =>
    new Uploader(LAYOUT, { order, landed: Uint8Array.from(store.landed) }, ports).run(signal), get told() { return told; } };
}

describe("sending", () => {
  test("everything lands whatever the network does, each object once, written down before it is sent", async () => {
    const store = new Store();
    const wrong = {
      0: ["lost answer"], 1: ["unknown", "unknown", null], 2: ["offline", "lost answer"], 3: ["expired", null], 4: ["unknown", "expired"],
    };
    const one = sending(store, { fault: (number, attempt) => wrong[number]?.[attempt - 1] ?? null });
    await one.run();
    assert.deepEqual([...store.objects.keys()].sort(), EVERY);
    assert.ok(EVERY.every((number) => hasBit(store.landed, number)));
    assert.deepEqual(store.puts.slice(0, 3), LAYOUT.order().slice(0, 3));
    assert.equal(one.told.bytes, LAYOUT.padded);
  });

  test("no more than six parts are in memory", async () => {
    const store = new Store();
    const one = sending(store);
    const { put, read } = one.ports;
    let [inside, most] = [0, 0];
    one.ports.read = (number) => {
      inside += 1;
      most = Math.max(most, inside);
      return read(number);
    };
    one.ports.put = (...given) => put(...given).finally(() => { inside -= 1; });
    await one.run();
    assert.ok(most >= 3 && most <= LANES_MOST, String(most));
  });

  test("what the server no longer finds goes again", async () => {
    const store = new Store();
    const one = sending(store, { fault: (number, attempt) => (number === 2 && attempt === 1 ? "done" : null) });
    await one.run();
    assert.equal(store.puts.filter((number) => number === 2).length, 2);
    assert.ok(store.objects.has(2));
  });

  test("an edited file isn't gone on with, and nothing of it is sent", async () => {
    const store = new Store();
    const stop = new AbortController();
    const first = sending(store, { fault: (number) => { if (number === 1) stop.abort(new Refusal("cancelled")); return null; } });
    await assert.rejects(first.run(stop.signal, EVERY), { code: "cancelled" });
    const before = store.puts.length;
    const edited = new Blob([CONTENT.slice(0, 2 ** 20 + 5), Uint8Array.of(255), CONTENT.slice(2 ** 20 + 6)]);
    const known = new Map([[1, first.kept.get(1)]]);
    store.objects.delete(1);
    store.landed.fill(0);
    await assert.rejects(sending(store, { content: edited, kept: known }).run(never, [1]), { code: "file_changed" });
    assert.equal(store.puts.length, before);
  });

  test("goes on with what is missing alone", async () => {
    const store = new Store();
    const stop = new AbortController();
    const { kept, run } = sending(store, { fault: (number) => { if (number === 3) stop.abort(new Refusal("cancelled")); return null; } });
    await assert.rejects(run(stop.signal, EVERY), { code: "cancelled" });
    store.now += 5000;
    store.look(EVERY);
    const there = [...store.objects.keys()];
    store.now += 5000;
    store.puts.length = 0;
    await sending(store, { kept }).run();
    assert.deepEqual(store.puts.filter((number) => there.includes(number)), []);
    assert.deepEqual([...store.objects.keys()].sort(), EVERY);
  });

  test("whoever is told to come again later does, and asks nobody whether it has landed meanwhile", async () => {
    const store = new Store();
    const pauses = [];
    const one = sending(store, { fault: (number, attempt) => (number === 1 && attempt < 3 ? { again: 40 } : null) });
    const { pause } = one.ports;
    one.ports.pause = (milliseconds) => {
      pauses.push(milliseconds);
      return pause(milliseconds);
    };
    await one.run();
    assert.equal(pauses.filter((milliseconds) => milliseconds === 40_000).length, 2);
    assert.ok(EVERY.every((number) => hasBit(store.landed, number)));
  });

  test("a store that takes everything and keeps nothing isn't given it for ever", async () => {
    const store = new Store();
    await assert.rejects(sending(store, { fault: () => "done" }).run(), { code: "segment_missing" });
    assert.ok(store.puts.length < 12 * LAYOUT.count);
  });

  test("a full store and a file that is gone end it; a server that is away is waited for", async () => {
    await assert.rejects(sending(new Store(), { fault: (number) => (number === 4 ? "full" : null) }).run(), { code: "store_full" });
    const store = new Store();
    const one = sending(store);
    let asked = 0;
    const { urls } = one.ports;
    one.ports.urls = async (numbers) => {
      asked += 1;
      if (asked < 4) throw new Refusal("unavailable", { retryAfter: 3 });
      return urls(numbers);
    };
    await one.run();
    assert.ok(EVERY.every((number) => hasBit(store.landed, number)));
    const gone = sending(new Store());
    gone.ports.urls = async () => { throw new Refusal("file_unknown"); };
    await assert.rejects(gone.run(), { code: "file_unknown" });
  });

  test("more go at once while that is faster, and fewer after a failure", () => {
    // What is under way of the largest objects is bounded too.
    const large = new Lanes(0, 2 ** 23);
    for (let now = 1; now <= 200; now += 1) large.done(1000 * large.width, now);
    assert.deepEqual([large.width, large.held], [2, 3]);
    const lanes = new Lanes(0, 2 ** 21);
    for (let now = 1; now <= 200; now += 1) lanes.done(1000 * lanes.width, now);
    assert.equal(lanes.width, LANES_MOST);
    lanes.failed(201);
    assert.equal(lanes.width, LANES_MOST / 2);
    lanes.failed(202);
    assert.equal(lanes.width, 1);
    for (let now = 203; now <= 900; now += 1) lanes.done(1000 / now, now);
    assert.equal(lanes.width, 3);
    const rate = new Rate();
    rate.tell(0, 0);
    assert.equal(rate.current, null);
    rate.tell(4000, 4000);
    assert.deepEqual([rate.current, rate.left(500)], [1000, 1]);
  });
});

describe("the file that is picked", () => {
  test("is told from another by size and time, and compared where it was sent", async () => {
    const before = { size: 5, lastModified: 7 };
    assert.equal(likeness({ size: 5, lastModified: 7 }, before), "same");
    assert.equal(likeness({ size: 5, lastModified: 8 }, before), "touched");
    assert.equal(likeness({ size: 6, lastModified: 7 }, before), "other");
    const sent = [...Array(40).keys()];
    assert.deepEqual(compared(sent, true, () => 0), sent);
    let next = 0;
    const some = compared(sent, false, (below) => {
      next += 7;
      return next % below;
    });
    assert.deepEqual([some.length, some[0], some.at(-1)], [6, 0, 39]);
    const hashes = new Map(await Promise.all([0, 1].map(async (number) => [number, await sha256(await readSegment(CONTENT, LAYOUT, number))])));
    await compare(CONTENT, LAYOUT, hashes, [0, 1]);
    const other = new Blob([CONTENT.slice(0, SIZE - 1), new Uint8Array(1)]);
    await compare(other, LAYOUT, hashes, [0, 1]);
    await assert.rejects(compare(new Blob([Uint8Array.of(1), CONTENT.slice(1)]), LAYOUT, hashes, [0]), { code: "file_changed" });
  });

  test("says where the index of a film lies", async () => {
    const box = (kind, length) => {
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setUint32(0, length);
      bytes.set(new TextEncoder().encode(kind), 4);
      return bytes;
    };
    const film = (...boxes) => new Blob(boxes);
    const at = async (blob) => indexSegments(blob, new Layout(paddedLength(blob.size)));
    assert.deepEqual(await at(film(box("ftyp", 24), box("mdat", 3 * 2 ** 20), box("moov", 2 ** 20))), [3, 4]);
    assert.deepEqual(await at(film(box("ftyp", 24), box("moov", 1000), box("mdat", 2 ** 20))), [0]);
    assert.deepEqual(await at(film(box("mdat", 2 ** 20), box("moov", 24))), []);
    assert.deepEqual(await at(film(box("ftyp", 24), new Uint8Array(64))), []);
  });
});

describe("jobs", () => {
  test("keep what a segment held, also over the turn of the key, and take no other content", async () => {
    const storage = new MemoryStorage();
    await storage.write(async ({ put }) => put("keys", "local", await makeLocalKey()));
    const rows = new SealedRows(storage, new ShareServer().api, new MemoryLocks());
    await rows.open();
    await rows.begin(async () => new Uint8Array(1));
    const jobs = new Jobs(rows, storage);
    await jobs.put({ file: "f", key: "SECRET-KEY", name: "SECRET-NAME", message: null });
    const [hash, other] = [random(32), random(32)];
    await Promise.all([jobs.keep("f", 0, hash), jobs.keep("f", 1, other), jobs.keep("f", 64, hash)]);
    await jobs.keep("f", 0, hash);
    await rows.rotate(async () => new Uint8Array(1));
    await assert.rejects(jobs.keep("f", 0, other), { code: "file_changed" });
    assert.deepEqual([...await jobs.hashes("f")], [[0, hash], [1, other], [64, hash]]);
    await jobs.change("f", { message: { device: "d", id: "m" } });
    assert.deepEqual((await jobs.all()).map(({ file, message }) => [file, message.id]), [["f", "m"]]);
    assert.ok(!Buffer.from(JSON.stringify([...storage.places.get("rows")])).includes("SECRET"));
    await jobs.remove("f");
    assert.deepEqual([await jobs.all(), await rows.ids("upload/")], [[], []]);
    await assert.rejects(jobs.keep("f", 0, hash), { code: "file_unknown" });
  });
});

describe("reading", () => {
  /** All of it in the store. */
  async function whole() {
    const store = new Store();
    await sending(store).run();
    return store;
  }

  function source(store, { landed = null, get = null, lives = 600_000 } = {}) {
    const asked = [];
    const gets = [];
    const made = new Source({
      file: FILE, padded: LAYOUT.padded, size: SIZE, landed, now: () => store.now,
      urls: async (numbers) => {
        asked.push(numbers);
        return numbers.map((segment) => ({ segment, url: `${segment}/${asked.length}`, headers: {}, expires_at: store.now + lives }));
      },
      get: async (address, range, how) => {
        gets.push([address.segment, range]);
        const [from, to] = range ?? [0, undefined];
        return get?.(address, range, how) ?? store.objects.get(address.segment).slice(from, to);
      },
      pause: async () => undefined,
    });
    return { made, asked, gets };
  }

  const bytes = async (start, end) => new Uint8Array(await CONTENT.slice(start, end).arrayBuffer());

  test("gives the file's bytes from wherever, and asks for nothing twice", async () => {
    const store = await whole();
    const { made, gets } = source(store);
    for (const [start, end] of [[0, 10], [2 ** 20 - 5, 2 ** 20 + 600_000], [SIZE - 7, SIZE], [300_000, 300_000]]) {
      assert.deepEqual(await made.read(start, end), await bytes(start, end));
    }
    const before = gets.length;
    await Promise.all([made.read(0, 100), made.read(2 ** 20 + 5, 2 ** 20 + 500_000)]);
    assert.equal(gets.length, before);
    const [one, other] = await Promise.all([made.read(3 * 2 ** 20, 3 * 2 ** 20 + 9), made.read(3 * 2 ** 20, 3 * 2 ** 20 + 9)]);
    assert.deepEqual(one, other);
    assert.equal(gets.length, before + 1);
    await assert.rejects(made.read(0, SIZE + 1), RangeError);
  });

  test("waits for what hasn't landed, until nobody wants it any more", async () => {
    const store = await whole();
    const { made } = source(store, { landed: Uint8Array.of(0b101) });
    assert.equal(made.availableFrom(5), 2 ** 20 - 5);
    assert.equal(made.has(0, 2 ** 20 + 1), false);
    const stop = new AbortController();
    const given = made.read(2 ** 20, 2 ** 20 + 4, { signal: stop.signal });
    const late = made.read(2 ** 20 - 2, 2 ** 20 + 4);
    stop.abort(new Refusal("cancelled"));
    await assert.rejects(given, { code: "cancelled" });
    made.told(Uint8Array.of(0b111));
    assert.deepEqual(await late, await bytes(2 ** 20 - 2, 2 ** 20 + 4));
    assert.equal(made.availableFrom(0), 3 * 2 ** 20);
    const forever = made.read(SIZE - 1, SIZE);
    made.close();
    await assert.rejects(forever, { code: "closed" });
  });

  test("fetches nothing more once it is closed", async () => {
    let read = null;
    const store = await whole();
    const signal = await new Promise((asked) => {
      const { made } = source(store, { get: (_, __, how) => new Promise((_resolve, reject) => {
        how.signal.addEventListener("abort", () => reject(new Refusal("unreachable")));
        asked(how.signal);
      }) });
      read = { made, bytes: made.read(0, 1) };
    });
    read.made.close();
    await assert.rejects(read.bytes, { code: "closed" });
    assert.equal(signal.aborted, true);
  });

  test("asks for another address where one has ended, and gives nothing that isn't what was sent", async () => {
    const store = await whole();
    const ended = source(store, { get: ({ url }) => { if (url === "0/1") throw new Refusal("url_expired"); return undefined; } });
    assert.deepEqual(await ended.made.read(0, 4), await bytes(0, 4));
    assert.equal(ended.asked.length, 2);
    let busy = 2;
    const later = source(store, { get: () => { if (busy-- > 0) throw new Refusal("too_many", { retryAfter: 5 }); return undefined; } });
    assert.deepEqual(await later.made.read(0, 4), await bytes(0, 4));
    const tomorrow = source(store, { get: () => { throw new Refusal("too_many", { retryAfter: 5000 }); } });
    await assert.rejects(tomorrow.made.read(0, 4), { code: "too_many", retryAfter: 5000 });
    const swapped = source(store, { get: ({ segment }, range) => (segment === 1 ? store.objects.get(2).slice(...range) : undefined) });
    await assert.rejects(swapped.made.read(2 ** 20, 2 ** 20 + 4), { code: "segment_open" });
    const cut = source(store, { get: (_, [from]) => store.objects.get(0).slice(from, from + 9) });
    await assert.rejects(cut.made.read(0, 4), { code: "segment_length" });
  });

  /** Saves into memory; how it ended. */
  async function saved(store, { digest, get, signal = never } = {}) {
    const { made } = source(store, { get });
    const hashes = await Promise.all(EVERY.map(async (number) => sha256(await readSegment(CONTENT, LAYOUT, number))));
    const parts = [];
    let end = "open";
    const sink = { write: async (part) => { parts.push(part.slice()); }, done: async () => { end = "done"; }, drop: async () => { end = "dropped"; } };
    const error = await save({
      source: made, file: FILE.id, digest: digest ?? await fileDigest(FILE.id, LAYOUT, SIZE, hashes), signal, told: () => undefined, pause: async () => undefined,
    }, sink).catch((one) => one);
    return { code: error?.code, end, content: Buffer.concat(parts) };
  }

  test("saves the file whole or not at all", async () => {
    const store = await whole();
    const good = await saved(store);
    assert.deepEqual([good.code, good.end], [undefined, "done"]);
    assert.ok(good.content.equals(Buffer.from(await CONTENT.arrayBuffer())));
    const other = await saved(store, { digest: random(32) });
    assert.deepEqual([other.code, other.end], ["file_digest", "dropped"]);
    const lost = await saved(store, { get: ({ segment }) => { if (segment === 4) throw new Refusal("segment_missing"); return undefined; } });
    assert.deepEqual([lost.code, lost.end], ["segment_missing", "dropped"]);
    let failures = 6;
    const shaky = await saved(store, { get: ({ segment }) => { if (segment === 2 && failures-- > 0) throw new Refusal("unreachable"); return undefined; } });
    assert.deepEqual([shaky.code, shaky.end], [undefined, "done"]);
  });
});

test("a file of which only the digest is missing is asked about until somebody answers, and picked again by nobody", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const layout = new Layout(4096);
  const kept = new Map(["whole", "lost", "part"].map((name) => [toBase64url(new TextEncoder().encode(name.padEnd(16))), {
    padded: 4096, size: 3000, message: { device: "d", id: "m" }, hashes: name === "part" ? new Map() : new Map([[0, random(32)]]),
  }]));
  const [whole, lost, part] = kept.keys();
  for (const [file, job] of kept) job.file = file;
  let isOffline = true;
  const confirmed = [];
  // Digests are made beside this thread: how many turns that takes, nobody knows.
  const settled = async (isSo) => { for (let turn = 0; turn < 100_000 && !isSo(); turn += 1) await new Promise(setImmediate); };
  let asked = 0;
  const uploads = new Uploads({
    jobs: { all: async () => [...kept.values()], one: async (file) => kept.get(file) ?? null, hashes: async (file) => kept.get(file).hashes,
      remove: async (file) => { kept.delete(file); } },
    api: { remove: async () => undefined, one: async (file) => {
      asked += 1;
      if (isOffline) throw new Refusal("unreachable");
      if (file === lost) throw new Refusal("file_unknown");
      return { landed: Uint8Array.of(2 ** layout.count - 1), expiresAt: 9 };
    } },
    locks: new MemoryLocks(), now: () => 0, sealer: null, named: async () => null, content: null,
    confirm: async ({ file }) => { confirmed.push(file); }, told: () => undefined,
  });
  await uploads.begin();
  await settled(() => asked === 2);
  await new Promise(setImmediate);
  assert.deepEqual([whole, lost, part].map((file) => uploads.state(file).kind), ["finishing", "finishing", "absent"]);
  isOffline = false;
  context.mock.timers.tick(30_000);
  await settled(() => uploads.state(whole) === null && uploads.state(lost) === null);
  assert.deepEqual([whole, lost, part].map((file) => uploads.state(file)?.kind), [undefined, undefined, "absent"]);
  assert.deepEqual([confirmed, [...kept.keys()]], [[whole], [part]]);
  // One that isn't sent from here isn't paused by being deleted in vain.
  await uploads.pause(whole);
  assert.equal(uploads.state(whole), null);
  uploads.close();
});

test("what is being saved is known by whoever shows it, and stopped from there; only what is certain is called saved", async () => {
  const running = [];
  const told = [];
  const savings = new Savings({
    save: (_one, _sink, how) => new Promise((resolve, reject) => {
      running.push({ ...how, resolve, reject });
      how.signal.addEventListener("abort", () => reject(new Refusal("cancelled")));
    }),
    told: (file) => told.push(file),
  });
  const [sure, given, bad, stopped] = ["a", "b", "c", "d"].map((id) => ({ id }));
  const again = async () => undefined;
  let dropped = 0;
  const all = [
    savings.begin(sure, { isCertain: true }), savings.begin(given, { isCertain: false, again }),
    savings.begin(bad, { isCertain: true }), savings.begin(stopped, { isCertain: true }),
  ];
  await savings.begin(sure, { drop: async () => { dropped += 1; } });
  assert.deepEqual([running.length, dropped, savings.isBusy], [4, 1, true]);
  running[0].told(5);
  assert.deepEqual(savings.state(sure), { kind: "saving", bytes: 5 });
  const why = new Refusal("no_room");
  running[0].resolve();
  running[1].resolve();
  running[2].reject(why);
  savings.stop(stopped);
  await Promise.all(all);
  assert.deepEqual([sure, given, bad, stopped].map((one) => savings.state(one)),
    [{ kind: "saved" }, { kind: "handed", again }, { kind: "failed", error: why }, null]);
  assert.deepEqual([savings.isBusy, told.at(-1)], [false, "d"]);
  // Whoever signs out leaves nothing going on.
  void savings.begin(sure, { isCertain: true });
  await savings.close();
  assert.ok(running[4].signal.aborted && !savings.isBusy);
});

test("a name is saved so that every system can have it, and that it ends as it looks", () => {
  const long = "ä".repeat(200);
  for (const [name, wanted] of [
    ["film.mp4", "film.mp4"], ["../../etc/passwd", "_.._etc_passwd"], ["a\u202egpj.exe", "a_gpj.exe"], ["con.txt", "_con.txt"], ["  .hidden", "hidden"],
    ["a\u0000b\nc", "a_b_c"], ["...", "file"], ["x. ", "x"], ['<b>"|?*:.svg', "_b______.svg"], ["\u200b\u200bа.pdf", "__а.pdf"], ["\ud800x", "_x"],
    [`${long}.webm`, `${"ä".repeat(57)}.webm`],
  ]) assert.equal(savedName(name), wanted);
  assert.deepEqual(["a.exe", "a.PDF", "photo.jpg\u202e.scr", "x.html", "tar.gz", "bill.pdf.SettingContent-ms", "a.docm", "a-b", "v1.2-final"].map(isProgram),
    [true, false, true, true, false, true, true, false, false]);
});

test("a read ends where nothing moves, where nobody wants it any more, and where more comes than was asked for", async (context) => {
  const address = { segment: 0, url: "https://store.example/0", headers: {}, expires_at: 0 };
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let ended = null;
  const answers = (pull) => context.mock.method(globalThis, "fetch", async (_, { signal }) => {
    const body = new ReadableStream({ start: (stream) => signal.addEventListener("abort", () => {
      ended = "aborted";
      stream.error(signal.reason);
    }), pull });
    return new Response(body, { status: 206 });
  });
  const piece = new Uint8Array(8);
  let stalled = null;
  await new Promise((sleeps) => {
    let pieces = 1;
    answers((stream) => {
      if (pieces === 0) return sleeps();
      pieces -= 1;
      return stream.enqueue(piece);
    });
    stalled = getObject(address, [0, 64], { length: 64 });
  });
  context.mock.timers.tick(60_000);
  await assert.rejects(stalled, { code: "unreachable" });
  const unwanted = new AbortController();
  const left = getObject(address, [0, 64], { length: 64, signal: unwanted.signal });
  unwanted.abort();
  await assert.rejects(left, { code: "unreachable" });
  let sent = 0;
  ended = null;
  answers((stream) => {
    sent += piece.length;
    if (sent > 1000) stream.close();
    else stream.enqueue(piece);
  });
  await assert.rejects(getObject(address, [0, 64], { length: 64 }), { code: "segment_length" });
  assert.deepEqual([ended, sent < 200], ["aborted", true]);
});

test("what the store answers to a read is told apart", async (context) => {
  const address = { segment: 0, url: "https://store.example/0", headers: {}, expires_at: 0 };
  for (const [status, headers, code, retryAfter] of [
    [429, { "Retry-After": "7" }, "too_many", 7], [503, {}, "unavailable", null], [503, { "Retry-After": "Tue" }, "unavailable", null],
    [403, {}, "url_expired", null], [404, {}, "segment_missing", null], [416, {}, "segment_length", null], [500, {}, "unreachable", null],
  ]) {
    context.mock.method(globalThis, "fetch", async () => new Response("", { status, headers }));
    await assert.rejects(getObject(address, [0, 16], { length: 16 }), { code, retryAfter });
  }
  context.mock.method(globalThis, "fetch", async () => new Response("0123456789", { status: 200 }));
  assert.deepEqual(await getObject(address, [2, 4], { length: 2 }), new TextEncoder().encode("23"));
});
