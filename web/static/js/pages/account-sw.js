// The service worker of the account's page: it shows that something is new, and hands films and sounds that a page opens
// to the elements that play them. It holds no key, keeps nothing and fetches nothing: what a push brings is random and
// means nothing. Served as /account/sw.js, whose folder is its scope.

import { readWords } from "../account/push-words.js";
import { STREAMS, answerStream } from "../media/worker-streams.js";

const worker = /** @type {any} */ (globalThis);

// A new one takes over at once: nothing is kept that an old one could know better.
worker.addEventListener("install", (/** @type {any} */ event) => {
  worker.skipWaiting();
  // Where a browser can be told so, it asks here for nothing else.
  const urlPattern = `${new URL(worker.registration.scope).pathname}${STREAMS}*`;
  event.addRoutes?.({ condition: { not: { urlPattern } }, source: "network" }).catch(() => undefined);
});

// A page that was there before it: nothing could be played in it.
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("message", (/** @type {any} */ event) => {
  if (event.data?.kind !== "claim") return;
  event.waitUntil(worker.clients.claim().then(() => event.ports[0].postMessage({ streams: true })));
});

worker.addEventListener("fetch", (/** @type {any} */ event) =>
  answerStream(event, worker.registration.scope, worker.clients));

worker.addEventListener("push", (/** @type {any} */ event) => event.waitUntil(told()));

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(opened());
});

/** The pages of the account that are open. @returns {Promise<any[]>} */
async function pages() {
  const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter((/** @type {{url: string}} */ { url }) => url.startsWith(worker.registration.scope));
}

/** Whoever looks at the page sees there what is new. */
async function told() {
  const looked = (await pages()).filter(({ visibilityState }) => visibilityState === "visible");
  for (const page of looked) page.postMessage({ kind: "push" });
  if (looked.length > 0) return;
  const words = await readWords().catch(() => null);
  const { title, ...more } = words ?? { title: "Ephemeral" };
  // There is one at most, and the next takes its place without a sound.
  await worker.registration.showNotification(title, { ...more, tag: "new" });
}

async function opened() {
  const [page] = await pages();
  if (page !== undefined) return page.focus();
  return worker.clients.openWindow(worker.registration.scope);
}
