/** Messages that disappear, where a server went back and something else stands in their place. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Applying } from "../../web/static/js/conversations/applying.js";
import { isAwaited } from "../../web/static/js/conversations/deadlines.js";
import { MemoryStore } from "../../web/static/js/conversations/memory-store.js";
import { ShownConversation } from "../../web/static/js/conversations/shown.js";
import { newState } from "../../web/static/js/conversations/state.js";

const ID = "A".repeat(22);
const SELF = { device: "B".repeat(22), chain: "C".repeat(43), isAlone: false };
const OTHER = "D".repeat(22);
const message = { kind: "message", at: 1, device: OTHER, id: "E".repeat(22), timer: 60, content: { kind: "text" } };

test("what was seen disappears in time, though it stands there no more; what wasn't stays", async () => {
  const store = new MemoryStore();
  const state = newState({ place: 4, hash: "", first: 1, record: { epoch: 1, R: "", place: 1 }, reason: "contact", listed: true });
  const destroyed = (s) => ({ kind: "destroyed", id: null, at: 2, device: OTHER, s, hash: new Uint8Array(32), digest: "" });
  await store.change(async (within) => {
    await within.show(ID, 5, { ...message, until: 1000 });
    await within.show(ID, 6, message);
    await new Applying(ID, SELF, within, state).apply([destroyed(5), destroyed(6)]);
  });
  const kinds = async () => (await store.shown(ID, { limit: 9 })).map(({ value: { kind, displaced = [] } }) => [kind, displaced.length]);
  assert.deepEqual([await store.expire(999), await kinds()], [[], [["destroyed", 1], ["destroyed", 1]]]);
  assert.deepEqual(await store.expire(1000), [{ conversation: ID, place: 5 }]);
  assert.deepEqual(await kinds(), [["destroyed", 1], ["destroyed", 0]]);
});

test("what was looked at only where it stands no more disappears in time as well", async () => {
  const store = new MemoryStore();
  const shown = new ShownConversation(ID, { member: { now: () => 1000 }, store }, { waiting: async () => [] });
  const lost = [{ ...message, id: "F".repeat(22) }, { ...message, timer: 0 }, { ...message, until: 2000 }];
  // The timer of a record is what it says, and none of its own.
  await store.change((within) => within.show(ID, 5, { kind: "record", at: 2, device: OTHER, timer: 60, displaced: lost }));
  assert.equal(isAwaited(await store.line(ID, 5)), true);
  await shown.seen(5);
  const line = await store.line(ID, 5);
  assert.deepEqual([isAwaited(line), line.until, line.displaced.map(({ until }) => until)], [false, undefined, [61_000, undefined, 2000]]);
  await store.expire(61_000);
  assert.deepEqual((await store.line(ID, 5)).displaced.map(({ timer }) => timer), [0]);
});
