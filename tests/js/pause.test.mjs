// Waiting that can be cut short (account/pause.js).

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { pause } from "../../web/static/js/account/pause.js";

const LONG_MS = 2 ** 31 - 1;

test("a signal ends a pause, also one that has not begun", async () => {
  const abort = new AbortController();
  const begun = pause(LONG_MS, abort.signal);
  abort.abort();
  await begun;
  await pause(LONG_MS, abort.signal);
});

test("however many pauses a signal outlives, it knows none of them", async () => {
  const { signal } = new AbortController();
  for (let number = 0; number < 3; number += 1) await pause(0, signal);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});
