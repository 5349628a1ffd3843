/** What lies sealed in a browser: its keys turn every day, at any moment the page may be closed, and a copy of the disk is closed later. */

import { beforeEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { ROTATE, SealedRows, makeLocalKey } from "../../web/static/js/account/storage-keys.js";
import { MemoryLocks, MemoryStorage, PageClosed, ShareServer } from "./memory_storage.mjs";

/** As what is sealed to the ten words: openable by nothing that lies here. */
const vault = new Map();
const toWords = async (key) => {
  const name = crypto.randomUUID();
  vault.set(name, new Uint8Array(key));
  return new TextEncoder().encode(name);
};
const byWords = async (sealed) => new Uint8Array(vault.get(new TextDecoder().decode(sealed)));

let storage;
let server;
let locks;

beforeEach(async () => {
  storage = new MemoryStorage();
  server = new ShareServer();
  locks = new MemoryLocks();
  await storage.write(async ({ put }) => put("keys", "local", await makeLocalKey()));
});

const opened = async (disk = storage, from = server) => {
  const rows = new SealedRows(disk, from.api, locks);
  return { rows, ...(await rows.open()) };
};

async function begun() {
  const { rows } = await opened();
  await rows.begin(toWords);
  await rows.write({ a: { secret: "one" }, b: { secret: "two" } });
  return rows;
}

describe("sealed rows", () => {
  test("are read by another page of the same browser, with the server's share", async () => {
    await begun();
    const { rows } = await opened();
    assert.deepEqual(await rows.read("a"), { secret: "one" });
    assert.deepEqual(await rows.ids(""), ["a", "b"]);
  });

  test("say nothing on the disk", async () => {
    await begun();
    const bytes = [...storage.places.get("rows").values()].map(({ sealed }) => Buffer.from(sealed).toString("latin1"));
    // The values are too short to look for: three bytes of ciphertext may be theirs.
    assert.doesNotMatch(bytes.join(""), /secret/);
  });

  test("written together are written all or not at all", async () => {
    const rows = await begun();
    storage.diesAfter(0);
    await assert.rejects(rows.write({ a: 1, b: null, c: 3 }), PageClosed);
    storage.diesAfter(Number.POSITIVE_INFINITY);
    assert.deepEqual(await rows.read("a"), { secret: "one" });
    await rows.write({ a: 1, b: null, c: 3 });
    assert.deepEqual([await rows.read("a"), await rows.read("b"), await rows.read("c")], [1, undefined, 3]);
  });

  test("can't be put in each other's place, or changed", async () => {
    const rows = await begun();
    const places = storage.places.get("rows");
    places.set("b", places.get("a"));
    await assert.rejects(rows.read("b"), { code: "storage_broken" });
    places.get("a").sealed[20] ^= 1;
    await assert.rejects(rows.read("a"), { code: "storage_broken" });
  });
});

describe("the daily turn of the keys", () => {
  test("leaves every row under the new one, and the server without the old share", async () => {
    const rows = await begun();
    await rows.rotate(toWords);
    assert.deepEqual([...storage.places.get("rows").values()].map(({ n }) => n), [2, 2]);
    assert.deepEqual(server.shares.map(({ n }) => n), [2]);
    assert.deepEqual([...storage.places.get("escrow").keys()], ["2"]);
    assert.deepEqual(await rows.read("b"), { secret: "two" });
  });

  test("closes an old copy of the disk, which until then was open", async () => {
    const rows = await begun();
    const image = storage.image();
    assert.deepEqual(await (await opened(image)).rows.read("a"), { secret: "one" });
    await rows.rotate(toWords);
    await assert.rejects(opened(image), { code: "locked" });
  });

  test("is finished by the next page, at whatever writing this one was closed", async () => {
    for (let writes = 0; ; writes += 1) {
      storage = new MemoryStorage();
      server = new ShareServer();
      await storage.write(async ({ put }) => put("keys", "local", await makeLocalKey()));
      const rows = await begun();
      // More than are moved at a time.
      await rows.write(Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`many/${at}`, at])));
      storage.diesAfter(writes);
      const end = await rows.rotate(toWords).then(() => "done", (error) => error);
      storage.diesAfter(Number.POSITIVE_INFINITY);
      if (end === "done") {
        assert.ok(writes >= 5, "there are writings at which it could be closed");
        return;
      }
      assert.ok(end instanceof PageClosed);
      const next = await opened();
      assert.deepEqual(await next.rows.read("a"), { secret: "one" });
      await next.rows.write({ c: "later" });
      await next.rows.rotate(toWords);
      assert.deepEqual(await Promise.all(["a", "b", "c"].map((id) => next.rows.read(id))), [{ secret: "one" }, { secret: "two" }, "later"]);
      assert.equal(await next.rows.read("many/599"), 599);
      assert.equal(server.shares.length, 1);
      assert.deepEqual(new Set([...storage.places.get("rows").values()].map(({ n }) => n)), new Set([server.shares[0].n]));
      assert.equal((await opened()).isHalfway, false);
    }
  });

  test("is finished, whichever answer of the server was lost", async () => {
    for (let lost = 0; lost < 3; lost += 1) {
      storage = new MemoryStorage();
      server = new ShareServer();
      await storage.write(async ({ put }) => put("keys", "local", await makeLocalKey()));
      const rows = await begun();
      const { api } = server;
      let answers = 0;
      const losing = Object.fromEntries(Object.entries(api).map(([name, ask]) => [name, async (n) => {
        const answer = await ask(n);
        answers += 1;
        if (answers - 1 === lost) throw Object.assign(new Error("lost"), { code: "unreachable" });
        return answer;
      }]));
      const other = new SealedRows(storage, losing, locks);
      await assert.rejects((async () => {
        await other.open();
        await other.rotate(toWords);
      })(), { code: "unreachable" });
      await rows.rotate(toWords);
      assert.equal(server.shares.length, 1);
      assert.deepEqual(await rows.read("a"), { secret: "one" });
    }
  });

  test("goes on beside a tab that writes without the lock, as one does that was robbed of it", async () => {
    const rows = await begun();
    const robbed = new SealedRows(storage, server.api, { request: (_, options, work = options) => work({}) });
    await robbed.open();
    const turning = rows.rotate(toWords);
    for (let at = 0; at < 20; at += 1) await robbed.write({ [`row ${at}`]: at });
    await turning;
    await rows.rotate(toWords);
    for (let at = 0; at < 20; at += 1) assert.equal(await rows.read(`row ${at}`), at);
    assert.equal(server.shares.length, 1);
  });

  test("finds nothing under the old one that was sealed before and written after it", async () => {
    const rows = await begun();
    let isTurned;
    const turned = new Promise((resolve) => { isTurned = resolve; });
    const late = { read: storage.read, write: async (work) => turned.then(() => storage.write(work)) };
    // As one that was robbed of the lock: nobody waits for it.
    const robbed = new SealedRows(late, server.api, { request: (_, options, work = options) => work({}) });
    await robbed.open();
    const writing = robbed.write({ c: "late" });
    await rows.rotate(toWords);
    isTurned();
    await writing;
    assert.equal(await rows.read("c"), "late");
    assert.deepEqual([...storage.places.get("rows").values()].map(({ n }) => n), [2, 2, 2]);
  });

  test("waits for tabs that write", async () => {
    const rows = await begun();
    let end;
    const writing = locks.request(ROTATE, { mode: "shared" }, () => new Promise((resolve) => { end = resolve; }));
    const turning = rows.rotate(toWords);
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => { setImmediate(resolve); });
    assert.equal(storage.places.get("facts").get("n"), 1);
    end();
    await Promise.all([writing, turning]);
    assert.deepEqual(server.shares.map(({ n }) => n), [2]);
  });

  test("lets tabs write while rows are moved, and is done when all are", async () => {
    await begun();
    let written;
    const api = { ...server.api, confirm: async (n) => {
      // Only now, and nobody waits for the end of this turn.
      await written();
      return server.confirm(n);
    } };
    const turning = new SealedRows(storage, api, locks);
    await turning.open();
    const { rows } = await opened();
    written = () => rows.write({ a: "written meanwhile" });
    await turning.rotate(toWords);
    assert.equal(await rows.read("a"), "written meanwhile");
    assert.deepEqual([...storage.places.get("rows").values()].map(({ n }) => n), [2, 2]);
  });
});

describe("a server that has lost its shares", () => {
  test("locks the rows, and the ten words open them: all that was there, under a new share", async () => {
    const rows = await begun();
    await rows.rotate(toWords);
    server.shares = [];
    const closed = new SealedRows(storage, server.api, locks);
    await assert.rejects(closed.open(), { code: "locked" });
    await assert.rejects(closed.read("a"), { code: "locked" });
    await closed.openWith(byWords, toWords);
    assert.deepEqual(await closed.read("a"), { secret: "one" });
    assert.deepEqual(server.shares.map(({ n }) => n), [3]);
    assert.deepEqual(await (await opened()).rows.read("b"), { secret: "two" });
  });

  test("and shows yesterday's: that opens nothing of today, and the words do", async () => {
    const rows = await begun();
    const yesterday = structuredClone(server.shares);
    await rows.rotate(toWords);
    server.shares = yesterday;
    const closed = new SealedRows(storage, server.api, locks);
    await assert.rejects(closed.open(), { code: "locked" });
    await closed.openWith(byWords, toWords);
    assert.deepEqual(await closed.read("a"), { secret: "one" });
  });
});
