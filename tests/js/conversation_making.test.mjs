/** Records that people make of each other's wishes, and what the judge says of them. (Its rules one by one are the vectors'.) */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Record, SignedRecord } from "../../web/static/js/protocol/conversations/records.js";
import { Line, Lines } from "../../web/static/js/protocol/conversations/lines.js";
import { GOOD, due, judge } from "../../web/static/js/protocol/conversations/judge.js";
import { founding, renewal, sealingKeys } from "../../web/static/js/protocol/conversations/making.js";
import { signLeave } from "../../web/static/js/protocol/conversations/leaves.js";
import { Someone, keysOf, randomBytes, signedBy, walk } from "./conversation_people.mjs";

const same = (one, other) => one.join() === other.join();

/** A conversation as it goes on: its people, who else there is, and the record in force. */
class Talk {
  seen = 0;
  log = randomBytes(32);

  static async of(everybody, count) {
    const talk = new Talk();
    talk.everybody = everybody;
    const people = everybody.slice(0, count).map(({ chain }) => ({ chain, role: "member" }));
    talk.now = await founding(talk.author(everybody[0], everybody[0].devices[0]), { conversation: randomBytes(16), people });
    talk.signed = await signedBy(talk.now, everybody[0].devices[0].key);
    return talk;
  }

  get lines() {
    return Someone.lines(this.everybody);
  }

  get people() {
    return this.now.people.map(({ chain }) => this.everybody.find((one) => same(one.chain, chain)));
  }

  author(_, { id }) {
    return {
      by: id, seed: randomBytes(32), lines: this.lines, keyOf: keysOf(this.everybody), seen: this.seen, log: this.log,
    };
  }

  role(someone) {
    return this.now.person(someone.chain).role;
  }

  /** The next record by one of somebody's devices, taken by everybody who judges it good. */
  async goesOn(someone, change, at = 0) {
    const device = someone.devices[at];
    this.seen += 3;
    const made = await renewal(this.now, this.author(someone, device), change);
    const signed = await signedBy(made, device.key);
    const before = this.now;
    assert.deepEqual(await judge(before, signed, this.lines), GOOD);
    assert.deepEqual(await judge(null, signed, this.lines), GOOD);
    assert.equal(due(made, this.lines), null);
    this.now = made;
    this.signed = signed;
    return before;
  }
}

/** What may happen between two records, and what is wished for the next, drawn at will. */
async function happens(talk, draw) {
  const { people } = talk;
  const someone = people[draw(people.length)];
  const what = draw(8);
  if (what === 0 && someone.devices.length < 4) await someone.adds();
  if (what === 1 && someone.devices.length > 1) await someone.removes();
  if (what === 2 && people.length > 2 && draw(3) === 0) await someone.closes();
  if (what === 3) await someone.recovers();
  if (what === 4 && someone.devices.length > 0) {
    someone.devices[0].number += 1;
    someone.devices[0].sealing = randomBytes(1216);
  }
  const leaver = people[draw(people.length)];
  const leaves = [];
  if (what === 5 && people.length > 2) {
    const point = leaver.line.at(talk.now.person(leaver.chain).sequence);
    const device = leaver.devices.find(({ id }) => point.keyOf(id));
    if (device) leaves.push(await signLeave(device.key, talk.now.conversation, leaver.chain, talk.now.person(leaver.chain).since));
  }
  const authors = people.filter((one) => one.devices.length > 0 && !(leaves.length > 0 && one === leaver));
  const author = authors[draw(authors.length)];
  const change = { leaves };
  if (talk.role(author) === "admin" && what > 4) {
    const outside = talk.everybody.filter((one) => !people.includes(one) && one.devices.length > 0);
    const other = people.find((one) => one !== author && one !== leaver);
    if (draw(2) === 0 && outside.length > 0) change.add = [{ chain: outside[0].chain, role: ["member", "admin"][draw(2)] }];
    if (draw(3) === 0 && other) change.remove = [other.chain];
    if (draw(3) === 0 && other) change.roles = [{ chain: other.chain, role: ["member", "admin"][draw(2)] }];
    if (draw(3) === 0) change.timer = draw(1000);
    if (draw(3) === 0) change.joining = draw(2) === 0 ? null : randomBytes(32);
  }
  return { author, change };
}

test("whatever happens to people, and whatever they wish, the next record is judged good and nothing is due", async () => {
  const drawn = new Set();
  for (let seed = 1; seed <= 12; seed += 1) {
    const draw = walk(seed);
    const everybody = await Promise.all(Array.from({ length: 6 }, (_, at) => Someone.with(1 + (at % 3))));
    const talk = await Talk.of(everybody, 4);
    assert.deepEqual(await judge(null, talk.signed, talk.lines), GOOD);
    for (let step = 0; step < 10 && talk.people.length > 1; step += 1) {
      const { author, change } = await happens(talk, draw);
      const why = due(talk.now, talk.lines);
      const before = await talk.goesOn(author, change);
      drawn.add(why).add(talk.now.people.length - before.people.length > 0).add(talk.now.leaves.length);
      assert.deepEqual(await SignedRecord.read(talk.signed.entry()), talk.signed);
      for (const { device } of talk.now.devices) {
        const owner = talk.now.personOf(device, talk.lines);
        assert.ok(talk.lines.get(owner.chain).last.keyOf(device));
      }
    }
  }
  // What the walks are there for came about in them.
  assert.deepEqual([null, "people", "devices", true, 1].filter((one) => !drawn.has(one)), []);
});

/** A record of three people with two or three devices each, and the next by an admin, or another. */
async function two(role) {
  const everybody = await Promise.all([Someone.with(2), Someone.with(2), Someone.with(2), Someone.with(1)]);
  const talk = await Talk.of(everybody, 3);
  await everybody[1].adds();
  await talk.goesOn(everybody[0], {});
  await everybody[2].adds();
  const author = everybody[role === "admin" ? 0 : 1];
  const before = await talk.goesOn(author, {});
  return { talk, before, author, key: author.devices[0].key };
}

const other = (value) => (value instanceof Uint8Array ? value.map((byte) => byte ^ 1) : value + 1);

test("a record of which anything is changed isn't good, though its author signs it", async () => {
  // `commitment` and `log` are a matter of other checks.
  for (const role of ["admin", "member"]) {
    const { talk, before, author, key } = await two(role);
    const { now, lines } = talk;
    const { people, devices } = now;
    const leave = { chain: people[0].chain, since: 1, device: devices[0].device, signature: randomBytes(64) };
    const second = (change) => people.map((one, at) => (at === 1 ? { ...one, ...change(one) } : one));
    const changes = [
      [{ conversation: other(now.conversation) }, "conversation"],
      [{ epoch: now.epoch + 1 }, "epoch"],
      [{ previous: other(now.previous) }, "previous"],
      [{ seen: before.seen - 1 }, "seen"],
      [{ people: people.toReversed() }, "people"],
      [{ people: second((one) => ({ since: one.since + 1 })) }, "people"],
      [{ people: second((one) => ({ chain: other(one.chain) })) }, "people"],
      [{ people: second((one) => ({ sequence: one.sequence + 1 })) }, "point"],
      [{ people: second((one) => ({ sequence: one.sequence - 1 })) }, "point"],
      [{ people: second((one) => ({ head: other(one.head) })) }, "point"],
      [{ people: people.slice(0, 2) }, "devices"],
      [{ devices: devices.toReversed() }, "devices"],
      [{ devices: devices.slice(1) }, "devices"],
      [{ devices: [...devices.slice(0, -1), devices[0]] }, "devices"],
      [{ devices: devices.map((one) => ({ ...one, sealing: other(one.sealing) })) }, "sealing"],
      [{ devices: devices.map((one) => ({ ...one, number: 0 })) }, "sealing"],
      [{ by: other(now.by) }, "author"],
      [{ leaves: [leave] }, "leave"],
      [{ people: people.map((one) => ({ ...one, role: "member" })) }, role === "admin" ? "admin" : "role"],
      [{ continues: { conversation: randomBytes(16), record: randomBytes(32) } }, "continues"],
      [{ commitment: other(now.commitment) }, null],
    ];
    if (role === "member") {
      const gone = people.find(({ chain }) => !same(chain, author.chain));
      changes.push(
        [{ timer: now.timer + 1 }, "role"],
        [{ joining: randomBytes(32) }, "role"],
        [{
          people: people.filter((one) => one !== gone),
          devices: devices.filter(({ device }) => now.personOf(device, lines) !== gone),
        }, "role"],
      );
    }
    for (const [change, rule] of changes) {
      const found = await judge(before, await signedBy(new Record({ ...now, ...change }), key), lines, true);
      assert.equal(found.code, rule === null ? undefined : `record_${rule}`, Object.keys(change).join());
    }
    const stranger = await signedBy(now, talk.everybody[3].devices[0].key);
    assert.equal((await judge(before, stranger, lines)).code, "record_signature");
  }
});

test("who has read less waits for what is missing, and for nothing else", async () => {
  const { talk, before, author } = await two("member");
  const { now, signed, everybody } = talk;
  for (const one of everybody.slice(0, 3)) {
    const { sequence } = now.person(one.chain);
    for (let known = 0; known < one.statements.length; known += 1) {
      const line = known === 0 ? null : await Line.of(one.statements.slice(0, known));
      const lines = new Lines([...Someone.lines(everybody.filter((each) => each !== one)), ...(line ? [line] : [])]);
      const found = await judge(before, signed, lines);
      if (known > sequence) assert.deepEqual(found, GOOD);
      else {
        assert.deepEqual([found.verdict, found.chains], ["waiting", [one.chain]]);
        assert.equal((await judge(before, signed, lines, true)).code, "record_point");
      }
    }
  }
  // A person who is no admin takes out who has closed; who hasn't read so far can't know yet.
  await everybody[2].closes();
  const earlier = Someone.lines(everybody).with(await Line.of(everybody[2].statements.slice(0, -1)));
  await talk.goesOn(author, {});
  const gone = await judge(now, talk.signed, earlier);
  assert.deepEqual([gone.verdict, gone.chains], ["waiting", [everybody[2].chain]]);
  assert.equal((await judge(now, talk.signed, earlier, true)).code, "record_role");
});

test("what only an admin may wish is refused to others before it is sealed to anybody", async () => {
  const { talk, author, before } = await two("member");
  const stranger = talk.everybody[3];
  const may = (someone, change) => renewal(before, talk.author(someone, someone.devices[0]), change);
  for (const change of [
    { add: [{ chain: stranger.chain, role: "member" }] }, { remove: [talk.everybody[0].chain] },
    { roles: [{ chain: author.chain, role: "admin" }] }, { timer: 5 }, { joining: null },
  ]) await assert.rejects(may(author, change), { code: "not_admin" });
  await assert.rejects(may(stranger, {}), { code: "record_author" });
  const founder = talk.everybody[0];
  await assert.rejects(may(founder, { roles: [{ chain: founder.chain, role: "member" }] }), { code: "record_admin" });
  await assert.rejects(may(founder, { remove: [founder.chain] }), { code: "record_author" });
});

test("when the last admin leaves or is gone, who came first is admin, whoever writes it", async () => {
  const { talk, author } = await two("member");
  const [founder] = talk.everybody;
  const { conversation } = talk.now;
  const forged = { ...(await signLeave(founder.devices[0].key, conversation, founder.chain, 1)), since: 2 };
  await talk.goesOn(author, { leaves: [forged] });
  assert.ok(talk.now.person(founder.chain));
  await talk.goesOn(author, { leaves: [await signLeave(founder.devices[1].key, conversation, founder.chain, 1)] });
  assert.deepEqual(talk.now.people.map(({ role }) => role), ["admin", "member"]);
  assert.equal(talk.now.leaves.length, 1);
  const [first, second] = talk.people;
  await first.closes();
  await talk.goesOn(second, {});
  assert.deepEqual(talk.now.people.map(({ role }) => role), ["admin"]);
});

test("a key that contradicts the one sealed to before is passed over, and stops nobody", async () => {
  const { talk, author } = await two("member");
  const [wanton] = talk.everybody[0].devices;
  const at = talk.now.indexOf(wanton.id);
  wanton.sealing = randomBytes(1216);
  await talk.goesOn(author, {});
  assert.equal(talk.now.devices[at].number, 0);
  assert.equal(sealingKeys(talk.now, { keyOf: keysOf(talk.everybody), lines: talk.lines })[at], null);
  wanton.number = 2;
  await talk.goesOn(author, {});
  assert.equal(talk.now.devices[at].number, 2);
});

test("of many devices the first are listed, fewer of each the more people there are", async () => {
  const many = await Promise.all(Array.from({ length: 40 }, () => Someone.with(3)));
  const talk = await Talk.of(many, 40);
  assert.equal(talk.now.devices.length, 80);
  const [someone] = many;
  await assert.rejects(talk.goesOn(someone, {}, 2), { code: "record_author" });
  await talk.goesOn(someone, { remove: many.slice(20).map(({ chain }) => chain) });
  assert.equal(talk.now.devices.length, 60);
  await talk.goesOn(someone, {}, 2);
});
