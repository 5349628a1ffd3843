/** Files in a room: what is sent again, what is fetched again, and what is made of their bytes. */

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { Sealer, chunksOf, paddedLength } from "../../web/static/js/protocol/attachments.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { PolledSocket } from "../../web/static/js/net/polled-socket.js";
import { Outbox } from "../../web/static/js/protocol/outbox.js";
import { kindOf, textOf } from "../../web/static/js/room/attachment-kinds.js";
import { Reading, Readings } from "../../web/static/js/room/attachment-reading.js";
import { Sending, pauseAfter } from "../../web/static/js/room/attachment-sending.js";
import { HASH, ME, Talk, message, notice } from "./talk.mjs";

const NOW = 1_790_000_000_000;
const NONCE = new Uint8Array(32).fill(9);
const AUTHOR = new Uint8Array(16).fill(1);
const MESSAGE = new Uint8Array(16).fill(2);
const id = (number) => toBase64url(new Uint8Array(16).fill(number));
const fetched = globalThis.fetch;
const text = (words) => new TextEncoder().encode(words);
const error = (status, code) => Response.json({ error: { code, message: "", retry_after: null } }, { status });
const octets = (bytes) => new Response(bytes, { headers: { "Content-Type": "application/octet-stream" } });

afterEach(() => { globalThis.fetch = fetched; });

/** Until something is so. */
async function until(there) {
  while (!there()) await new Promise((resolve) => { setTimeout(resolve, 1); });
}

/** A client whose late parts are asked for alone. */
class Client extends EventTarget {
  state = { cards: [], sent: [], phase: "live" };
  asked = [];
  #drawn = 20;
  inner = {
    base: "http://room.test/", locator: "L", token: "T", me: ME, roomNonce: NONCE, outbox: new Outbox(), crypto: { fileIn: null },
    draw: () => {
      this.#drawn += 1;
      return { id: id(this.#drawn), viewing: new Uint8Array(32) };
    }, changed: () => {},
    seal: async (message, _viewing, counter, content) => { this.sealed = { message, counter, content }; },
  };

  changes(state) {
    Object.assign(this.state, state);
    this.dispatchEvent(new Event("change"));
  }

  async open(card) { this.asked.push(["open", card]); }
  release(card) { this.asked.push(["release", card]); }
}

describe("a message whose file is on its way", () => {
  const file = { name: "a.pdf", size: 9, mime: "application/pdf" };

  test("is no hindrance to others, and gets its number after theirs", () => {
    const outbox = new Outbox();
    outbox.nextDraw();
    outbox.begin(id(1), file, NOW);
    outbox.nextDraw();
    outbox.add({ id: id(2), text: "meanwhile", counter: outbox.nextCounter(), now: NOW });
    outbox.sealed(id(2), "envelope");
    assert.deepEqual(outbox.posts(NOW).map((sent) => [sent.id, sent.counter]), [[id(2), 1]]);
    assert.equal(outbox.ready(id(1), id(7)), 2);
    outbox.sealed(id(1), "envelope");
    assert.deepEqual(outbox.posts(NOW).map((sent) => [sent.id, sent.attachment]), [[id(2), null], [id(1), id(7)]]);
    assert.deepEqual(outbox.unsent().map((sent) => sent.id), [id(2)], "its bytes are not words that can be kept");
  });

  test("that a reload took leaves its id to nobody", () => {
    const before = new Outbox();
    assert.equal(before.nextDraw(), 1);
    before.begin(id(1), file, NOW);
    const after = new Outbox();
    after.restore(before.save(), NOW);
    assert.deepEqual([after.nextDraw(), after.nextCounter(), after.views()], [2, 1, []]);
    const older = new Outbox();
    older.restore({ counter: 4, sent: [] }, NOW);
    assert.equal(older.nextDraw(), 5);
  });

  test("is opened once however often its lease is prolonged", () => {
    const outbox = new Outbox();
    outbox.begin(id(1), file, NOW);
    outbox.ready(id(1), id(7));
    outbox.receipt({ id: id(1), state: "stored", sequence: 1, postedAt: NOW, expiresAt: NOW, opened: 0, returns: 0, audience: null });
    for (const member of [id(3), id(3)]) outbox.opened(id(1), member);
    assert.equal(outbox.get(id(1)).opened, 1);
    outbox.leaseEnded(id(1), 0, id(3));
    outbox.opened(id(1), id(3));
    assert.equal(outbox.get(id(1)).opened, 2);
  });
});

describe("on the wire", () => {
  test("a message with a file is opened by who says that it can show one, and posted with what has landed", () => {
    const talk = new Talk().connect({ notices: [notice(message(1), { attachment: 65_536 }), notice(message(2), { sequence: 2 })] });
    for (const one of [message(1), message(2)]) talk.session.open(one, talk.now);
    const { outbox } = talk.session.room;
    outbox.begin(message(3), { name: "a", size: 1, mime: "a/b" }, talk.now);
    outbox.ready(message(3), id(7));
    outbox.hashed(message(3), HASH);
    talk.session.sealed(message(3), "envelope", talk.now);
    assert.deepEqual(talk.session.takeFrames().map(({ type, attachment }) => [type, attachment]),
      [["open", true], ["open", undefined], ["post", id(7)]]);
  });
});

test("without a socket it is asked for in the body, and a text without one", async () => {
  const asked = [];
  globalThis.WebSocket ??= { CONNECTING: 0, OPEN: 1, CLOSED: 3 };
  globalThis.fetch = async (url, { body }) => {
    asked.push([new URL(url).pathname, body && JSON.parse(body)]);
    return Response.json({});
  };
  const socket = new PolledSocket("http://room.test/");
  socket.send(JSON.stringify([{ type: "open", ref: 1, id: "a", attachment: true }, { type: "open", ref: 2, id: "b" },
    { type: "post", ref: 3, id: "c", envelope: "e", viewing_hash: "h", attachment: "f" }]));
  await until(() => asked.length === 3);
  socket.close();
  assert.deepEqual(asked, [["/room/messages/a/open", { attachment: true }], ["/room/messages/b/open", undefined],
    ["/room/messages", { id: "c", envelope: "e", viewing_hash: "h", attachment: "f" }]]);
});

describe("sending", () => {
  const bytes = new Uint8Array(300_000).map((_, at) => at);
  const outgoing = () => ({ name: "a.bin", mime: "application/octet-stream", bytes: bytes.slice(), view: 30, viewLimit: null });

  test("goes on with the same bytes where the network failed, and sends no chunk twice that has landed", async () => {
    const puts = [];
    let fails = true;
    globalThis.fetch = async (url, { method, body }) => {
      const path = new URL(url).pathname;
      if (method === "POST") return Response.json({ landed: puts.length > 1 ? [0] : [] }, { status: 201 });
      puts.push([path.split("/").at(-1), toBase64url(body)]);
      if (fails && path.endsWith("/1")) {
        fails = false;
        throw new TypeError("no network");
      }
      return new Response(null, { status: 204 });
    };
    const client = new Client();
    const sending = new Sending(client);
    const message = sending.add(outgoing());
    await until(() => sending.get(message)?.error === "unreachable");
    client.changes({ phase: "offline" });
    client.changes({ phase: "live" });
    await until(() => client.sealed !== undefined);
    assert.deepEqual(puts.map(([at]) => at), ["0", "1", "1"]);
    assert.equal(puts[1][1], puts[2][1]);
    assert.equal(client.sealed.counter, 1);
    assert.equal(client.sealed.content.attachment, client.inner.outbox.get(message).attachment);
  });

  test("of several takes one after the other; what is cancelled is given up and leaves the way", async () => {
    const asked = [];
    globalThis.fetch = async (_url, { method, signal }) => {
      asked.push(method);
      if (method === "POST" && asked.length === 1) {
        return new Promise((_, reject) => { signal.addEventListener("abort", () => reject(new TypeError("aborted"))); });
      }
      return method === "POST" ? Response.json({ landed: [] }, { status: 201 }) : new Response(null, { status: 204 });
    };
    const client = new Client();
    const sending = new Sending(client);
    const [first, second] = [sending.add(outgoing()), sending.add(outgoing())];
    await until(() => asked.length === 1);
    sending.cancel(first);
    await until(() => client.sealed?.message === second);
    assert.ok(asked.includes("DELETE"));
    assert.equal(client.inner.outbox.get(first), undefined);
  });

  test("what failed keeps no place: tried again, or let go, its attachment is given up", async () => {
    const asked = [];
    globalThis.fetch = async (url, { method }) => {
      if (method !== "POST") asked.push([method, new URL(url).pathname.split("/")[3]]);
      return method === "POST" ? error(403, "attachment_conflict") : new Response(null, { status: 204 });
    };
    const client = new Client();
    const sending = new Sending(client);
    const first = sending.add(outgoing());
    await until(() => sending.get(first)?.phase === "failed");
    const given = [sending.get(first)].map(({ attachment }) => ["DELETE", toBase64url(attachment)]);
    sending.retry(first);
    const [second] = client.inner.outbox.views().map((sent) => sent.id);
    await until(() => sending.get(second)?.phase === "failed");
    given.push(["DELETE", toBase64url(sending.get(second).attachment)]);
    client.inner.outbox.drop(second);
    client.changes({ sent: [] });
    assert.equal(sending.get(second), undefined);
    await until(() => asked.length >= 2);
    assert.deepEqual(asked, given);
  });

  test("waits for what passes, and fails with what doesn't", () => {
    for (const code of ["unreachable", "too_many", "unavailable", "internal", "storage_full"]) assert.equal(pauseAfter(code, null, 1), 2000, code);
    assert.equal(pauseAfter("unreachable", null, 20), 30_000);
    assert.equal(pauseAfter("room_crowded", null, 0), 10_000);
    assert.equal(pauseAfter("attachments_off", 60, 0), 60_000, "full for now");
    for (const code of ["attachments_off", "attachment_size", "attachment_conflict", "store_full", "seat_unknown"]) assert.equal(pauseAfter(code, null, 0), null, code);
  });
});

describe("receiving", () => {
  const content = new Uint8Array(10_000_000).map((_, at) => at % 251);
  const file = { name: "a.bin", mime: "application/octet-stream", size: content.length, id: new Uint8Array(16).fill(3),
    key: new Uint8Array(32).fill(4), view: null, viewLimit: null };
  const padded = paddedLength(content.length);
  const sealer = new Sealer(file, { roomNonce: NONCE, author: AUTHOR, id: MESSAGE });
  const card = { id: toBase64url(MESSAGE), author: toBase64url(AUTHOR), state: "open", attachment: padded, file };

  /** A server of these chunks; each fetch of one is written down. */
  function serves(answer) {
    const asked = [];
    globalThis.fetch = async (url) => {
      const at = Number(new URL(url).pathname.split("/").at(-1));
      asked.push(at);
      return answer(at, await sealer.chunk(at, content.subarray(at * 262_144, (at + 1) * 262_144)));
    };
    return asked;
  }

  test("a file that outlives its lease goes on under the next, and nothing that was verified is fetched twice", async () => {
    let lost = true;
    const asked = serves((at, sealed) => {
      if (at === 20 && lost) return error(409, "lease_lost");
      return octets(sealed);
    });
    const client = new Client();
    const readings = new Readings(client);
    client.state.cards = [card];
    const reading = readings.of(card);
    await until(() => reading.phase === "waiting");
    client.changes({ cards: [{ ...card, state: "returned" }] });
    assert.deepEqual(client.asked, [["open", card.id]]);
    lost = false;
    client.changes({ cards: [card] });
    assert.equal(readings.of(card), reading);
    await until(() => reading.phase === "whole");
    const { bytes } = reading;
    assert.deepEqual(bytes, content);
    assert.deepEqual(asked, [...Array(21).keys(), ...Array.from({ length: chunksOf(padded) - 20 }, (_, at) => at + 20)]);
    client.changes({ cards: [{ ...card, state: "returned" }] });
    assert.ok(bytes.every((byte) => byte === 0), "unsaved when the lease ended: nothing is left of it");
    assert.equal(client.asked.length, 1, "and it isn't asked for again");
  });

  test("a message of whose file nothing came isn't opened again by itself, and is given back where one has to wait for long", async () => {
    let answer = () => error(409, "lease_lost");
    const asked = serves((_at, sealed) => answer(sealed));
    const client = new Client();
    const readings = new Readings(client);
    client.state.cards = [card];
    const reading = readings.of(card);
    await until(() => reading.phase === "waiting");
    client.changes({ cards: [{ ...card, state: "returned" }] });
    assert.deepEqual(client.asked, []);
    answer = (sealed) => (asked.length < 4 ? octets(sealed)
      : Response.json({ error: { code: "too_many", message: "", retry_after: 600 } }, { status: 429 }));
    client.changes({ cards: [card] });
    assert.equal(readings.of(card), reading, "what was opened by a person goes on");
    await until(() => reading.phase === "waiting");
    client.changes({ cards: [{ ...card, state: "returned" }] });
    assert.deepEqual([client.asked, reading.trouble, reading.done > 0], [[["release", card.id]], "too_many", true]);
    readings.end(card.id);
  });

  test("what isn't what was sent is spoilt, and nothing of it is shown", async () => {
    serves((at, sealed) => {
      if (at === 2) sealed[7] ^= 1;
      return octets(sealed);
    });
    const reading = new Reading(new Client(), card);
    await reading.go();
    assert.deepEqual([reading.phase, reading.trouble], ["spoilt", "attachment_open"]);
    assert.throws(() => new Reading(new Client(), { ...card, attachment: 65_536 }), { code: "attachment_size" });
  });
});

describe("what a file is", () => {
  const of = (bytes, mime = "") => kindOf(typeof bytes === "string" ? Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)) : bytes, mime).kind;

  test("is told by its bytes, whatever its author says", () => {
    assert.equal(of("\x89PNG\r\n\x1a\n", "text/html"), "picture");
    assert.equal(of("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"), "other");
    assert.equal(of("<!doctype html>", "text/html"), "other");
    assert.equal(of("\0\0\0\x18ftypisom", "image/png"), "film");
    assert.deepEqual(kindOf(Uint8Array.from("\x1a\x45\xdf\xa3", (letter) => letter.charCodeAt(0)), "audio/webm"), { kind: "sound", type: "audio/webm" });
    assert.equal(of("ID3", "application/octet-stream"), "sound");
    assert.equal(of("%PDF-1.7", "application/pdf"), "other");
    assert.equal(of("", "text/plain"), "text");
  });

  test("a text is one only in UTF-8 and without control characters, and shown as far as 256 KiB", () => {
    assert.equal(textOf(text("Grüße\n\tan alle")).text, "Grüße\n\tan alle");
    for (const bytes of [Uint8Array.of(0xff, 0xfe, 0x41, 0), text("a\0b"), Uint8Array.of(0xc3)]) assert.equal(textOf(bytes), null);
    const long = textOf(text(`${"a".repeat(262_143)}ü and more`));
    assert.deepEqual([long.isWhole, long.text.length], [false, 262_143]);
  });
});
