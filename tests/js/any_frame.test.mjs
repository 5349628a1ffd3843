/** Whatever a server says, a member's session neither throws nor shows what its page can't read. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readJson, utf8 } from "../../web/static/js/protocol/encoding.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { snapshot } from "../../web/static/js/room/snapshot.js";
import {
  ANNA, BEN, ME, OFFSET, T0, Talk, VIEWING, bytes, envelopeOf, leased, member, message, notice,
  receipt, room,
} from "./talk.mjs";

// More of them before a release.
const ROUNDS = Number(process.env.ROUNDS ?? 100);
const FRAMES = 40;
const RULES = { policy: 1, seats: 2, messageTtl: 60, roomTtl: 3600 };

/** A generator of its own (xorshift32), so that every run draws the same. */
class Dice {
  #state;

  constructor(seed) {
    this.#state = seed;
  }

  below(count) {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % count;
  }

  of(list) {
    return list[this.below(list.length)];
  }
}

const SCALARS = [
  null, true, false, 0, -0, 1, -1, 1.5, 1e300, 2 ** 53, 2 ** 53 - 1, -(2 ** 53), "", "x", "text",
  "__proto__", "constructor", "toString", "\u0000", "\u202e", "\ud800", "x".repeat(5000),
  ANNA, BEN, ME, message(1), message(2), VIEWING, bytes(50, 512), T0, "stored", "opened", "viewed",
];
const KEYS = ["id", "type", "ref", "state", "member", "members", "__proto__", "constructor", "then", ""];

function anyValue(dice, depth = 0) {
  const kind = depth > 3 ? 0 : dice.below(6);
  if (kind === 4) return Array.from({ length: dice.below(4) }, () => anyValue(dice, depth + 1));
  if (kind !== 5) return dice.of(SCALARS);
  const entries = Array.from({ length: dice.below(4) }, () => [dice.of(KEYS), anyValue(dice, depth + 1)]);
  // By the parser, so that __proto__ is a key like any other.
  return JSON.parse(`{${entries.map(([key, value]) =>
    `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`);
}

/** Genuine frames of every type, about the two messages and two members that there are. */
function genuine(dice, talk) {
  const id = message(dice.below(4));
  const who = dice.of([ANNA, BEN, ME]);
  const notices = [notice(id, { author: who }), leased(message(2), dice.of([ME, BEN]))];
  const state = { room: room(), members: [member(ME), member(ANNA), member(BEN)], notices };
  const asked = talk.asked.shift() ?? { ref: dice.below(9), type: "none" };
  const answers = {
    open: envelopeOf(asked.id ?? id), ack: { id: asked.id, state: "viewed" }, hello: {
      type: "welcome", now: T0 + OFFSET, member: ME, ...state },
    post: receipt(asked.id ?? id, "stored"),
    status: { receipts: (asked.ids ?? []).map((one) => receipt(one, dice.of(["viewed", "unknown"]))) },
  };
  return dice.of([
    { type: "ok", ref: asked.ref, ...answers[asked.type] },
    { type: "error", ref: asked.ref, error: { code: "not_found", message: "no", retry_after: 1 } },
    { ...notice(id, { author: who, audience: [ME, BEN] }) },
    { type: "opened", id, member: who, lease_until: T0 + 1000 },
    { type: "stored", id }, { type: "acknowledged", id, member: who },
    { type: "audience", id, audience: [who] },
    { type: "destroyed", id, state: "viewed", viewing: VIEWING, member: who },
    { type: "joined", member: member(who, { profile: bytes(3, 256) }), joins: 3 },
    { type: "left", member: who }, { type: "presence", member: who, present: false },
    { type: "typing", member: who, typing: true }, { type: "locked", locked: true },
    { type: "backlog", now: T0, ...state },
  ]);
}

/** Up to three places of a frame hold something else, or are not there. */
function spoilt(dice, frame) {
  const copy = structuredClone(frame);
  for (let times = dice.below(4); times > 0; times -= 1) {
    let at = copy;
    let key = dice.of(Object.keys(at));
    while (at[key] !== null && typeof at[key] === "object" && Object.keys(at[key]).length > 0 && dice.below(3) > 0) {
      at = at[key];
      key = dice.of(Object.keys(at));
    }
    if (dice.below(4) === 0) delete at[key];
    else at[key] = anyValue(dice);
  }
  return copy;
}

const is = {
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  orNull: (check) => (value) => value === null || check(value),
  list: (check) => (value) => Array.isArray(value) && value.every(check),
  oneOf: (...known) => (value) => known.includes(value),
};

/** The shapes of room/room-state.js, as far as a server can touch them. */
const CARD = {
  id: is.string, author: is.orNull(is.string), sequence: is.orNull(is.integer), size: is.orNull(is.integer),
  postedAt: is.orNull(is.integer), expiresAt: is.orNull(is.integer), audience: is.orNull(is.list(is.string)),
  state: is.oneOf("closed", "opening", "open", "taken", "shown_gone", "gone", "broken", "returned"),
  fate: is.orNull(is.oneOf("viewed", "unconfirmed", "expired", "room_destroyed")),
  text: is.orNull(is.string), view: is.orNull(is.integer), type: is.orNull(is.string),
  gapBefore: is.integer, repeated: is.boolean, error: is.orNull(is.string), holder: is.orNull(is.string),
  leaseUntil: is.orNull(is.integer),
};
const SENT = {
  id: is.string, text: is.orNull(is.string), error: is.orNull(is.string), sequence: is.orNull(is.integer),
  state: is.oneOf("sending", "stored", "opened", "acknowledged", "viewed", "unconfirmed", "expired",
    "room_destroyed", "false_receipt", "refused"),
  postedAt: is.orNull(is.integer), expiresAt: is.orNull(is.integer), counter: is.integer,
};
const MEMBER = {
  id: is.string, name: is.orNull(is.string), colour: is.orNull(is.integer), present: is.boolean,
  me: is.boolean, joinedAt: is.integer, seenAt: is.integer,
};
const ROOM = { locked: is.boolean, joins: is.integer, createdAt: is.integer, expiresAt: is.integer };

function hasShape(value, shape) {
  for (const [field, check] of Object.entries(shape)) {
    assert.ok(check(value[field]), `${field} is ${JSON.stringify(value[field])}`);
  }
}

function isReadable(talk) {
  const state = snapshot(talk.session.room, { phase: "live", ended: null, retryAt: null, rules: RULES });
  for (const card of state.cards) hasShape(card, CARD);
  for (const sent of state.sent) hasShape(sent, SENT);
  for (const one of state.members) hasShape(one, MEMBER);
  if (state.room !== null) hasShape(state.room, ROOM);
  assert.ok(is.list(is.string)(state.typing));
  assert.ok(is.integer(state.clockOffset));
  for (const ids of [state.cards, state.sent, state.members].map((list) => list.map(({ id }) => id))) {
    assert.equal(new Set(ids).size, ids.length, "an id stands twice");
  }
}

function inConversation() {
  const talk = new Talk().connect({ notices: [notice(message(1)), notice(message(2), { sequence: 2 })] });
  talk.call("open", message(1));
  talk.writes(message(3));
  return talk;
}

describe("a server that says anything", () => {
  test("spoilt frames between genuine ones", () => {
    const seen = new Set();
    for (let round = 1; round <= ROUNDS; round += 1) {
      const dice = new Dice(round);
      const talk = inConversation();
      for (let count = 0; count < FRAMES; count += 1) {
        const frames = [genuine(dice, talk), spoilt(dice, genuine(dice, talk))];
        talk.hearsRaw(dice.below(9) === 0 ? anyValue(dice) : frames);
        for (const { type, id } of talk.effects.splice(0)) {
          seen.add(type);
          if (type === "decrypt" && dice.below(2) === 0) talk.decrypts(id, dice.below(5) + 1);
          else if (type === "decrypt") talk.call("unreadable", id, "envelope_open");
        }
        if (dice.below(5) === 0) talk.passes(dice.below(40_000));
        isReadable(talk);
      }
    }
    // The rounds went deep enough to have brought about each of these.
    for (const type of ["decrypt", "profile", "check", "end", "reconnect"]) assert.ok(seen.has(type), type);
  });

  test("a spoilt welcome is a welcome or the end", () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const dice = new Dice(round);
      const talk = new Talk();
      const state = { room: room(), members: [member(ME), member(ANNA)], notices: [notice(message(1))] };
      talk.connect(spoilt(dice, state));
      isReadable(talk);
    }
  });

  test("what is no frame at all", () => {
    for (const value of [null, 1, "x", {}, [[]], [null, 1, "x", []], { length: 3 }]) {
      isReadable(inConversation().hearsRaw(value));
    }
  });

  test("bytes with a bit changed are JSON or refused", () => {
    const genuineText = utf8(JSON.stringify([notice(message(1)), { type: "left", member: ANNA }]));
    const dice = new Dice(7);
    let refused = 0;
    for (let at = 0; at < genuineText.length; at += 1) {
      const changed = genuineText.slice();
      changed[at] ^= 1 << dice.below(8);
      try {
        readJson(changed);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 0 && refused < genuineText.length);
  });
});
