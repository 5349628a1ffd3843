/** The account's socket, with a network of which every move is a word of the test. */

import { afterEach, beforeEach, describe, mock, test } from "node:test";
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { AccountSocket } from "../../web/static/js/net/account-socket.js";

const BASE = "https://ephemeral.example/under/";
const { WebSocket } = globalThis;

let lines;
let told;
let proofs;

class Line extends EventTarget {
  static OPEN = 1;
  static CLOSED = 3;
  readyState = 0;
  sent = [];

  constructor(address, protocol) {
    super();
    Object.assign(this, { address, protocol });
    lines.push(this);
  }

  async opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
    await setImmediate();
    return this;
  }

  says(...frames) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frames) }));
  }

  refuses(code, closed, more = {}) {
    this.says({ type: "error", ref: this.sent[0]?.ref ?? null, error: { code, message: "", retry_after: null, ...more } });
    this.closes(closed);
  }

  closes(code = 1006) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }

  send(text) {
    this.sent.push(...JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }
}

beforeEach(() => {
  lines = [];
  told = [];
  proofs = 0;
  globalThis.WebSocket = Line;
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
});

afterEach(() => {
  mock.timers.reset();
  globalThis.WebSocket = WebSocket;
});

const latest = () => lines.at(-1);
/** The next attempt is made, however long it waits. */
const waits = () => mock.timers.tick(60_000);

function started(hello = async (path) => {
  proofs += 1;
  return { token: `token ${proofs}`, proof: `proof of ${path}` };
}) {
  const socket = new AccountSocket(BASE, hello, {
    welcome: ({ conversations }) => void told.push(["welcome", conversations.length]),
    event: ({ type }) => void told.push(["event", type]),
    away: () => void told.push(["away"]),
    ended: (code) => void told.push(["ended", code]),
    refused: ({ code, now }) => void told.push(["refused", code, now]),
  });
  socket.start();
  return socket;
}

async function welcomed(socket) {
  await latest().opens();
  latest().says({ type: "welcome", ref: latest().sent[0].ref, now: 1, conversations: [] });
  assert.ok(socket.isLive);
}

describe("the account's socket", () => {
  test("greets with a token and a proof of its path, and tells what comes after the welcome", async () => {
    const socket = started();
    await latest().opens();
    const { address, protocol, sent } = latest();
    assert.deepEqual([address, protocol], ["wss://ephemeral.example/under/account/socket", "ephemeral.account.v1"]);
    assert.deepEqual(sent, [{ type: "hello", ref: 1, token: "token 1", proof: "proof of /under/account/socket" }]);
    latest().says({ type: "entry" }, { type: "welcome", ref: 7, conversations: [] });
    assert.deepEqual([socket.isLive, told], [false, []]);
    latest().says({ type: "welcome", ref: 1, conversations: [1, 2] }, { type: "entry" }, { type: "of a later version" });
    assert.deepEqual(told, [["welcome", 2], ["event", "entry"], ["event", "of a later version"]]);
    socket.stop();
  });

  test("brings answers to who asked, and a no as a refusal; whatever is open when it breaks is asked elsewhere", async () => {
    const socket = started();
    await assert.rejects(socket.ask("ack", {}), { code: "unreachable" });
    await welcomed(socket);
    const [one, two, three] = ["a", "b", "c"].map((entries) => socket.ask("post", { conversation: "x", entries }));
    const refs = latest().sent.slice(1).map(({ ref }) => ref);
    latest().says({ type: "error", ref: refs[1], error: { code: "stale_epoch", message: "" } }, { type: "ok", ref: refs[0], s: 5 });
    assert.equal((await one).s, 5);
    await assert.rejects(two, { code: "stale_epoch" });
    latest().closes();
    await assert.rejects(three, { code: "unreachable" });
    assert.deepEqual([socket.isLive, told.at(-1)], [false, ["away"]]);
    waits();
    await welcomed(socket);
    const late = socket.ask("ack", {});
    mock.timers.tick(15_000);
    await assert.rejects(late, { code: "unreachable" });
    socket.stop();
  });

  test("whose greeting is refused makes another, with what the refusal says", async () => {
    const socket = started();
    await latest().opens();
    latest().refuses("proof_wrong", 4401, { now: 77 });
    assert.deepEqual(told, [["refused", "proof_wrong", 77], ["away"]]);
    waits();
    await latest().opens();
    assert.equal(latest().sent[0].token, "token 2");
    socket.stop();
  });

  for (const [code, closed] of [["session_ended", 4401], ["device_revoked", 4403], ["device_required", 4401]]) {
    test(`is over for good after ${code}`, async () => {
      started();
      await latest().opens();
      latest().refuses(code, closed);
      waits();
      assert.deepEqual([told, lines.length], [[["ended", code]], 1]);
    });
  }

  test("is over for good as well where there is no session to greet with", async () => {
    started(async () => { throw Object.assign(new (await import("../../web/static/js/protocol/errors.js")).Refusal("session_ended")); });
    await latest().opens();
    await setImmediate();
    waits();
    assert.deepEqual([told, lines.length], [[["ended", "session_ended"]], 1]);
  });

  test("comes back where no proof can be had for the moment", async () => {
    const { Refusal } = await import("../../web/static/js/protocol/errors.js");
    let times = 0;
    const socket = started(async () => {
      times += 1;
      if (times === 1) throw new Refusal("unreachable");
      return { token: "", proof: "" };
    });
    await latest().opens();
    waits();
    await welcomed(socket);
    socket.stop();
  });

  test("never sends a greeting that was made for a connection before", async () => {
    let done;
    const socket = started((path) => new Promise((resolve) => { done ??= () => resolve({ token: "old", proof: path }); }));
    await latest().opens();
    latest().closes();
    waits();
    await latest().opens();
    done();
    await setImmediate();
    assert.deepEqual([lines.length, latest().sent], [2, []]);
    socket.stop();
  });

  test("of which nothing is heard is asked, and given up if it says nothing", async () => {
    const socket = started();
    await welcomed(socket);
    mock.timers.tick(45_000);
    const { ref, type } = latest().sent.at(-1);
    assert.equal(type, "ping");
    latest().says({ type: "ok", ref });
    await setImmediate();
    mock.timers.tick(10_000);
    assert.ok(socket.isLive);
    mock.timers.tick(35_000);
    assert.equal(latest().sent.at(-1).type, "ping");
    mock.timers.tick(5000);
    assert.deepEqual([socket.isLive, told.at(-1)], [false, ["away"]]);
    socket.stop();
  });

  test("that is told to wait waits", async () => {
    const socket = started();
    await latest().opens();
    latest().refuses("too_many", 4429, { retry_after: 300 });
    mock.timers.tick(299_000);
    assert.equal(lines.length, 1);
    mock.timers.tick(60_000);
    assert.equal(lines.length, 2);
    socket.stop();
  });
});
