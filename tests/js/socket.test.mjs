/** A socket that comes back, as its owner sees it: with a network of which every move is a word of the test. */

import { afterEach, beforeEach, describe, mock, test } from "node:test";
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ReconnectingSocket } from "../../web/static/js/net/reconnecting-socket.js";

/** @type {Line[]} */
let lines;

class Line extends EventTarget {
  readyState = 0;
  sent = [];

  constructor(address) {
    super();
    this.address = address;
    lines.push(this);
  }

  opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  closes(code = 1006, more = {}) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, ...more }));
  }

  send(text) {
    this.sent.push(text);
  }

  close() {
    this.readyState = 3;
  }
}

class Socket extends Line {
  static OPEN = 1;
  static CLOSED = 3;
}
class StandIn extends Line {}

const BASE = "https://ephemeral.example/";
const { WebSocket } = globalThis;
let network;
let page;
let told;

beforeEach(() => {
  lines = [];
  told = [];
  network = new EventTarget();
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  globalThis.WebSocket = Socket;
  globalThis.addEventListener = network.addEventListener.bind(network);
  globalThis.document = page;
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
});

afterEach(() => {
  mock.timers.reset();
  globalThis.WebSocket = WebSocket;
  delete globalThis.addEventListener;
  delete globalThis.document;
});

function started(standIn = async () => StandIn) {
  const socket = new ReconnectingSocket({ base: BASE, path: "room/socket", standIn }, {
    open: () => void told.push("open"),
    message: () => void told.push("message"),
    doubt: () => void told.push("doubt"),
    close: (code) => { told.push(code); return "retry"; },
  });
  socket.start();
  return socket;
}

const latest = () => lines.at(-1);
/** The next attempt is made. */
const waits = () => mock.timers.tick(30_000);

/** The line that stands in after two sockets which didn't get through. */
async function standingIn(socket) {
  for (const _ of [1, 2]) {
    latest().closes();
    await setImmediate();
    waits();
  }
  assert.ok(latest() instanceof StandIn);
  latest().opens();
  socket.resetBackoff();
  assert.ok(socket.isSlow);
  return latest();
}

describe("where no socket comes through", () => {
  test("requests stand in after two that failed", async () => {
    const socket = started();
    latest().closes();
    waits();
    assert.ok(latest() instanceof Socket);
    assert.equal(latest().address, "wss://ephemeral.example/room/socket");
    latest().closes();
    await setImmediate();
    waits();
    assert.ok(latest() instanceof StandIn);
    assert.equal(latest().address, BASE);
    assert.equal(socket.isSlow, false, "nothing has been answered yet");
    socket.stop();
  });

  test("a socket that opens and dies before it served has failed as well", async () => {
    const socket = started();
    for (const _ of [1, 2]) {
      latest().opens();
      latest().closes();
      await setImmediate();
      waits();
    }
    assert.ok(latest() instanceof StandIn);
    socket.stop();
  });

  test("losing one that served, however often, is no reason", async () => {
    const socket = started();
    for (const _ of [1, 2, 3]) {
      latest().opens();
      socket.resetBackoff();
      latest().closes();
      await setImmediate();
      waits();
      assert.ok(latest() instanceof Socket);
    }
    socket.stop();
  });

  test("nor is what a server says when it closes one", async () => {
    const socket = started();
    for (const _ of [1, 2, 3]) {
      latest().opens();
      latest().closes(4429);
      await setImmediate();
      waits();
      assert.ok(latest() instanceof Socket);
    }
    socket.stop();
  });

  test("what stands in can't be loaded: sockets are tried until it can", async () => {
    let there = false;
    const socket = started(async () => { if (!there) throw new Error("not loaded"); return StandIn; });
    for (const _ of [1, 2, 3]) {
      latest().closes();
      await setImmediate();
      waits();
      assert.ok(latest() instanceof Socket);
    }
    there = true;
    latest().closes();
    await setImmediate();
    waits();
    assert.ok(latest() instanceof StandIn);
    socket.stop();
  });

  test("after requests that fail a socket is tried, then requests again; why is kept until one serves", async () => {
    const socket = started();
    (await standingIn(socket)).closes(1006, { refusal: "not_ours" });
    assert.deepEqual([socket.isSlow, socket.trouble], [false, "not_ours"]);
    waits();
    assert.ok(latest() instanceof Socket);
    latest().closes();
    waits();
    assert.ok(latest() instanceof StandIn);
    assert.equal(socket.trouble, "not_ours");
    latest().opens();
    socket.resetBackoff();
    assert.equal(socket.trouble, null);
    socket.stop();
  });

  test("after a while a socket is tried beside the requests, and takes over once it is open", async () => {
    const socket = started();
    const before = await standingIn(socket);
    mock.timers.tick(60_000);
    const first = latest();
    assert.ok(first instanceof Socket);
    first.closes();
    assert.equal(socket.isSlow, true);
    mock.timers.tick(60_000);
    told = [];
    latest().opens();
    assert.deepEqual(told, [1006, "open"]);
    assert.deepEqual([before.readyState, latest().readyState], [3, 1]);
    socket.resetBackoff();
    socket.send("x");
    assert.deepEqual([socket.isSlow, latest().sent, before.sent], [false, ["x"], []]);
    const count = lines.length;
    mock.timers.tick(600_000);
    assert.equal(lines.length, count);
    socket.stop();
  });

  test("where sockets open and nothing comes through, they are tried less and less often", async () => {
    const socket = started();
    await standingIn(socket);
    /** Another takes over after so long, and dies before it has served. */
    const takesOver = async (seconds) => {
      mock.timers.tick(1000 * seconds - 1);
      const count = lines.length;
      page.dispatchEvent(new Event("visibilitychange"));
      mock.timers.tick(1);
      assert.equal(lines.length, count + 1);
      latest().opens();
      assert.equal(socket.isSlow, false);
      latest().closes();
      await setImmediate();
      waits();
      assert.ok(latest() instanceof StandIn);
      latest().opens();
      socket.resetBackoff();
    };
    mock.timers.tick(60_000);
    latest().opens();
    latest().closes();
    await setImmediate();
    waits();
    latest().opens();
    socket.resetBackoff();
    for (const seconds of [120, 240, 480]) await takesOver(seconds);
    // One that serves is trusted again.
    mock.timers.tick(960_000);
    latest().opens();
    socket.resetBackoff();
    latest().closes();
    await setImmediate();
    waits();
    await standingIn(socket);
    const count = lines.length;
    mock.timers.tick(60_000);
    assert.equal(lines.length, count + 1);
    socket.stop();
  });

  test("nothing is tried any more once it is over", async () => {
    const socket = started();
    await standingIn(socket);
    const count = lines.length;
    socket.stop();
    mock.timers.tick(600_000);
    assert.equal(lines.length, count);
  });
});

describe("a connection that may have died unnoticed", () => {
  for (const [what, tell] of [
    ["the page is seen again", () => page.dispatchEvent(new Event("visibilitychange"))],
    ["the page was frozen", () => page.dispatchEvent(new Event("resume"))],
    ["the page is shown again", () => network.dispatchEvent(new Event("pageshow"))],
    ["the network is back", () => network.dispatchEvent(new Event("online"))],
  ]) {
    test(`is doubted when ${what}`, () => {
      const socket = started();
      latest().opens();
      tell();
      assert.deepEqual(told, ["open"], "what doesn't serve yet has its own time");
      socket.resetBackoff();
      tell();
      assert.deepEqual(told, ["open", "doubt"]);
      page.visibilityState = "hidden";
      tell();
      assert.deepEqual(told, ["open", "doubt"]);
      socket.stop();
    });

    test(`is made again at once when ${what}, if it is known to be gone`, () => {
      const socket = started();
      latest().closes();
      tell();
      assert.deepEqual([lines.length, socket.retryAt], [2, null]);
      socket.stop();
    });
  }
});
