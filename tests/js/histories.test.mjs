/**
 * Many histories of a room under a network that loses whatever it likes: two sessions talk to a
 * small model of the server's rules (first view), connections break at any point, answers are lost
 * after they took effect. In the end everything written has been viewed exactly once.
 */

import { test } from "node:test";
import assert from "node:assert/strict";
import { Session } from "../../web/static/js/protocol/session.js";
import { CHARTER, CREDENTIALS, MAC, bytes, member, room } from "./talk.mjs";

const NAMES = [bytes(1), bytes(2), bytes(3)];

/** Reproducible: mulberry32. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The rules of sections 8.5 to 8.9 under first view, without time. */
class Server {
  messages = new Map();
  views = [];
  sequence = 0;
  sockets = new Map();

  welcome(name, ref) {
    return { type: "welcome", ref, now: 0, member: name, room: room(), members: NAMES.map((one) => member(one)),
      notices: [...this.messages.values()].filter(({ fate }) => !fate).map((one) => this.notice(one)) };
  }

  notice({ id, author, sequence, holder }) {
    return { type: "notice", id, sequence, author, size: 512, posted_at: 1, expires_at: 9e14,
      state: holder ? "opened" : "stored", holder, lease_until: holder ? 9e14 : null, audience: null,
      opened: 0, returns: 0 };
  }

  /** @param by  whose socket is told by its answer alone (11.6) */
  tell(event, by = null) {
    for (const [name, queue] of this.sockets) if (name !== by) queue.push([event]);
  }

  receipt({ id, author, sequence, holder, fate, viewing }) {
    return { id, author, sequence, posted_at: 1, expires_at: 9e14, viewing: fate ? viewing : null, audience: null,
      opened: 0, returns: 0, reader: null, ended_at: null, state: fate ?? (holder ? "opened" : "stored") };
  }

  handle(name, { type, ref, ...frame }) {
    const answer = type === "hello" ? this.welcome(name, ref) : this.act(name, type, frame);
    const { error } = answer;
    const reply = error ? { type: "error", ref, error: { code: error, message: "", retry_after: null,
      ...answer } } : { type: "ok", ref, ...answer };
    this.sockets.get(name)?.push([type === "hello" ? answer : reply]);
  }

  act(name, type, { id, envelope, viewing_hash: hash, viewing, ids }) {
    const known = this.messages.get(id);
    if (type === "post") {
      if (known) return known.envelope === envelope ? this.receipt(known) : { error: "message_conflict" };
      this.sequence += 1;
      const fresh = { id, author: name, envelope, hash, sequence: this.sequence, holder: null, fate: null };
      this.messages.set(id, fresh);
      this.tell(this.notice(fresh), name);
      return this.receipt(fresh);
    }
    if (type === "status") return { receipts: ids.map((one) => this.receipt(this.messages.get(one))) };
    if (!known) return { error: "message_unknown" };
    if (known.author === name) return { error: "message_author" };
    if (type === "ack" && viewing !== known.hash) return { error: "viewing_wrong" };
    if (type === "ack" && known.fate) return { id, state: "viewed" };
    if (known.fate) return { error: "message_gone", state: known.fate };
    if (type === "ack") {
      Object.assign(known, { fate: "viewed", viewing, holder: null });
      this.views.push([id, name]);
      this.tell({ type: "destroyed", id, state: "viewed", viewing, member: name }, name);
      return { id, state: "viewed" };
    }
    if (type === "release") {
      if (known.holder !== name) return { error: "lease_lost" };
      this.leaseEnds(known, name);
      return { id, state: "stored" };
    }
    if (known.holder !== null && known.holder !== name) return { error: "message_leased" };
    if (known.holder === null) {
      known.holder = name;
      this.tell({ type: "opened", id, member: name, lease_until: 9e14 }, name);
    }
    return { id, author: known.author, envelope: known.envelope, lease_until: 9e14 };
  }

  leaseEnds(message, by = null) {
    message.holder = null;
    this.tell({ type: "stored", id: message.id }, by);
  }
}

class Client {
  up = [];

  constructor(name, server, draw) {
    Object.assign(this, { name, server, draw });
    this.session = new Session({ me: name, charter: CHARTER, mac: MAC, roomTtl: 1, generation: 0 });
  }

  get down() {
    return this.server.sockets.get(this.name);
  }

  connect() {
    if (this.down !== undefined) return;
    this.server.sockets.set(this.name, []);
    this.session.hello(CREDENTIALS, 1);
    this.work();
  }

  /** Whatever is on its way is lost, in both directions. */
  disconnect() {
    this.server.sockets.delete(this.name);
    this.up = [];
    this.session.disconnected();
    this.work();
  }

  write(id) {
    const counter = this.session.room.outbox.nextCounter();
    this.session.write({ id, text: id, counter }, 1);
    // The model's stand-in for encryption: hash and viewing bytes are one thing, made of the id.
    this.session.room.outbox.hashed(id, viewingOf(id));
    this.session.sealed(id, envelopeOf(id), 1);
    this.work();
  }

  work() {
    for (;;) {
      this.up.push(...this.session.takeFrames());
      const effects = this.session.takeEffects();
      for (const effect of effects) this.carryOut(effect);
      if (effects.length === 0) return;
    }
  }

  carryOut({ type, id, envelope, viewing, hash }) {
    if (type === "decrypt") {
      assert.equal(envelope, envelopeOf(id));
      const content = { type: "text", text: id, view: null, quote: null };
      this.session.decrypted(id, { viewing: viewingOf(id), counter: 1, ...content }, 1);
    } else if (type === "check") this.session.checked(id, viewing === hash);
    else assert.equal(type, "save");
  }

  /** One thing on its way arrives, or the person does something. */
  step() {
    const { session, draw } = this;
    const cards = session.room.cards.views();
    const pick = (state) => cards.filter((card) => card.state === state).at(0)?.id;
    const choice = draw(12);
    if (choice < 4 && this.up.length > 0) this.server.handle(this.name, this.up.shift());
    else if (choice < 8 && this.down?.length > 0) session.receive(this.down.shift(), 1);
    else if (choice === 8) this.connect();
    else if (choice === 9 && draw(4) === 0) this.disconnect();
    else if (choice === 10) session.open(pick("closed") ?? pick("returned") ?? "", 1);
    else if (choice === 11) {
      const id = pick("open");
      if (id !== undefined && draw(5) === 0) session.release(id, 1);
      else if (id !== undefined) session.shown(id, 1);
      if (id !== undefined && draw(2) === 0) session.discard(id, 1);
    }
    this.work();
  }
}

const viewingOf = (id) => id.padEnd(43, "A");
const envelopeOf = (id) => id.padEnd(683, "A");

function live(seed) {
  const draw = generator(seed);
  const server = new Server();
  const clients = NAMES.map((name) => new Client(name, server, draw));
  let written = 0;
  for (let step = 0; step < 400; step += 1) {
    const client = clients[draw(clients.length)];
    const held = [...server.messages.values()].filter(({ holder }) => holder !== null);
    if (draw(25) === 0 && written < 12) {
      client.write(bytes(100 + written));
      written += 1;
    } else if (draw(60) === 0 && held.length > 0) server.leaseEnds(held[0]);
    else client.step();
  }
  return { server, clients, written };
}

/** The network gets well, and everybody reads what waits. */
function settle({ clients, server }) {
  for (const client of clients) client.connect();
  for (let quiet = 0; quiet < 2; quiet += 1) {
    for (const client of clients) {
      for (const { id, state } of client.session.room.cards.views()) {
        if (["closed", "returned"].includes(state)) client.session.open(id, 1);
        if (state === "open") client.session.shown(id, 1);
        client.work();
        if (client.up.length > 0) quiet = 0;
      }
      while (client.up.length > 0) server.handle(client.name, client.up.shift());
      while (client.down.length > 0) {
        quiet = 0;
        client.session.receive(client.down.shift(), 1);
        client.work();
      }
    }
  }
}

test("300 histories: nothing is lost, nothing is viewed twice, every receipt is true", () => {
  let losses = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const history = live(seed);
    const { server, clients, written } = history;
    losses += clients.filter(({ down }) => down === undefined).length;
    settle(history);
    const where = `seed ${seed}`;
    assert.equal(server.messages.size, written, where);
    assert.equal(server.views.length, written, where);
    assert.equal(new Set(server.views.map(([id]) => id)).size, written, where);
    const sent = clients.flatMap(({ session }) => session.room.outbox.views());
    assert.deepEqual(sent.map(({ state }) => state), Array(written).fill("viewed"), where);
    for (const { session: { room: { cards } } } of clients) {
      // Who was shown a text and lost the lease has read it all the same; nobody else keeps one.
      const texts = cards.views().filter(({ text }) => text !== null);
      assert.ok(texts.every(({ id, state }) => state === "open" && cards.get(id).shown), where);
    }
  }
  assert.ok(losses > 100, "too few connections were lost for this to mean anything");
});
