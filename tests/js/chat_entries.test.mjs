// A conversation as entries: days, groups, what is new, how far it has come, and quiet lines.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chatEntries, isSilent } from "../../web/static/js/conversations/views/chat-entries.js";

const ME = "me";
const MINUTE = 60_000;
const DAY = 86_400_000;

const line = (place, value) => ({ place, value: { at: place * MINUTE, device: `of ${value.chain ?? "bo"}`, ...value } });
const text = (place, chain, words, more = {}) =>
  line(place, { kind: "message", id: `id ${place}`, chain, content: { kind: "text", at: 0, body: { text: words, mentions: [] } }, ...more });
const record = (place, more = {}) =>
  line(place, { kind: "record", epoch: place, chain: "bo", trouble: null, added: [], removed: [], left: [], roles: [], ...more });
const entries = (lines, more = {}) => chatEntries({
  lines, waiting: [], me: ME, device: "of me", receipts: {}, unread: 0, day: (at) => String(Math.floor(at / DAY)), ...more,
});
const kinds = (all) => all.map(({ kind }) => kind);
const messages = (all) => all.filter(({ kind }) => kind === "message");

test("neighbours of one author are a group until the day, the author or five minutes part them", () => {
  const all = entries([
    text(1, "bo", "a"), text(2, "bo", "b"), text(3, "bo", "c"), text(9, "bo", "later"), text(10, ME, "mine"),
    text(11, "bo", "d", { at: DAY }), text(12, "bo", "e", { at: DAY + 1 }),
  ]);
  assert.deepEqual(kinds(all), ["day", "message", "message", "message", "message", "message", "day", "message", "message"]);
  assert.deepEqual(messages(all).map(({ group }) => group), ["first", "inner", "last", "only", "only", "first", "last"]);
});

test("what is new is marked once, before the first that somebody else has said behind the mark", () => {
  const lines = [text(1, "bo", "old"), text(2, ME, "mine"), text(3, "bo", "new"), text(4, "bo", "newer")];
  assert.deepEqual(kinds(entries(lines, { unread: 1 })), ["day", "message", "message", "new", "message", "message"]);
  assert.ok(!kinds(entries(lines, { unread: 4 })).includes("new"));
  assert.ok(!kinds(entries(lines)).includes("new"));
});

test("an own message is sent, delivered to all, read by some, read by all; the newest alone says it in words", () => {
  const lines = [text(1, ME, "a"), text(2, ME, "b"), text(3, ME, "c"), text(4, "bo", "d")];
  const all = messages(entries(lines, { receipts: { bo: { delivered: 2, read: 1 } } }));
  assert.deepEqual(all.map(({ sent }) => sent), ["read", "delivered", "sent", null]);
  const three = messages(entries(lines, { receipts: { bo: { delivered: 3, read: 2 }, cleo: { delivered: 2, read: 1 } } }));
  assert.deepEqual(three.map(({ sent, readers, others }) => [sent, readers, others]),
    [["read", 2, 2], ["read_by", 1, 2], ["sent", 0, 2], [null, 0, 2]]);
  assert.deepEqual(all.map(({ newest }) => newest), [false, false, true, false]);
});

test("what waits stands at the end under the key that it will have, and never twice", () => {
  const waiting = [
    { id: "id 2", kind: "text", at: 2 * MINUTE, body: { text: "b", mentions: [] }, refused: null },
    { id: "id 3", kind: "text", at: 3 * MINUTE, body: { text: "c", mentions: [] }, refused: "message_length" },
    { id: "id 4", kind: "read", at: 4 * MINUTE, body: { place: 1 }, refused: null },
  ];
  const before = messages(entries([text(1, "bo", "a")], { waiting }));
  assert.deepEqual(before.map(({ key, sent }) => [key, sent]),
    [["message:id 1", null], ["message:id 2", "waiting"], ["message:id 3", "refused"]]);
  const after = messages(entries([text(1, "bo", "a"), text(2, ME, "b")], { waiting }));
  assert.deepEqual(after.map(({ key }) => key), ["message:id 1", "message:id 2", "message:id 3"]);
});

test("many of one kind that can't be read are one line, of two devices two", () => {
  const refused = (place, device) => line(place, { kind: "refused", code: "message_unreadable", device });
  const all = entries([refused(1, "a"), refused(2, "a"), refused(3, "b"), line(4, { kind: "destroyed" }), line(5, { kind: "destroyed" })]);
  assert.deepEqual(all.filter(({ kind }) => kind === "quiet").map(({ count }) => count), [2, 1, 2]);
});

test("what stood elsewhere before a server went back is told where it stood, unless it was said again", () => {
  const lost = [text(2, "bo", "lost").value, text(9, ME, "said again").value, text(2, "bo", "", { content: null }).value];
  const all = entries([text(1, "bo", "a"), text(2, "bo", "b", { id: "other", displaced: lost }), text(9, ME, "said again")]);
  assert.deepEqual(kinds(all), ["day", "message", "quiet", "message", "message"]);
  assert.deepEqual([all[2].line.kind, all[2].line.chain, all[2].line.text], ["displaced", "bo", "lost"]);
});

test("a gap that is noticed today makes no day of its own among those before", () => {
  const all = entries([text(1, "bo", "a"), line(2, { kind: "gap", from: 2, to: 2, at: 3 * DAY }), text(3, "bo", "b")]);
  assert.deepEqual(kinds(all), ["day", "message", "quiet", "message"]);
});

test("a record that changed nothing is silent, and one that did isn't", () => {
  assert.equal(isSilent(record(7).value), true);
  assert.equal(isSilent(record(1).value), false);
  for (const more of [{ added: ["a"] }, { removed: ["a"] }, { left: ["a"] }, { roles: [{ chain: "a", role: "admin" }] }, { timer: 0 },
    { joining: true }, { skipped: 3 }, { trouble: "box_broken" }]) {
    assert.equal(isSilent(record(7, more).value), false, JSON.stringify(more));
  }
});

test("a message that was taken back, changed, answered and marked shows all of that", () => {
  const reply = { kind: "reply", at: 0, body: { text: "yes", mentions: [], of: { device: "of bo", id: "id 1" }, quote: "really?" } };
  const [gone, answer] = messages(entries([
    text(1, "bo", "", { content: null, deleted: true }),
    text(2, ME, "", { content: reply, edits: 2, reactions: { bo: "!", cleo: "!", me: "?" } }),
  ]));
  assert.equal(gone.text, null);
  assert.deepEqual(answer.quote, { author: "of bo", text: "really?" });
  assert.equal(answer.edited, true);
  assert.deepEqual(answer.reactions, [["!", ["bo", "cleo"]], ["?", ["me"]]]);
});

test("whoever is named in a message sees that, and when it will be gone", () => {
  const named = { kind: "text", at: 0, body: { text: "you", mentions: [ME] } };
  const [one, own] = messages(entries([text(1, "bo", "", { content: named, until: 7, timer: 3 }), text(2, ME, "", { content: named })]));
  assert.deepEqual([one.mentioned, one.until, own.mentioned, own.until], [true, 7, false, 0]);
});
