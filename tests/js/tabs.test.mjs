/** What a tab can know of itself and of the others: whether one is in the same room, until when a reload leads back. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { answerTabs, askTabs, otherTabs } from "../../web/static/js/device/tabs.js";
import { ENTRY, keptUntil, lostBefore } from "../../web/static/js/device/kept-until.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";

const ROOM = toBase64url(new Uint8Array(32).fill(1));
const ANOTHER = toBase64url(new Uint8Array(32).fill(2));
/** Longer than any answer takes; whoever gets one doesn't wait for it. */
const LONG = 60_000;

describe("other tabs of this browser", () => {
  test("a tab answers for its own room alone, until it has left", async () => {
    const ends = [answerTabs(otherTabs(), ROOM), answerTabs(otherTabs(), ANOTHER)];
    assert.equal(await askTabs(otherTabs(), ROOM, LONG), true);
    ends[0]();
    assert.equal(await askTabs(otherTabs(), ROOM, 0), false);
    ends[1]();
  });

  test("what is asked and answered names no room to whoever isn't in it, and never in the same way twice", async () => {
    const heard = [];
    const ear = otherTabs();
    ear.addEventListener("message", ({ data }) => heard.push(data));
    const end = answerTabs(otherTabs(), ROOM);
    for (let times = 0; times < 2; times += 1) assert.equal(await askTabs(otherTabs(), ROOM, LONG), true);
    while (heard.length < 4) await new Promise((resolve) => { setImmediate(resolve); });
    assert.doesNotMatch(JSON.stringify(heard), new RegExp(ROOM));
    assert.notEqual(heard[0].room, heard[2].room);
    assert.equal(heard[0].room, heard[1].here);
    end();
    ear.close();
  });

  test("nonsense is no question, and a browser without such a channel has no other tabs", async () => {
    const end = answerTabs(otherTabs(), ROOM);
    const other = otherTabs();
    for (const nonsense of [null, 1, "x", {}, { salt: 1, room: ROOM }, { salt: "?", room: ROOM }]) other.postMessage(nonsense);
    other.close();
    assert.equal(await askTabs(otherTabs(), ROOM, LONG), true);
    end();
    assert.equal(await askTabs(null, ROOM), false);
    answerTabs(null, ROOM)();
  });
});

test("until when a reload leads back is known of a tab that was reloaded, and that knows how long the server waits", () => {
  const storage = (entry) => ({ getItem: (key) => (key === ENTRY ? entry : null) });
  const whole = JSON.stringify({ token: "", seat: "", progress: "", lasts: 1800 });
  assert.equal(keptUntil(storage(whole), { type: "reload", at: 5000 }), 1_805_000);
  for (const [entry, type] of [
    [whole, "navigate"], [whole, "back_forward"], [null, "reload"], ["{}", "reload"], ["?", "reload"],
    [JSON.stringify({ lasts: "1800" }), "reload"], ["null", "reload"],
  ]) assert.equal(keptUntil(storage(entry), { type, at: 5000 }), null, entry);
});

test("nor of one that had lost the server before, which a reload can't tell", () => {
  let entry = JSON.stringify({ token: "t", seat: "s", progress: "p", lasts: 1800 });
  const storage = { getItem: () => entry, setItem: (_key, value) => { entry = value; } };
  lostBefore(storage);
  assert.equal(keptUntil(storage, { type: "reload", at: 5000 }), null);
  assert.deepEqual(JSON.parse(entry), { token: "t", seat: "s", progress: "p", lasts: 1800, lost: true });
  for (const nothing of [null, "null", "?"]) {
    entry = nothing;
    lostBefore(storage);
    assert.equal(entry, nothing);
  }
});
