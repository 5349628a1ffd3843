/** The session of a browser: renewed once for all tabs, proved by the device, with a clock that may be wrong. */

import { beforeEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { Clock } from "../../web/static/js/account/clock.js";
import { Tokens } from "../../web/static/js/account/tokens.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { MemoryLocks } from "./memory_storage.mjs";

const BASE = "https://here.example/below/";
const HOUR = 3_600_000;

let now;
let asked;
let answers;
let locks;
let channel;

/** Answers in order: a value, or a refusal's code with what else it says. */
const http = {
  async ask(method, path, { headers = {}, body, credentials } = {}) {
    asked.push({ method, path, body, credentials, token: headers.Authorization?.slice(7), proof: headers["Ephemeral-Proof"] });
    const answer = answers.shift();
    if (typeof answer === "function") return answer();
    if (answer instanceof Error) throw answer;
    return answer;
  },
};

const granted = (name, more = {}) =>
  ({ account: "acc", sid: "sid", access_token: name, expires_in: 900, now, ...more });
const tab = (tabs = { tell: (told) => channel.push(told) }) =>
  new Tokens({ base: BASE, audience: "aud", clock: new Clock(() => now), locks, tabs, http, read: () => now });

async function device() {
  return crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
}

beforeEach(() => {
  now = 1_700_000_000_000;
  asked = [];
  answers = [];
  channel = [];
  locks = new MemoryLocks();
});

describe("a session", () => {
  test("is renewed by the cookie before it ends, and the token goes nowhere but in a header", async () => {
    const tokens = tab();
    answers = [granted("t1"), { a: 1 }, { a: 2 }, granted("t2"), { a: 3 }];
    for (let times = 0; times < 2; times += 1) await tokens.ask("GET", "auth/me");
    now += 900_000 - 59_000;
    assert.deepEqual(await tokens.ask("GET", "auth/me"), { a: 3 });
    assert.deepEqual(asked.map(({ path, token }) => [path, token]), [
      ["auth/refresh", undefined], ["auth/me", "t1"], ["auth/me", "t1"], ["auth/refresh", undefined], ["auth/me", "t2"],
    ]);
    assert.deepEqual([asked[0].credentials, asked[1].credentials], ["same-origin", undefined]);
  });

  test("is renewed once, for all that this tab asks at the same time", async () => {
    const tokens = tab();
    answers = [granted("t1"), {}, {}, {}];
    await Promise.all([1, 2, 3].map(() => tokens.ask("GET", "auth/me")));
    assert.equal(asked.filter(({ path }) => path === "auth/refresh").length, 1);
  });

  test("is renewed by one tab for another that wants it at the same time", async () => {
    const listeners = [];
    const one = tab({ tell: ({ access }) => listeners.forEach((listen) => { listen(access); }) });
    const other = tab({ tell() {} });
    listeners.push((access) => other.learn(access));
    answers = [granted("t1"), {}, {}];
    await Promise.all([one.ask("GET", "auth/me"), other.ask("GET", "auth/me")]);
    assert.equal(asked.filter(({ path }) => path === "auth/refresh").length, 1);
  });

  test("whose token is refused is renewed, and the question asked again; not for ever", async () => {
    const tokens = tab();
    const no = () => { throw new Refusal("unauthorized"); };
    answers = [granted("t1"), no, granted("t2"), { a: 1 }];
    assert.deepEqual(await tokens.ask("GET", "auth/me"), { a: 1 });
    answers = [no, granted("t3"), no, granted("t4"), no];
    await assert.rejects(tokens.ask("GET", "auth/me"), { code: "unauthorized" });
    assert.deepEqual(answers, []);
  });

  test("that isn't there is told as ended", async () => {
    answers = [null];
    await assert.rejects(tab().ask("GET", "auth/me"), { code: "session_ended" });
  });
});

describe("a device's session", () => {
  test("is proved at each question, over its token, and over none where the cookie stands for it", async () => {
    const tokens = tab();
    tokens.proveBy(await device());
    answers = [granted("t1", { device: "d" }), {}, {}];
    await tokens.ask("PATCH", "devices/d?x=1");
    const parts = asked.map(({ proof }) => proof);
    assert.match(parts[0], /^\d+\.[\w-]{86}$/);
    assert.match(parts[1], /^\d+\.[\w-]{86}$/);
    assert.notEqual(parts[0], parts[1]);
  });

  test("is proved by the server's clock, whatever this device's says", async () => {
    const tokens = tab();
    tokens.proveBy(await device());
    answers = [() => { throw new Refusal("proof_wrong", { now: now + 5 * HOUR }); }, granted("t1", { device: "d", now: now + 5 * HOUR }), {}];
    await tokens.ask("GET", "auth/me");
    const times = asked.map(({ proof }) => Number(proof.split(".")[0]));
    assert.deepEqual(times, [now, now + 5 * HOUR, now + 5 * HOUR]);
  });

  test("that this browser can't prove is told so at once: its storage is gone", async () => {
    answers = [() => { throw new Refusal("proof_wrong", { now }); }];
    await assert.rejects(tab().refresh(), { code: "proof_wrong" });
    assert.equal(asked.length, 1);
  });
});
