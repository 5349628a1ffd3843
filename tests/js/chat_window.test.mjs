// The window over a conversation: ten thousand lines are read like a hundred.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatWindow, MOST, PAGE } from "../../web/static/js/conversations/views/chat-window.js";

/** Lines of which every third place has none; counts what is read of them. */
function pagesOf(count) {
  const all = Array.from({ length: count }, (_, at) => ({ place: 3 * at + 1, value: { at } }));
  return {
    all, read: 0,
    async page({ before = Infinity, after, limit }) {
      const found = after === undefined ? all.filter(({ place }) => place < before).slice(-limit).reverse()
        : all.filter(({ place }) => place > after).slice(0, limit);
      this.read += found.length;
      return found;
    },
  };
}
const places = ({ lines }) => lines.map(({ place }) => place);
const of = (lines) => lines.map(({ place }) => place);

test("it opens at the end, and no more than a page is read", async () => {
  const pages = pagesOf(10_000);
  const window = new ChatWindow(pages);
  await window.refresh();
  assert.deepEqual(places(window), of(pages.all.slice(-PAGE)));
  assert.equal(pages.read, PAGE);
  assert.deepEqual([window.isWhole, window.isAtEnd], [false, true]);
});

test("it goes up to the first and down to the last, and never holds more than it may", async () => {
  const pages = pagesOf(1000);
  const window = new ChatWindow(pages);
  await window.refresh();
  while (await window.older()) {
    assert.ok(window.lines.length <= MOST);
    const first = pages.all.findIndex(({ place }) => place === window.lines[0].place);
    assert.deepEqual(places(window), of(pages.all.slice(first, first + window.lines.length)));
  }
  assert.deepEqual([window.lines[0].place, window.isWhole, window.isAtEnd], [1, true, false]);
  while (await window.newer()) assert.ok(window.lines.length <= MOST);
  assert.deepEqual(places(window), of(pages.all.slice(-MOST)));
  assert.deepEqual([window.isWhole, window.isAtEnd], [false, true]);
});

test("what comes is there where it reaches to the end, and nobody who reads above is moved", async () => {
  const pages = pagesOf(1000);
  const window = new ChatWindow(pages);
  await window.refresh();
  for (let count = 0; count < MOST; count += 1) {
    pages.all.push({ place: 3000 + count, value: {} });
    await window.refresh();
    assert.equal(window.lines.at(-1).place, 3000 + count);
    assert.ok(window.lines.length <= MOST);
  }
  while (await window.older()) { /* To the first. */ }
  const before = places(window);
  pages.all.push({ place: 5000, value: {} });
  await window.refresh();
  assert.deepEqual(places(window), before);
});

test("what is gone is gone from it, and after a flood it shows the newest", async () => {
  const pages = pagesOf(200);
  const window = new ChatWindow(pages);
  await window.refresh();
  const gone = pages.all.splice(-5, 1)[0].place;
  await window.refresh();
  assert.ok(!places(window).includes(gone));
  for (let count = 0; count < 2 * MOST; count += 1) pages.all.push({ place: 1000 + count, value: {} });
  await window.refresh();
  assert.deepEqual(places(window), of(pages.all.slice(-PAGE)));
});

test("somebody who goes to one message sees what stands around it", async () => {
  const pages = pagesOf(1000);
  const window = new ChatWindow(pages);
  await window.around(301);
  assert.deepEqual(places(window), of(pages.all.slice(101 - PAGE, 101 + PAGE)));
  assert.deepEqual([window.isWhole, window.isAtEnd], [false, false]);
  await window.around(1);
  assert.equal(window.isWhole, true);
  await window.toEnd();
  assert.equal(window.isAtEnd, true);
});
