/** What the log of a room shows of its messages, and in which order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ash } from "../../web/static/js/room/views/ash.js";
import { Order, logEntries, waiting } from "../../web/static/js/room/views/log-entries.js";
import { stacked } from "../../web/static/js/room/views/log-stacks.js";

const T0 = 1_790_000_000_000;
const MINUTE = 60_000;

const fresh = () => ({
  order: new Order(), faded: new Set(), hidden: new Set(), revealed: new Set(), stacks: new Map(), ash: new Ash(),
});

const card = (id, more = {}) => ({
  id, author: "ada", sequence: Number(id.replace(/\D/g, "")), postedAt: T0, state: "closed", fate: null, error: null,
  holder: null, repeated: false, gapBefore: 0, attachment: null, ...more,
});
const sent = (id, more = {}) =>
  ({ id, sequence: Number(id.replace(/\D/g, "")), postedAt: T0, state: "stored", text: "words", file: null, readers: [], reader: null, ...more });
const state = (cards, own = [], more = {}) => ({ cards, sent: own, interrupted: [], ...more });
const range = (count) => Array.from({ length: count }, (_, index) => index);

const shown = (now, memory = fresh(), at = T0) => logEntries(now, memory, at, stacked);
const keys = (...values) => shown(...values).map(({ key }) => key);

test("what is gone as it should be is one line, where the last of it stood", () => {
  const cards = [card("c1", { state: "shown_gone" }), card("c2"), card("c3", { state: "gone", fate: "viewed" }), card("c5")];
  const memory = { ...fresh(), faded: new Set(["s4"]) };
  const entries = shown(state(cards, [sent("s4", { state: "viewed", text: null })]), memory);
  assert.deepEqual(entries.map(({ key }) => key), ["card:c2", "ash", "card:c5"]);
  assert.equal(entries[1].count, 3);
  assert.equal(entries[1].elsewhere, 1);
});

test("the line of ash is told anew by what goes after it was blown away, and by that alone", () => {
  const memory = fresh();
  const cards = [card("c1", { state: "shown_gone" }), card("c2", { state: "shown_gone" }), card("c3")];
  assert.equal(shown(state(cards), memory, T0)[0].until, T0 + MINUTE);
  assert.equal(shown(state(cards), memory, T0 + 9)[0].until, T0 + MINUTE, "an update is no news");
  memory.ash.blow();
  assert.deepEqual(keys(state(cards), memory, T0 + MINUTE), ["card:c3"]);
  cards[2].state = "shown_gone";
  const [ash, ...rest] = shown(state(cards), memory, T0 + 2 * MINUTE);
  assert.deepEqual([ash.count, ash.until, rest], [1, T0 + 3 * MINUTE, []]);
});

test("what went wrong stays apart, neighbours together", () => {
  const gone = (id, fate, more) => card(id, { state: "gone", fate, ...more });
  const cards = [
    gone("c1", "expired"), gone("c2", "expired"), gone("c3", "viewed"), gone("c4", "expired"),
    gone("c5", "unconfirmed"), gone("c6", "withdrawn"), gone("c7", "withdrawn", { author: "bo" }), gone("c8", "withdrawn", { author: "bo", gapBefore: 2 }),
  ];
  const own = ["expired", "unconfirmed", "false_receipt", "refused", "room_destroyed"]
    .map((fate, index) => sent(`s1${index}`, { state: fate, text: null }));
  own.push(sent("s16", { state: "expired", text: null, of: 2, readers: ["bo"] }));
  own.push(sent("s17", { state: "expired", text: null, of: 2, audience: null }));
  const traces = shown(state(cards, own)).filter(({ kind }) => kind === "trace");
  assert.deepEqual(traces.map(({ what, author, count, gap }) => [what, author, count, gap]), [
    ["expired", "ada", 3, 0], ["unconfirmed", "ada", 1, 0], ["withdrawn", "ada", 1, 0], ["withdrawn", "bo", 1, 0],
    ["withdrawn", "bo", 1, 2], ["sent_expired", null, 1, 0], ["sent_unconfirmed", null, 1, 0],
    ["sent_false_receipt", null, 1, 0], ["sent_refused", null, 1, 0], ["sent_room_destroyed", null, 1, 0],
    ["sent_expired_partly", null, 2, 0],
  ]);
});

test("what nobody knows the fate of is gone, and nobody is said to have read it", () => {
  const [ash] = shown(state([card("c1", { state: "gone", fate: null })]));
  assert.deepEqual([ash.count, ash.elsewhere], [1, 0]);
});

test("fates of messages whose texts a reload took are told together and don't fade", () => {
  const own = [sent("s1", { state: "viewed", text: null }), sent("s2", { state: "withdrawn", text: null }), sent("s3", { text: null })];
  const entries = shown(state([], own));
  assert.deepEqual(entries.map(({ key }) => key), ["fates", "sent:s3"]);
  assert.deepEqual(entries[0].items.map(({ id }) => id), ["s1", "s2"]);
});

test("three closed cards of one author in a row are a stack, two are not", () => {
  const two = [card("c1"), card("c2"), card("c3", { author: "bo" })];
  assert.deepEqual(keys(state(two)), ["card:c1", "card:c2", "card:c3"]);
  const [stack, next] = shown(state([...range(3).map((index) => card(`c1${index}`)), card("c20", { author: "bo" })]));
  assert.deepEqual([stack.kind, stack.author, stack.next, stack.count, stack.ids], ["stack", "ada", "c10", 3, ["c10", "c11", "c12"]]);
  assert.equal(next.key, "card:c20");
});

test("one's own message and another's come between two stacks, ash does not", () => {
  const cards = range(7).map((index) => card(`c${index}`, index === 3 ? { state: "shown_gone" } : {}));
  assert.deepEqual(keys(state(cards)), ["stack:c0", "ash"]);
  assert.deepEqual(keys(state(cards, [sent("s3")])), ["stack:c0", "ash", "sent:s3", "stack:c4"]);
});

test("what turns out to stand between the cards of a stack parts it", () => {
  const memory = fresh();
  const cards = [1, 3, 5].map((at) => card(`c${at}`));
  const own = [2, 4].map((at) => sent(`s${at}`, { state: "sending", sequence: null, postedAt: null }));
  assert.deepEqual(keys(state(cards, own), memory), ["stack:c1", "sent:s2", "sent:s4"]);
  own[0].sequence = 2;
  assert.deepEqual(keys(state(cards, own), memory), ["card:c1", "sent:s2", "card:c3", "card:c5", "sent:s4"]);
});

test("what is opened of a stack stands before it, and the stack stays until one card is left", () => {
  const memory = fresh();
  const cards = range(4).map((index) => card(`c${index}`));
  const [{ key }] = shown(state(cards), memory);
  for (const [index, left] of [3, 2].entries()) {
    cards[index].state = "opening";
    assert.deepEqual(keys(state(cards), memory).slice(-2), [`card:c${index}`, key]);
    cards[index].state = "shown_gone";
    assert.deepEqual(shown(state(cards), memory).at(-1).count, left);
  }
  cards[2].state = "open";
  assert.deepEqual(keys(state(cards), memory).slice(-2), ["card:c2", "card:c3"]);
});

test("what needs a line of its own is in no stack: refused, given back, twice", () => {
  const apart = [{ error: "unreachable" }, { state: "returned" }, { repeated: true }, { gapBefore: 1 }, { state: "broken" }];
  const cards = apart.flatMap((more, index) => range(3).map((at) => card(`c${index}${at}`, more)));
  assert.ok(shown(state(cards)).every(({ kind }) => kind === "card"));
});

test("a flood is one entry wherever its cards stand, and the others' messages are all there", () => {
  const cards = range(60).map((index) => card(`c${index}`, { author: index % 3 === 2 ? `m${index}` : "flo" }));
  const entries = shown(state(cards));
  const floods = entries.filter(({ kind }) => kind === "stack");
  assert.deepEqual(floods.map(({ author, count, next }) => [author, count, next]), [["flo", 40, "c0"]]);
  assert.equal(entries.length, 21);
  // Where two talk, each message stands where it was written.
  assert.ok(shown(state(cards, [], { room: { seats: 2 } })).every(({ kind }) => kind === "card"));
});

test("a flood that is read down to a few does not fall apart, and no key is there twice", () => {
  const memory = fresh();
  const cards = range(30).map((index) => card(`c${index}`, { author: index % 2 === 1 ? `m${index}` : "flo" }));
  for (const one of cards.filter(({ author }) => author === "flo")) {
    const all = keys(state(cards), memory);
    assert.equal(new Set(all).size, all.length);
    assert.ok(shown(state(cards), memory).filter(({ kind }) => kind === "stack").length <= 1);
    one.state = "shown_gone";
  }
});

test("a stack says what of it others are reading, and who if it is one", () => {
  const taken = (id, holder) => card(id, { state: "taken", holder });
  const [one] = shown(state([card("c1"), taken("c2", "gus"), taken("c3", "gus")]));
  assert.deepEqual([one.count, one.taken, one.holder, one.next], [1, 2, "gus", "c1"]);
  const [several] = shown(state([taken("c1", "bo"), taken("c2", "gus"), taken("c3", "gus")]));
  assert.deepEqual([several.count, several.taken, several.holder, several.next], [0, 3, null, null]);
});

test("of a hidden member one line is left, nothing of it waits, and what was shown stays shown", () => {
  const memory = { ...fresh(), hidden: new Set(["flo"]) };
  const flo = (id, more) => card(id, { author: "flo", ...more });
  const cards = [flo("c1"), card("c2"), flo("c3"), flo("c4", { state: "gone", fate: "expired" }), flo("c5", { state: "open" })];
  const entries = shown(state(cards), memory);
  assert.deepEqual(entries.map(({ key }) => key), ["card:c2", "hidden:flo", "card:c5"]);
  assert.deepEqual(entries[1].ids, ["c1", "c3"]);
  assert.equal(waiting(state(cards), memory.hidden), 1);
  for (const id of entries[1].ids) memory.revealed.add(id);
  cards.push(flo("c6"));
  assert.deepEqual(keys(state(cards), memory), ["card:c1", "card:c2", "card:c3", "card:c5", "hidden:flo"]);
});

test("neighbours of one author within five minutes are a group", () => {
  const cards = [card("c1", { state: "open" }), card("c2", { state: "open", postedAt: T0 + 4 * MINUTE }),
    card("c3", { state: "open", postedAt: T0 + 8 * MINUTE }), card("c4", { state: "open", postedAt: T0 + 14 * MINUTE }),
    card("c5", { author: "bo" })];
  const own = [sent("s6"), sent("s7", { state: "sending", sequence: null, postedAt: null })];
  assert.deepEqual(shown(state(cards, own)).map((entry) => entry.group),
    ["first", "inner", "last", "only", "only", "first", "last"]);
  // A server may name moments that no calendar has.
  assert.equal(shown(state([card("c1"), card("c2", { postedAt: NaN })]))[0].group, "only");
});

test("cards that were open in a reload are told first", () => {
  const interrupted = [{ id: "c9", author: "ada" }];
  assert.deepEqual(keys(state([card("c1")], [], { interrupted })), ["interrupted", "card:c1"]);
});

test("twice as many messages are twice the work", () => {
  let reads = 0;
  const counted = (object) => new Proxy(object, { get(target, name) { reads += 1; return target[name]; } });
  const work = (count) => {
    const cards = range(count).map((index) => counted(card(`c${2 * index}`, {
      author: `m${index % 10}`, state: ["closed", "closed", "shown_gone", "taken", "open"][index % 5], holder: "gus",
    })));
    const own = range(count).map((index) =>
      counted(sent(`s${2 * index + 1}`, index % 2 === 0 ? { state: "viewed", text: null } : {})));
    const memory = fresh();
    shown(state(cards, own), memory);
    reads = 0;
    shown(state(cards, own), memory);
    return reads;
  };
  assert.ok(work(1400) < 2.2 * work(700));
});
