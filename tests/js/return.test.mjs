/** Coming back by a return link: what is asked, what of the answers is believed, and what is kept of it. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { fromBase64url } from "../../web/static/js/protocol/encoding.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { leadsBack } from "../../web/static/js/protocol/links.js";
import { ReturnClient } from "../../web/static/js/room/return-client.js";
import { ANNA, CHARTER, MAC, ME, OFFSET, T0, bytes, member, receipt, room } from "./talk.mjs";

const NOW = T0 + OFFSET;
const WHO = { locator: bytes(11, 32), token: bytes(12, 32) };
const idOf = (n) => bytes(n);
const proofOf = (n) => bytes(n, 32);
const gone = (n, state, more = {}) =>
  receipt(idOf(n), state, { sequence: null, posted_at: null, expires_at: null, returns: null, ended_at: T0, ...more });
const viewed = (n, more = {}) => gone(n, "viewed", { viewing: proofOf(n), reader: ANNA, opened: 1, ...more });

/** A server that says what a test wants; `calls` are what it was asked. */
class Server {
  calls = [];
  receipts = {};
  shown = room({ members: [member(ANNA, { profile: bytes(1, 256) })], seats_taken: 2 });
  refuses = {};

  #called(name, ...given) {
    this.calls.push([name, ...given]);
    const code = this.refuses[name];
    if (code !== undefined) throw new Refusal(code);
  }

  async status(who, ids) {
    this.#called("status", who, ids);
    return { now: NOW, receipts: ids.map((id) => this.receipts[id] ?? gone(0, "unknown", { id, ended_at: null })) };
  }

  async room(who) { this.#called("room", who); return this.shown; }
  async join(who, body) { this.#called("join", who, body); delete this.refuses.status; }
  async leave(who) { this.#called("leave", who); }

  async withdraw(who, id) {
    this.#called("withdraw", who, id);
    this.receipts[id] = gone(0, "withdrawn", { id });
    return { id, state: "withdrawn", opened: 0 };
  }

  says(...receipts) {
    for (const one of receipts) this.receipts[one.id] = one;
    return this;
  }

  asked(name) {
    return this.calls.filter(([called]) => called === name);
  }
}

function comesBack(server, rules = { policy: 1, seats: 2 }) {
  let forgotten = false;
  const crypto = {
    draw: (n) => ({ id: idOf(n), viewing: fromBase64url(proofOf(n)) }),
    profile: async () => ({ name: "Anna", colour: 4 }),
    forget() { forgotten = true; },
  };
  const client = new ReturnClient({
    api: server, who: WHO, me: ME, shown: { charter: CHARTER, mac: MAC }, rules, crypto, code: "seven-words",
    tombstoneSeconds: 86_400,
  });
  return Object.assign(client, { isForgotten: () => forgotten });
}

async function asks(...receipts) {
  const server = new Server().says(...receipts);
  const client = comesBack(server);
  await client.ask();
  return { server, client, sent: (n) => client.state.sent.find(({ counter }) => counter === n) };
}

const refusal = (promise) => promise.then(() => null, ({ code }) => code);

describe("asking", () => {
  test("is done with the seat's token, once for all hundred messages that there may be", async () => {
    const { server } = await asks();
    const [[, who, ids]] = server.asked("status");
    assert.deepEqual([who, ids.length, ids[0], ids[99]], [WHO, 100, idOf(1), idOf(100)]);
    assert.deepEqual(server.calls.map(([name]) => name), ["status", "room"]);
  });

  test("a message that was viewed is told with its reader, its time and its proof", async () => {
    const { client, sent } = await asks(viewed(1));
    const { state, proved, reader, endedAt, opened } = sent(1);
    assert.deepEqual([state, proved, reader, endedAt, opened], ["viewed", true, ANNA, T0, 1]);
    assert.equal(client.state.members[0].name, "Anna");
    assert.equal(client.state.askedAt, NOW);
  });

  test("without the proof, or with another's, it is a false receipt, and no reader is told", async () => {
    for (const viewing of [null, proofOf(2), "x"]) {
      const { sent } = await asks(viewed(1, { viewing }));
      assert.deepEqual([sent(1).state, sent(1).proved, sent(1).reader], ["false_receipt", false, null]);
    }
  });

  test("of one that was taken back, that somebody had viewed it is said with a proof alone", async () => {
    const said = { opened: 1, reader: ANNA };
    const { sent } = await asks(
      gone(1, "withdrawn", { ...said, viewing: proofOf(1) }), gone(2, "withdrawn", { ...said, viewing: proofOf(1) }));
    assert.deepEqual([1, 2].map((n) => [sent(n).state, sent(n).proved, sent(n).reader]),
      [["withdrawn", true, ANNA], ["withdrawn", false, null]]);
  });

  test("what waits, and what has ended unread, is told by the server's word", async () => {
    const { sent } = await asks(receipt(idOf(1), "stored", { audience: [ANNA] }), receipt(idOf(2), "opened"),
      gone(3, "expired"), gone(4, "unconfirmed", { opened: 3 }));
    assert.deepEqual([1, 2, 3, 4].map((n) => [sent(n).state, sent(n).proved, sent(n).first]),
      [["stored", false, false], ["opened", false, true], ["expired", false, true], ["unconfirmed", false, true]]);
    assert.deepEqual([sent(1).expiresAt, sent(3).endedAt, sent(4).opened], [T0 + 1e8, T0, 3]);
  });

  test("everyone: one that has ended says nothing of who was to read it", async () => {
    const client = comesBack(new Server().says(gone(1, "expired"), receipt(idOf(2), "stored")), { policy: 2, seats: 9 });
    await client.ask();
    assert.deepEqual(client.state.sent.map(({ first }) => first), [false, true]);
  });

  test("those before the last known one of which nothing is known are counted", async () => {
    const { client } = await asks(viewed(2), receipt(idOf(5), "stored"));
    assert.equal(client.state.forgotten, 3);
    const { client: other } = await asks();
    assert.deepEqual([other.state.forgotten, other.state.sent], [0, []]);
  });
});

describe("asking again", () => {
  test("a proof stays, whatever the server says later", async () => {
    for (const later of [gone(1, "unknown", { ended_at: null }), gone(1, "expired"), viewed(1, { viewing: null })]) {
      const { server, client, sent } = await asks(viewed(1));
      server.says(later);
      await client.ask();
      assert.deepEqual([sent(1).state, sent(1).proved, sent(1).reader], ["viewed", true, ANNA]);
    }
  });

  test("what has ended stays known when the server has forgotten it, and waits no more", async () => {
    for (const later of [gone(1, "unknown", { ended_at: null }), receipt(idOf(1), "stored")]) {
      const { server, client, sent } = await asks(gone(1, "expired"));
      server.says(later);
      await client.ask();
      assert.equal(sent(1).state, "expired");
    }
  });

  test("a false receipt is mended by a true one, and a waiting message goes on", async () => {
    const { server, client, sent } = await asks(viewed(1, { viewing: null }), receipt(idOf(2), "stored"));
    server.says(viewed(1), viewed(2));
    await client.ask();
    assert.deepEqual([1, 2].map((n) => [sent(n).state, sent(n).proved]), [["viewed", true], ["viewed", true]]);
  });
});

test("the room has ended: what waited went with it, and what had ended before is told as it was", async () => {
  const { server, client, sent } = await asks(viewed(1), receipt(idOf(2), "stored"), receipt(idOf(3), "opened"));
  server.refuses.status = "room_unknown";
  await client.ask();
  assert.equal(client.state.over, true);
  assert.deepEqual([1, 2, 3].map((n) => sent(n).state), ["viewed", "room_destroyed", "room_destroyed"]);
});

describe("the seat", () => {
  test("is lost: that is told, and nothing is joined by itself", async () => {
    const server = new Server().says(viewed(1));
    server.refuses.status = "seat_unknown";
    const client = comesBack(server);
    await client.ask();
    assert.deepEqual([client.state.seated, client.state.sent], [false, []]);
    assert.deepEqual(server.asked("join"), []);
    await client.takeSeat();
    assert.deepEqual(server.asked("join"), [["join", WHO, {}]]);
    assert.deepEqual([client.state.seated, client.state.sent[0].state], [true, "viewed"]);
  });

  test("is given up for whoever joins anew only where it is the last, and the room is open", async () => {
    for (const [seats, locked, leaves] of [[2, false, 1], [3, false, 0], [2, true, 0]]) {
      const server = new Server();
      server.shown = { ...server.shown, locked };
      const client = comesBack(server, { policy: 1, seats });
      await client.ask();
      await client.makeWay();
      assert.equal(server.asked("leave").length, leaves, `${seats} seats, locked: ${locked}`);
    }
  });
});

describe("taking back", () => {
  test("asks what is known then", async () => {
    const { server, client, sent } = await asks(receipt(idOf(1), "stored"));
    await client.takeBack(idOf(1));
    assert.deepEqual(server.asked("withdraw"), [["withdraw", WHO, idOf(1)]]);
    assert.equal(sent(1).state, "withdrawn");
  });

  test("is refused: why, and what became of it meanwhile", async () => {
    const { server, client, sent } = await asks(receipt(idOf(1), "stored"));
    server.says(viewed(1)).refuses.withdraw = "message_gone";
    assert.equal(await refusal(client.takeBack(idOf(1))), "message_gone");
    assert.equal(sent(1).state, "viewed");
  });
});

describe("a server that isn't believed", () => {
  const lies = {
    "other rules": [(server) => { server.shown = { ...server.shown, mac: bytes(1, 32) }; }, "charter_mac"],
    "receipts of other messages": [(server) => { server.receipts[idOf(1)] = viewed(2); }, "malformed"],
    "too many members": [(server) => { server.shown = { ...server.shown, members: Array(51).fill(member(ANNA)) }; }, "malformed"],
    "no list": [(server) => { server.shown = { ...server.shown, members: null }; }, "malformed"],
  };
  for (const [name, [tell, code]] of Object.entries(lies)) {
    test(name, async () => {
      const server = new Server();
      tell(server);
      const client = comesBack(server);
      assert.equal(await refusal(client.ask()), code);
      assert.equal(client.state.askedAt, null);
    });
  }
});

test("closed, it holds nothing", async () => {
  const { client } = await asks(viewed(1));
  client.close();
  assert.deepEqual([client.code, client.state.sent, client.isForgotten()], ["", [], true]);
});

test("a link that leads back is told from one that invites", () => {
  const invites = "#1.00000000.unlatched-gusto";
  const secret = "00112233445566778899aabbccddeeff";
  for (const text of [`${invites}.${secret}`, `https://rooms.example/${invites}.${secret}).`, `${invites}%2E${secret.toUpperCase()}`]) {
    assert.equal(leadsBack(text), true, text);
  }
  for (const text of [invites, `${invites}. ${secret}`, `${invites}.${secret}0`, `${invites}.${secret.slice(1)}`, secret, ""]) {
    assert.equal(leadsBack(text), false, text);
  }
});
