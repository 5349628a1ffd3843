/** The real server behind a wire that breaks, loses answers, and lies. */

import { afterEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import {
  FIRST_VIEW, SERVER, card, creates, everybodyGoes, hasEnded, isLive, joins, reads, refusal, reloads, sees, sent, until,
} from "./people.mjs";
import { Wire } from "./wire.mjs";

let wires = [];

afterEach(async () => {
  everybodyGoes();
  await Promise.all(wires.map((wire) => wire.close()));
  wires = [];
});

async function wire() {
  const fresh = await Wire.to(SERVER);
  wires.push(fresh);
  return fresh;
}

/** Ada behind a wire, Bo beside the server. */
async function two(options = {}) {
  const hers = await wire();
  const ada = await creates({ base: hers.url, ...options });
  const bo = await joins(ada.code);
  await Promise.all([isLive(ada), isLive(bo)]);
  return { hers, ada, bo };
}

const away = (client) => sees(client, ({ phase }) => phase === "reconnecting");

describe("a wire that breaks", () => {
  test("what is written while away waits in memory and is sent once, in order", async () => {
    const { hers, ada, bo } = await two();
    hers.refuses = true;
    hers.cut();
    const { retryAt } = await sees(ada, (state) => state.phase === "reconnecting" && state);
    assert.ok(retryAt > Date.now() - 1000);
    const ids = ["one", "two", "three"].map((text) => ada.send(text));
    assert.deepEqual((await sees(ada, (state) => state.sent.length === 3 && state)).sent
      .map(({ state, text }) => [state, text]),
    [["sending", "one"], ["sending", "two"], ["sending", "three"]]);
    hers.refuses = false;
    await isLive(ada);
    const texts = [];
    for (const place of [0, 1, 2]) texts.push((await reads(bo, place)).text);
    assert.deepEqual(texts, ["one", "two", "three"]);
    for (const id of ids) await sent(ada, id, "viewed");
    assert.equal(bo.state.cards.length, 3);
  });

  test("the room ends while one is away: the seat was kept so long, and one's words are left", async () => {
    const { hers, ada, bo } = await two();
    assert.equal(ada.state.seatUntil, null);
    hers.deaf = true;
    ada.send("perhaps there");
    await card(bo, "closed");
    hers.refuses = true;
    hers.cut();
    const { seatUntil, clockOffset } = await sees(ada, (state) => state.phase === "reconnecting" && state);
    const left = seatUntil - clockOffset - Date.now();
    assert.ok(left > 0 && left <= 60_000, `${left} ms`);
    ada.send("surely not");
    await bo.destroy();
    Object.assign(hers, { refuses: false, deaf: false });
    assert.equal(await hasEnded(ada), "room_unknown");
    assert.deepEqual(ada.state.ended.unsent.map(({ id, ...words }) => words), [
      { text: "perhaps there", quote: null, doubtful: true }, { text: "surely not", quote: null, doubtful: false },
    ]);
    assert.equal(ada.seatSecret(), null);
  });

  test("a greeting that was given up arrives late: its newer connection stays", async () => {
    const network = new EventTarget();
    globalThis.addEventListener = network.addEventListener.bind(network);
    const { hers, ada, bo } = await two();
    delete globalThis.addEventListener;
    hers.holds = true;
    hers.cut();
    while (!hers.isHolding) await setImmediate();
    network.dispatchEvent(new Event("offline"));
    hers.holds = false;
    await isLive(ada);
    const phases = new Set();
    ada.addEventListener("change", () => phases.add(ada.state.phase));
    hers.release();
    const id = ada.send("still here");
    await reads(bo);
    await sent(ada, id, "viewed");
    assert.deepEqual([...phases], ["live"]);
  });

  test("a newer connection elsewhere takes over, whatever was given up before", async () => {
    const network = new EventTarget();
    globalThis.addEventListener = network.addEventListener.bind(network);
    const { ada } = await two();
    delete globalThis.addEventListener;
    network.dispatchEvent(new Event("offline"));
    await away(ada);
    await isLive(ada);
    const again = await reloads(ada.tab);
    await isLive(again);
    assert.equal(await hasEnded(ada), "replaced");
  });

  test("the answer to posting is lost: the message is there once, and its receipt is true", async () => {
    const { hers, ada, bo } = await two();
    hers.deaf = true;
    const id = ada.send("once");
    await card(bo, "closed");
    hers.cut();
    hers.deaf = false;
    await sent(ada, id, "stored");
    await reads(bo);
    await sent(ada, id, "viewed");
    assert.equal(bo.state.cards.length, 1);
  });

  test("the answer is lost and the message read meanwhile: its fate comes with the next", async () => {
    const { hers, ada, bo } = await two();
    hers.deaf = true;
    const id = ada.send("gone already");
    await reads(bo);
    await sees(bo, ({ cards }) => cards[0].fate === "viewed");
    hers.cut();
    hers.deaf = false;
    await sent(ada, id, "viewed");
  });

  test("the answer to opening is lost: the card opens under the same lease", async () => {
    const { hers, ada, bo } = await two();
    const id = bo.send("for you");
    await card(ada, "closed");
    hers.deaf = true;
    const opening = ada.open(id);
    await sent(bo, id, "opened");
    hers.cut();
    hers.deaf = false;
    await opening;
    assert.equal((await card(ada, "open")).text, "for you");
    ada.shown(id);
    await sent(bo, id, "viewed");
  });

  test("the answer to acknowledging is lost: it is given again, and the text stays", async () => {
    const { hers, ada, bo } = await two();
    const id = bo.send("read");
    await card(ada, "closed");
    await ada.open(id);
    hers.deaf = true;
    ada.shown(id);
    await sent(bo, id, "viewed");
    hers.cut();
    hers.deaf = false;
    const kept = await sees(ada, ({ cards }) => cards[0].fate === "viewed" && cards[0]);
    assert.deepEqual([kept.state, kept.text], ["open", "read"]);
  });

  test("a lock whose answer is lost is refused as unreachable, and the truth comes with the next", async () => {
    const { hers, ada, bo } = await two();
    hers.deaf = true;
    const locking = refusal(ada.lock(true));
    await sees(bo, ({ room }) => room.locked);
    hers.cut();
    hers.deaf = false;
    assert.equal(await locking, "unreachable");
    await sees(ada, ({ room, phase }) => phase === "live" && room.locked);
  });

  test("creating whose first answer is lost makes one room, and one seat", async () => {
    const hers = await wire();
    hers.bends = (bytes) => {
      if (!/"charter":/.test(bytes)) return bytes;
      hers.bends = (next) => next;
      hers.cut();
      return bytes;
    };
    const ada = await creates({ base: hers.url });
    await isLive(ada);
    assert.equal(hers.requests.filter((line) => line === "POST /rooms").length, 2);
    assert.deepEqual([ada.state.room.joins, ada.state.members.length], [1, 1]);
  });

  test("destroyed without an answer: said to be unconfirmed, and forgotten all the same", async () => {
    const { hers, ada, bo } = await two();
    bo.send("secret");
    await reads(ada);
    hers.refuses = true;
    hers.cut();
    await away(ada);
    await ada.destroy();
    assert.equal(await hasEnded(ada), "destroy_unconfirmed");
    assert.deepEqual([ada.state.cards, ada.tab.entries.size], [[], 0]);
    assert.equal(bo.state.phase, "live");
  });

  test("destroyed with the answer lost: it is asked again and confirmed", async () => {
    const { hers, ada, bo } = await two();
    hers.bends = (bytes) => {
      if (bytes.startsWith("HTTP/1.1 204")) {
        hers.bends = (next) => next;
        hers.cut();
      }
      return bytes;
    };
    await ada.destroy();
    assert.deepEqual([await hasEnded(ada), await hasEnded(bo)], ["destroyed_by_you", "destroyed"]);
  });

  test("a room that was destroyed while one was away", async () => {
    const { hers, ada, bo } = await two();
    hers.refuses = true;
    hers.cut();
    await away(ada);
    await bo.destroy();
    hers.refuses = false;
    assert.equal(await hasEnded(ada), "room_unknown");
    assert.equal(ada.tab.entries.size, 0);
  });
});

/** Changes one character after `before` into another of the alphabet. */
const spoilt = (before) => (bytes) =>
  bytes.replace(before, (found) => found.slice(0, -1) + (found.endsWith("A") ? "B" : "A"));

describe("a server that lies", () => {
  for (const [what, bends, code] of [
    ["the charter", spoilt(/"charter": ?".{20}/), "charter_mac"],
    ["the charter's mac", spoilt(/"mac": ?".{20}/), "charter_mac"],
    ["weaker passes", (bytes) => bytes.replace('"passes":3', '"passes":1'), "config_kdf"],
    ["no JSON", (bytes) => bytes.replace('"memory_kib":65536', '"memory_kib":00008'), "not_ours"],
    ["less memory", (bytes) => bytes.replace('"memory_kib":65536', '"memory_kib":65535'), "config_kdf"],
    ["the salt's length", (bytes) => bytes.replace(/"salt":"(.{42})."/, '"salt":"$1="'), "config_salt"],
    ["another protocol", (bytes) => bytes.replace("ephemeral.v1", "ephemeral.v0"), "config_protocol"],
  ]) {
    test(`${what}: no seat is taken`, async () => {
      const ada = await creates({ policy: { ...FIRST_VIEW, seats: 5 } });
      // What a reload needs is kept a moment after the seat is taken.
      await until(() => ada.tab.entries.size === 1);
      const bent = await wire();
      bent.bends = bends;
      let derived = 0;
      const tab = { storage: ada.tab.storage, randomBytes: ada.tab.randomBytes,
        derive: (...of) => { derived += 1; return ada.tab.derive(...of); } };
      assert.equal(await refusal(joins(ada.code, { base: bent.url, tab })), code);
      assert.ok(!bent.requests.includes("POST /room/members"));
      if (code !== "charter_mac") assert.equal(derived, 0, "nothing was derived for it");
      assert.equal(ada.tab.entries.size, 1, "a refused joining takes nothing from the tab");
    });
  }

  for (const what of ["charter", "mac"]) {
    test(`another ${what} in the answer to joining: the seat is given up`, async () => {
      const ada = await creates();
      const id = ada.send("secret");
      await sent(ada, id, "stored");
      const bent = await wire();
      const lie = spoilt(new RegExp(`"${what}": ?".{20}`));
      bent.bends = (bytes) => (bytes.includes('"notices"') ? lie(bytes) : bytes);
      const bo = await joins(ada.code, { base: bent.url });
      assert.equal(await hasEnded(bo), "policy_changed");
      assert.deepEqual([bo.state.cards, bo.tab.entries.size], [[], 0]);
      await sees(ada, ({ members, room }) => room.joins === 2 && members.length === 1);
    });
  }

  test("another charter at the socket: the seat is given up", async () => {
    const { hers, ada, bo } = await two();
    await sees(bo, ({ members }) => members.length === 2);
    hers.bends = (bytes) => (bytes.includes('"welcome"') ? spoilt(/"charter": ?".{20}/)(bytes) : bytes);
    hers.cut();
    assert.equal(await hasEnded(ada), "policy_changed");
    await sees(bo, ({ members }) => members.length === 1);
  });

  test("a receipt with other bytes is shown as false", async () => {
    const { hers, ada, bo } = await two();
    const id = ada.send("really?");
    await sent(ada, id, "stored");
    hers.bends = spoilt(/"viewing": ?".{20}/);
    await reads(bo);
    await sent(ada, id, "false_receipt");
  });

  test("a spoilt envelope is a broken card, is given back, and destroys nothing", async () => {
    const { hers, ada, bo } = await two();
    const id = bo.send("whole");
    await card(ada, "closed");
    hers.bends = spoilt(/"envelope": ?".{200}/);
    assert.equal(await refusal(ada.open(id)), "envelope_open");
    assert.equal((await card(ada, "broken")).error, "envelope_open");
    await sent(bo, id, "stored");
    hers.bends = (bytes) => bytes;
    await ada.open(id);
    assert.equal((await card(ada, "open")).text, "whole");
    ada.shown(id);
    await sent(bo, id, "viewed");
  });

  test("the server's half of the resume secret, changed: the tab asks for the code", async () => {
    const { hers, ada } = await two();
    ada.close();
    hers.bends = spoilt(/"key": ?".{20}/);
    assert.equal(await reloads(ada.tab, { base: hers.url }), null);
    assert.equal(ada.tab.entries.size, 0);
  });
});

describe("a wire that lets no socket through", () => {
  /** Ada behind the filter, Bo beside the server. */
  async function filtered() {
    const hers = await wire();
    hers.filters = true;
    const ada = await creates({ base: hers.url });
    const bo = await joins(ada.code, { name: "Bo", colour: 1 });
    await Promise.all([sees(ada, (state) => state.phase === "live" && state.slow), isLive(bo)]);
    return { hers, ada, bo };
  }

  test("requests stand in for it, and everything is as it was", async () => {
    const { hers, ada, bo } = await filtered();
    assert.equal(bo.state.slow, false);
    // Two in vain, and a third as soon as requests serve.
    assert.equal(hers.requests.filter((line) => line === "GET /room/socket").length, 3);
    const ids = ["one", "two"].map((text) => ada.send(text));
    assert.equal((await reads(bo)).text, "one");
    await sent(ada, ids[0], "viewed");
    assert.deepEqual(await ada.withdraw(ids[1]), { opened: 0 });
    const answer = bo.send("an answer");
    assert.equal((await reads(ada)).text, "an answer");
    const { reader } = await sent(bo, answer, "viewed");
    assert.equal(reader, ada.state.me);
    await ada.lock(true);
    await sees(bo, ({ room }) => room.locked);
    await sees(ada, ({ members }) => members.every(({ present }) => present));
    assert.equal(ada.state.members[1].name, "Bo");
    await bo.destroy();
    assert.equal(await hasEnded(ada), "destroyed");
  });

  test("a card that one gives back waits again", async () => {
    const { ada, bo } = await filtered();
    bo.send("not now");
    const { id } = await card(ada, "closed");
    await ada.open(id);
    await card(ada, "open");
    ada.release(id);
    await card(ada, "returned");
    await sees(bo, (state) => state.sent[0].returns === 1);
  });

  test("a seat that is lost is lost by requests as well", async () => {
    const { hers, ada, bo } = await filtered();
    assert.equal(await refusal(joins(ada.code, { base: hers.url })), "room_full");
    bo.close();
    await ada.leave();
    assert.equal(await hasEnded(ada), "left");
  });

  test("a socket is tried when the network changes, and takes over without a gap", async () => {
    const network = new EventTarget();
    globalThis.addEventListener = network.addEventListener.bind(network);
    const { hers, ada, bo } = await filtered();
    delete globalThis.addEventListener;
    hers.filters = false;
    const id = ada.send("on the way");
    network.dispatchEvent(new Event("online"));
    await sees(ada, (state) => state.phase === "live" && !state.slow);
    assert.equal((await reads(bo)).text, "on the way");
    await sent(ada, id, "viewed");
    assert.equal(bo.state.cards.length, 1);
  });
});
