// Notifications of a browser (account/push.js): what the browser is asked, and what the server is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Push } from "../../web/static/js/account/push.js";

const KEY = Buffer.alloc(65, 4).toString("base64url");
const WORDS = { title: "Ephemeral", body: "Something new", lang: "en", dir: "ltr" };

/** A browser, a server and what is kept, of which all can be looked at. */
function world({ permission = "default", answer = permission, isAble = true, subscribes = true } = {}) {
  const asked = [];
  const facts = new Map();
  const told = { subscription: null, words: null, registered: 0, made: 0, outcome: "sent", permission, answer };
  const subscription = (key) => ({
    options: { applicationServerKey: key },
    toJSON: () => ({ endpoint: `https://push.example/${told.made}`, keys: { p256dh: "cA==", auth: "YQ==" } }),
    async unsubscribe() { told.subscription = null; },
  });
  const registration = {
    pushManager: {
      getSubscription: async () => told.subscription,
      async subscribe({ userVisibleOnly, applicationServerKey }) {
        assert.equal(userVisibleOnly, true);
        if (!subscribes) throw new DOMException("no service", "AbortError");
        told.made += 1;
        told.subscription = subscription(applicationServerKey.buffer.slice(0));
        return told.subscription;
      },
    },
  };
  const browser = {
    isAble: () => isAble,
    permission: () => told.permission,
    ask: async () => { told.permission = told.answer; return told.permission; },
    async register() { told.registered += 1; return registration; },
    registration: async () => (told.registered > 0 ? registration : undefined),
    async keepWords(words) { told.words = words; },
  };
  const within = {
    get: async (place, key) => facts.get(`${place} ${key}`),
    put: async (place, key, value) => void facts.set(`${place} ${key}`, value),
    remove: async (place, key) => void facts.delete(`${place} ${key}`),
  };
  const parts = {
    storage: { read: (work) => work(within), write: (work) => work(within) },
    tokens: { async ask(method, path, { body } = {}) { asked.push([method, path, body]); return { outcome: told.outcome }; } },
  };
  return { asked, told, facts, subscription, push: new Push(KEY, (use) => use(parts), browser) };
}

test("whoever turns it on is asked by the browser, and the server knows where then", async () => {
  const { push, asked, told } = world({ answer: "granted" });
  assert.equal(await push.state(), "off");
  assert.equal(told.registered, 0, "nothing is registered before somebody wants it");
  assert.equal(await push.turnOn(WORDS), "on");
  assert.deepEqual(asked, [["PUT", "devices/me/push", { endpoint: "https://push.example/1", p256dh: "cA", auth: "YQ" }]]);
  assert.deepEqual(told.words, WORDS);
});

for (const [answer, state] of [["denied", "denied"], ["default", "off"]]) {
  test(`whoever answers ${answer} is ${state}, and nobody is told`, async () => {
    const { push, asked, told } = world({ answer });
    assert.equal(await push.turnOn(WORDS), state);
    assert.deepEqual([asked, told.registered], [[], 0]);
  });
}

test("a browser without it says so, and is asked for nothing", async () => {
  const { push, told } = world({ isAble: false });
  assert.equal(await push.state(), "unsupported");
  await push.keepUp(WORDS);
  assert.equal(told.registered, 0);
});

test("a browser whose service can't be had says so", async () => {
  const { push, asked } = world({ answer: "granted", subscribes: false });
  await assert.rejects(push.turnOn(WORDS), { code: "push_unavailable" });
  assert.equal(await push.state(), "off");
  assert.deepEqual(asked, []);
});

test("turned off, it is off everywhere, and no start turns it on again", async () => {
  const { push, asked, told } = world({ answer: "granted" });
  await push.turnOn(WORDS);
  assert.equal(await push.turnOff(), "off");
  assert.equal(told.subscription, null);
  await push.keepUp(WORDS);
  assert.deepEqual(asked.map(([method]) => method), ["PUT", "DELETE"]);
});

test("each start tells the server anew, in the language of today", async () => {
  const { push, asked, told } = world({ answer: "granted" });
  await push.turnOn(WORDS);
  await push.keepUp({ ...WORDS, lang: "fr" });
  assert.equal(asked.length, 2);
  assert.deepEqual(asked[0], asked[1]);
  assert.equal(told.words.lang, "fr");
  // The browser has dropped it, as after a change of its subscription.
  told.subscription = null;
  await push.keepUp(WORDS);
  assert.equal(asked[2][2].endpoint, "https://push.example/2");
});

test("a subscription for another key is another deployment's, or an older key's: it is made anew", async () => {
  const { push, asked, told, subscription } = world({ answer: "granted" });
  told.subscription = subscription(new Uint8Array(65).buffer);
  assert.equal(await push.turnOn(WORDS), "on");
  assert.equal(told.made, 1);
  assert.equal(asked.length, 1);
});

test("a permission that was taken back is off, and nothing is put", async () => {
  const { push, asked, told } = world({ answer: "granted" });
  await push.turnOn(WORDS);
  told.permission = "denied";
  assert.equal(await push.state(), "denied");
  await push.keepUp(WORDS);
  assert.equal(asked.length, 1);
});

test("what became of a push is one of four", async () => {
  const { push } = world();
  assert.equal(await push.test(), "sent");
});

test("one that comes to nobody any more is off, and is put no more", async () => {
  const { push, asked, told } = world({ answer: "granted" });
  await push.turnOn(WORDS);
  told.outcome = "gone";
  assert.deepEqual([await push.test(), await push.state(), told.subscription], ["gone", "off", null]);
  await push.keepUp(WORDS);
  assert.deepEqual(asked.map(([method]) => method), ["PUT", "POST", "DELETE"]);
});

test("a key that is none is refused before anything is asked", () => {
  assert.throws(() => new Push("AAAA", async () => undefined, {}), { code: "malformed" });
});
