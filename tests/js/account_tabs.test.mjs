/** The tabs of an account: one of them works, and one that is frozen is robbed of it. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Leadership } from "../../web/static/js/account/tabs.js";
import { MemoryLocks } from "./memory_storage.mjs";

const settled = async () => {
  for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => { setImmediate(resolve); });
};

/** So many tabs of one browser; what a frozen one is told doesn't arrive. */
function browser(count) {
  const locks = new MemoryLocks();
  const listeners = [];
  return Array.from({ length: count }, (_, me) => {
    const tab = { isFrozen: false, isSeen: true, isWorking: false };
    const heard = [];
    listeners[me] = (told) => { if (!tab.isFrozen) for (const listener of heard) listener(told); };
    const tabs = {
      tell: (told) => listeners.forEach((listen, at) => { if (at !== me) listen(told); }),
      listen: (listener) => heard.push(listener),
    };
    tab.leadership = new Leadership({
      locks, tabs, isSeen: () => tab.isSeen,
      lead: (signal) => {
        tab.isWorking = true;
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            tab.isWorking = false;
            resolve(undefined);
          });
        });
      },
    });
    tab.leadership.begin();
    return tab;
  });
}

const leading = (tabs) => tabs.map(({ leadership }) => leadership.isLeading);
const end = (tabs) => { for (const { leadership } of tabs) leadership.close(); };

describe("of several tabs", () => {
  test("one works, and when it is closed another does", async () => {
    const tabs = browser(3);
    await settled();
    assert.deepEqual(leading(tabs), [true, false, false]);
    tabs[0].leadership.close();
    await settled();
    assert.deepEqual(leading(tabs), [false, true, false]);
    end(tabs);
  });

  test("one that works and answers is left alone, however often it is asked", async () => {
    const tabs = browser(2);
    await settled();
    for (let times = 0; times < 5; times += 1) tabs[1].leadership.look();
    await settled();
    assert.deepEqual(leading(tabs), [true, false]);
    end(tabs);
  });

  test("one that is frozen is robbed by one that somebody looks at, and stops", async () => {
    const tabs = browser(3);
    await settled();
    tabs[0].isFrozen = true;
    tabs[1].isSeen = false;
    for (const tab of [tabs[1], tabs[2]]) for (let times = 0; times < 2; times += 1) tab.leadership.look();
    await settled();
    assert.deepEqual(leading(tabs), [false, false, true]);
    assert.deepEqual(tabs.map(({ isWorking }) => isWorking), [false, false, true]);
    tabs[0].isFrozen = false;
    tabs[2].leadership.close();
    await settled();
    assert.equal(leading(tabs).filter(Boolean).length, 1);
    end(tabs);
  });
});
