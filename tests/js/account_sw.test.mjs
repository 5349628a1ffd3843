// The service worker of the account's page (pages/account-sw.js): what it shows, and to whom.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const SCOPE = "https://chat.example/below/account/";
const BUNDLE = new URL("../../web/bundles/account-sw.js", import.meta.url);
const listeners = new Map();
let open = [];
const shown = [];
const windows = [];
Object.assign(globalThis, {
  addEventListener: (kind, listener) => listeners.set(kind, listener),
  skipWaiting: () => undefined,
  clients: { matchAll: async () => open, openWindow: async (address) => void windows.push(address) },
  registration: { scope: SCOPE, showNotification: async (title, how) => void shown.push({ title, ...how }) },
});
await import("../../web/static/js/pages/account-sw.js");

/** A page that is open. */
function page(url, visibilityState = "visible") {
  const made = { url, visibilityState, told: [], focused: 0, postMessage: (said) => made.told.push(said) };
  made.focus = async () => { made.focused += 1; };
  return made;
}

/** Something happens to the worker, and all that it does then is done. */
async function happens(kind, more = {}) {
  let done;
  listeners.get(kind)({ ...more, waitUntil: (work) => { done = work; } });
  await done;
}

test("with no page open a notification says that something is new, and nothing of what came", async () => {
  open = [];
  await happens("push", { data: { text: () => "canary", arrayBuffer: () => new ArrayBuffer(16) } });
  // Nobody has kept any words: the name alone.
  assert.deepEqual(shown.splice(0), [{ title: "Ephemeral", tag: "new" }]);
});

test("whoever looks at the page is told there", async () => {
  const [seen, hidden] = [page(`${SCOPE}?lang=de`), page(SCOPE, "hidden")];
  open = [hidden, seen];
  await happens("push");
  assert.deepEqual([seen.told, hidden.told, shown.length], [[{ kind: "push" }], [], 0]);
});

test("a page behind others, or of rooms, is no page that somebody looks at", async () => {
  const room = page("https://chat.example/below/");
  open = [page(SCOPE, "hidden"), room];
  await happens("push");
  assert.equal(shown.splice(0).length, 1);
  assert.deepEqual(room.told, []);
});

test("a click leads to the page that is open, or opens it", async () => {
  let closed = 0;
  const notification = { close: () => { closed += 1; } };
  const there = page(SCOPE, "hidden");
  open = [there];
  await happens("notificationclick", { notification });
  assert.deepEqual([there.focused, windows.length], [1, 0]);
  open = [page("https://chat.example/below/")];
  await happens("notificationclick", { notification });
  assert.deepEqual([windows, closed], [[SCOPE], 2]);
});

test("a page that asks is taken, and what isn't a stream goes its way", async () => {
  let claimed = 0;
  globalThis.clients.claim = async () => { claimed += 1; };
  const answers = [];
  await happens("message", { data: { kind: "claim" }, ports: [{ postMessage: (word) => answers.push(word) }] });
  await happens("activate");
  assert.deepEqual([claimed, answers], [2, [{ streams: true }]]);
  listeners.get("fetch")({ request: { url: `${SCOPE}?lang=de`, destination: "document" }, respondWith: () => assert.fail() });
});

test("it fetches nothing and keeps nothing of what it is asked for", () => {
  assert.deepEqual([...listeners.keys()].sort(), ["activate", "fetch", "install", "message", "notificationclick", "push"]);
  assert.doesNotMatch(readFileSync(BUNDLE, "utf-8"), /\bfetch\(|caches\b|XMLHttpRequest|importScripts/);
});
