/** A server that asks for patience: played by hand over real HTTP and a real WebSocket. */

import { afterEach, describe, mock, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { ReconnectingSocket } from "../../web/static/js/net/reconnecting-socket.js";
import { RECONNECT_LONGEST_SECONDS } from "../../web/static/js/protocol/limits.js";
import { RoomApi } from "../../web/static/js/room/room-api.js";

const servers = [];

afterEach(() => {
  mock.restoreAll();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serves(server) {
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${server.address().port}/`;
}

const error = (code, seconds) => ({ error: { code, message: "no", retry_after: seconds } });
const STATUS = { too_many: 429, unavailable: 503, room_full: 409 };

/** Joins at a server that gives these refusals, and then the answer. */
async function joins(...refusals) {
  const bodies = [];
  const pauses = [];
  const base = await serves(createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    const [code, seconds] = refusals.shift() ?? [];
    response.writeHead(STATUS[code] ?? 201, { "Content-Type": "application/json" });
    response.end(JSON.stringify(code === undefined ? { fine: true } : error(code, seconds)));
  }));
  const { setTimeout } = globalThis;
  mock.method(globalThis, "setTimeout", (go, milliseconds) => {
    // The machinery of `fetch` has deadlines of its own.
    if (/undici|node:_?http/.test(new Error().stack)) return setTimeout(go, milliseconds);
    pauses.push(milliseconds);
    return setImmediate(go);
  });
  const outcome = await new RoomApi(base).join({ locator: "A", token: "B" }, { member: "C" })
    .catch(({ code, retryAfter }) => [code, retryAfter]);
  assert.deepEqual(bodies, bodies.map(() => '{"member":"C"}'));
  return { outcome, asked: bodies.length, pauses };
}

describe("a request that comes too soon", () => {
  for (const code of ["too_many", "unavailable"]) {
    test(`${code}: the same is asked again, not before it may be`, async () => {
      assert.deepEqual(await joins([code, 7], [code, 10]),
        { outcome: { fine: true }, asked: 3, pauses: [7000, 10_000] });
    });

    test(`${code}: is not asked again for ever`, async () => {
      const { outcome, asked } = await joins(...Array(9).fill([code, 1]));
      assert.deepEqual([outcome, asked], [[code, 1], 3]);
    });

    test(`${code}: what takes longer is told at once, with how long`, async () => {
      assert.deepEqual(await joins([code, 11]), { outcome: [code, 11], asked: 1, pauses: [] });
    });
  }

  test("a server that doesn't say when is given more time with every attempt", async () => {
    const { outcome, pauses } = await joins(["too_many", null], ["too_many", 0]);
    assert.deepEqual([outcome, pauses], [{ fine: true }, [1000, 2000]]);
  });

  test("any other no is the last word, whatever it promises", async () => {
    assert.deepEqual(await joins(["room_full", 1]), { outcome: ["room_full", 1], asked: 1, pauses: [] });
  });
});

/** A message of text, or a close, as a server sends it. */
const frame = (first, body) => Buffer.concat([
  Buffer.from(body.length < 126 ? [first, body.length] : [first, 126, body.length >> 8, body.length & 255]), body,
]);
const closing = (code) => frame(0x88, Buffer.from([code >> 8, code & 255]));

/**
 * A connection that is told `frames` and closed, after it was of use or before. What the page's
 * network tells it meanwhile comes through `network`.
 */
async function closedAfter(frames, { works, code = 4429, next = "later" }) {
  const server = createServer();
  server.on("upgrade", ({ headers }, stream) => {
    const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const accept = createHash("sha1").update(headers["sec-websocket-key"] + guid).digest("base64");
    stream.on("error", () => undefined);
    stream.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      + `Sec-WebSocket-Protocol: ephemeral.v1\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    stream.end(Buffer.concat([frame(0x81, Buffer.from(JSON.stringify(frames))), closing(code)]));
  });
  const base = await serves(server);
  const network = new EventTarget();
  globalThis.addEventListener = network.addEventListener.bind(network);
  const before = Date.now();
  const socket = await new Promise((resolve) => {
    const one = new ReconnectingSocket({ base, path: "room/socket" }, {
      open: () => works && one.resetBackoff(),
      message: () => undefined,
      doubt: () => undefined,
      close: () => {
        queueMicrotask(() => resolve(one));
        return next;
      },
    });
    one.start();
  });
  delete globalThis.addEventListener;
  const waits = (socket.retryAt - before) / 1000;
  network.dispatchEvent(new Event("online"));
  const hurried = socket.retryAt === null;
  socket.stop();
  return { waits, hurried };
}

describe("a connection that comes too soon", () => {
  const LONG = 2 * RECONNECT_LONGEST_SECONDS;
  const why = { type: "error", ref: null, ...error("too_many", LONG) };

  for (const works of [true, false]) {
    test(`told to stay away ${works ? "after" : "before"} it was of use, it does, and no longer than it must`, async () => {
      const { waits, hurried } = await closedAfter([why], { works });
      assert.ok(waits >= LONG && waits < LONG + RECONNECT_LONGEST_SECONDS, `${waits}`);
      assert.equal(hurried, false, "that the network is back doesn't make the server ready");
    });
  }

  test("a greeting that is refused says when to come again", async () => {
    const { waits } = await closedAfter([{ ...why, ref: 1 }], { works: false, code: 1006, next: "retry" });
    assert.ok(waits >= LONG, `${waits}`);
  });

  test("a refusal of something else keeps nobody away", async () => {
    const { waits, hurried } = await closedAfter([{ ...why, ref: 1 }], { works: true });
    assert.ok(waits <= RECONNECT_LONGEST_SECONDS + 5, `${waits}`);
    assert.equal(hurried, true);
  });

  test("no junk instead of a frame or a time does any harm", async () => {
    for (const junk of [null, 1, [null, 3, []], [{ type: "error", ref: null, error: { retry_after: -1 } }],
      [{ type: "error", ref: null }], [{ ...why, error: { code: "too_many", retry_after: 1e9 } }]]) {
      const { waits } = await closedAfter(junk, { works: false });
      assert.ok(waits <= RECONNECT_LONGEST_SECONDS + 5, `${waits}`);
    }
  });
});
