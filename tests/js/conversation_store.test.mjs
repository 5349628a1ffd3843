/** What a browser keeps of conversations: what was said, each under a key of its own, and what of it is forgotten. */

import { beforeEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { SealedRows, makeLocalKey } from "../../web/static/js/account/storage-keys.js";
import { BrowserStore } from "../../web/static/js/conversations/browser-store.js";
import { MemoryLocks, MemoryStorage, PageClosed, ShareServer } from "./memory_storage.mjs";

const HERE = "AAAAAAAAAAAAAAAAAAAAAA";
const THERE = "_____________________w";
const random = (size) => crypto.getRandomValues(new Uint8Array(size));

let storage;
let server;
let locks;
let rows;
let store;

/** As another tab has it, or whoever has a copy of the disk and is given these shares. */
async function opened(disk = storage, from = server.api) {
  const other = new SealedRows(disk, from, locks);
  await other.open();
  return new BrowserStore(other, disk, random);
}

beforeEach(async () => {
  storage = new MemoryStorage();
  server = new ShareServer();
  locks = new MemoryLocks();
  await storage.write(async ({ put }) => put("keys", "local", await makeLocalKey()));
  rows = new SealedRows(storage, server.api, locks);
  await rows.open();
  await rows.begin(async () => null);
  store = new BrowserStore(rows, storage, random);
});

const say = (place, text, until, at = HERE) => store.change((within) => within.show(at, place, { text, until }));
const texts = async (range, at = HERE, from = store) => (await from.shown(at, range)).map(({ value: { text } }) => text);

describe("what is shown", () => {
  test("comes newest first, so many at a time, across blocks of keys", async () => {
    await store.change(async (within) => {
      // Nobody has to wait for each.
      for (const place of [1, 2, 127, 128, 129, 400, 401]) within.show(HERE, place, { text: `${place}` });
    });
    await say(5, "elsewhere", undefined, THERE);
    assert.deepEqual(await texts({ limit: 3 }), ["401", "400", "129"]);
    assert.deepEqual(await texts({ before: 129, limit: 3 }), ["128", "127", "2"]);
    assert.deepEqual(await texts({ before: 2, limit: 3 }), ["1"]);
    assert.deepEqual(await store.line(HERE, 400), { text: "400" });
    assert.equal(await store.line(HERE, 399), undefined);
  });

  test("says nothing on the disk", async () => {
    await say(1, "a canary of some length");
    const lies = [...storage.places.values()].flatMap((place) => [...place.values()]);
    const bytes = lies.flatMap((value) => [value, value.sealed]).filter((value) => value instanceof Uint8Array);
    assert.ok(bytes.length > 1);
    for (const each of bytes) assert.doesNotMatch(Buffer.from(each).toString("latin1"), /canary/);
  });

  test("can't be put in each other's place", async () => {
    await say(1, "one");
    await say(2, "two");
    const shown = storage.places.get("shown");
    const [first, second] = [...shown.keys()];
    shown.set(first, shown.get(second));
    await assert.rejects(store.line(HERE, 1), { code: "storage_broken" });
  });

  test("is read within a change as that change leaves it", async () => {
    await say(1, "before");
    await store.change(async (within) => {
      assert.deepEqual(await within.line(HERE, 1), { text: "before" });
      await within.show(HERE, 1, { text: "after" });
      assert.deepEqual(await within.line(HERE, 1), { text: "after" });
      await within.hide(HERE, 1);
      assert.equal(await within.line(HERE, 1), undefined);
      await within.show(HERE, 1, { text: "last" });
    });
    assert.deepEqual(await texts({ limit: 9 }), ["last"]);
  });
});

describe("a change", () => {
  test("comes whole or not at all, whenever the page is closed", async () => {
    await say(1, "before", 50);
    const image = storage.image();
    const both = (kept) => kept.change(async (within) => {
      within.put("conversation/x/cursor", 2);
      await within.hide(HERE, 1);
      await within.show(HERE, 2, { text: "after" });
    });
    storage.diesAfter(0);
    await assert.rejects(both(store), PageClosed);
    storage.diesAfter(Number.POSITIVE_INFINITY);
    const next = await opened();
    assert.deepEqual([await texts({ limit: 9 }, HERE, next), await next.read("conversation/x/cursor")], [["before"], undefined]);
    await both(next);
    assert.deepEqual([await texts({ limit: 9 }, HERE, next), await next.read("conversation/x/cursor")], [["after"], 2]);
    assert.equal(await next.nextDeadline(), null);
    assert.deepEqual(await texts({ limit: 9 }, HERE, await opened(image)), ["before"]);
  });

  test("of two tabs at once is as one after the other: nobody's key is lost", async () => {
    const other = await opened();
    await Promise.all(Array.from({ length: 20 }, (_, place) =>
      (place % 2 ? store : other).change(async (within) => {
        const count = (await within.read("conversation/x/count")) ?? 0;
        await new Promise((resolve) => { setImmediate(resolve); });
        within.put("conversation/x/count", count + 1);
        await within.show(HERE, place, { text: `${place}` });
      })));
    assert.equal(await store.read("conversation/x/count"), 20);
    assert.equal((await store.shown(HERE, { limit: 99 })).length, 20);
  });

  test("that has listed rows is thought out anew where another tab has added one", async () => {
    const other = await opened();
    let times = 0;
    const seen = await store.change(async (within) => {
      const keys = await within.keys("conversation/");
      times += 1;
      if (times === 1) await other.change(async (inner) => inner.put("conversation/y", 1));
      within.put("conversation/x", 1);
      return keys;
    });
    assert.deepEqual([times, seen], [2, ["conversation/y"]]);
  });

  test("that stumbles over what another tab does meanwhile is thought out anew; any other error is its own", async () => {
    await say(1, "before");
    const other = await opened();
    let times = 0;
    await store.change(async (within) => {
      times += 1;
      await within.keys("shown/");
      if (times === 1) {
        await other.change((inner) => inner.hide(HERE, 1));
        throw new Error("nothing fits together");
      }
    });
    assert.equal(times, 2);
    await assert.rejects(store.change(async () => { throw new Error("its own"); }), /its own/);
  });
});

describe("what is forgotten", () => {
  const turn = () => rows.rotate(async () => null);
  const texted = async (disk, shares) => texts({ limit: 9 }, HERE, await opened(disk, { shares: async () => shares }));

  test("is not opened by a copy of the disk of before and today's share, once the keys have turned", async () => {
    await say(1, "to be forgotten");
    await say(2, "to stay");
    const before = storage.image();
    const yesterday = structuredClone(server.shares);
    await store.change((within) => within.hide(HERE, 1));
    assert.deepEqual(await texts({ limit: 9 }), ["to stay"]);
    // The control: until the keys turn, the copy opens with what the server still has.
    assert.deepEqual(await texted(before, server.shares), ["to stay", "to be forgotten"]);
    await turn();
    await assert.rejects(texted(before, server.shares), { code: "locked" });
    assert.deepEqual(await texts({ limit: 9 }), ["to stay"]);
    // Whoever had kept yesterday's share would open it: the server hasn't.
    assert.deepEqual(await texted(before, yesterday), ["to stay", "to be forgotten"]);
    assert.deepEqual(server.shares.map(({ n }) => n), [2]);
  });

  test("as well as what was edited, has no key in what is left", async () => {
    await say(1, "as it was first");
    const first = storage.places.get("shown").values().next().value;
    await say(1, "as it is now");
    const [key] = (await rows.read((await rows.ids("shown/"))[0]))[1];
    const raw = await crypto.subtle.importKey("raw", Buffer.from(key, "base64url"), "AES-GCM", false, ["decrypt"]);
    await assert.rejects(crypto.subtle.decrypt({ name: "AES-GCM", iv: first.subarray(0, 12) }, raw, first.subarray(12)));
    await store.change((within) => within.hide(HERE, 1));
    assert.deepEqual(await rows.ids("shown/"), []);
  });

  test("is not what another tab shows anew, without an end, just when it was due", async () => {
    await say(1, "due", 100);
    let isFirst = true;
    const between = async (work) => {
      const due = await storage.read(work);
      if (isFirst) await say(1, "without an end");
      isFirst = false;
      return due;
    };
    const slow = new BrowserStore(rows, { read: between }, random);
    assert.deepEqual(await slow.expire(100), []);
    assert.deepEqual(await texts({ limit: 9 }), ["without an end"]);
  });

  test("is whatever is past its time, before anything is shown, and nothing else", async () => {
    await say(1, "due", 100);
    await say(2, "due later", 101);
    await say(3, "never due");
    await say(4, "due, but shown anew without an end", 100);
    await say(4, "without an end");
    await say(5, "due, but hidden", 100);
    await store.change((within) => within.hide(HERE, 5));
    await say(200, "due too", 99);
    assert.equal(await store.nextDeadline(), 99);
    assert.deepEqual(await store.expire(100), [{ conversation: HERE, place: 200 }, { conversation: HERE, place: 1 }]);
    assert.deepEqual(await texts({ limit: 9 }), ["without an end", "never due", "due later"]);
    assert.deepEqual([await store.expire(100), await store.nextDeadline()], [[], 101]);
  });

  test("is of what stood at one place what is past its time, and nothing else", async () => {
    const earlier = [{ text: "due", until: 100 }, { text: "due later", until: 102 }, { text: "never due" }];
    await store.change((within) => within.show(HERE, 1, { text: "now", until: 101, displaced: earlier }));
    const left = async (now) => {
      assert.deepEqual(await store.expire(now), [{ conversation: HERE, place: 1 }]);
      const { displaced = [], ...line } = await store.line(HERE, 1);
      return [...displaced, line].map(({ text }) => text);
    };
    assert.deepEqual(await left(100), ["due later", "never due", "now"]);
    assert.deepEqual(await left(101), ["due later", "never due"]);
    assert.deepEqual(await left(102), ["never due"]);
    assert.equal(await store.nextDeadline(), null);
  });

  test("is a whole conversation, and no other", async () => {
    for (const place of [1, 200]) await say(place, "gone", 100 + place);
    await say(1, "elsewhere", 300, THERE);
    await store.change((within) => within.forget(HERE));
    assert.deepEqual(await texts({ limit: 9 }), []);
    assert.deepEqual(await texts({ limit: 9 }, THERE), ["elsewhere"]);
    assert.deepEqual([storage.places.get("shown").size, await store.nextDeadline()], [1, 300]);
  });
});
