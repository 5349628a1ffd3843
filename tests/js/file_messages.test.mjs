/** What messages say of files: the digest that counts, what is shown of them, and what own devices tell each other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Applying } from "../../web/static/js/conversations/applying.js";
import { evidenceOf } from "../../web/static/js/conversations/evidence.js";
import { MemoryStore } from "../../web/static/js/conversations/memory-store.js";
import { newState } from "../../web/static/js/conversations/state.js";
import { chatEntries } from "../../web/static/js/conversations/views/chat-entries.js";
import { Files } from "../../web/static/js/media/files.js";
import { KnownFiles } from "../../web/static/js/media/known-files.js";
import { Watched } from "../../web/static/js/media/watched.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { sha256 } from "../../web/static/js/protocol/keys.js";
import { Registers } from "../../web/static/js/protocol/conversations/registers.js";
import { confirmationBody, filesBody } from "../../web/static/js/protocol/files/contents.js";
import { sealInfo } from "../../web/static/js/protocol/files/info.js";
import { fromBase64url } from "../../web/static/js/protocol/encoding.js";

const bytes = (fill, length = 16) => new Uint8Array(length).fill(fill);
const named = (fill, length) => toBase64url(bytes(fill, length));
const FILE = { id: bytes(1), key: bytes(2, 32) };
const ID = toBase64url(FILE.id);
const [BO, EVE] = [named(8, 32), named(9, 32)];
const CONVERSATION = named(5);
const DAY = 86_400_000;

/** Reads messages into a conversation; what is shown then, by places. */
async function shown(...said) {
  const store = new MemoryStore();
  const state = newState({ place: 0, hash: named(0, 32), first: 0, record: { epoch: 1, R: named(0, 32), place: 0 }, reason: null, listed: true });
  const reads = said.map(({ chain = BO, at = 1000, kind, body }, index) => ({
    kind: "message", s: index + 1, at, device: named(chain === BO ? 6 : 7), hash: bytes(0, 32), digest: named(3, 32), id: named(20 + index), chain,
    content: { kind, at, body }, isAdmin: false, timer: 0, proof: { ad: "", signature: "" },
  }));
  const self = { device: named(99), chain: named(98, 32), isAlone: false };
  await store.change((within) => new Applying(CONVERSATION, self, within, state).apply(reads));
  return Promise.all(reads.map(({ s }) => store.line(CONVERSATION, s)));
}

const naming = { kind: "file", body: filesBody([{ file: FILE, padded: 4096, info: bytes(4, 32) }]) };
const digest = (fill, more = {}) => ({ kind: "digest", ...more,
  body: confirmationBody({ device: bytes(6), message: bytes(20), file: more.file ?? FILE.id, digest: bytes(fill, 32) }) });

test("the first digest of whoever named the file counts, however late, and nobody else's", async () => {
  const [line, foreign, first, second, other] = await shown(
    naming, digest(1, { chain: EVE }), digest(2, { at: 40 * DAY }), digest(3), digest(4, { file: bytes(77) }));
  assert.deepEqual(line.confirmed, { [ID]: named(2, 32) });
  assert.deepEqual([foreign.code, first, second, other.code], ["message_target", undefined, undefined, "message_target"]);
});

test("files are no words: they aren't changed, and prove nothing to operators", async () => {
  const [line, edit] = await shown(naming, { kind: "edit", body: { of: { device: named(6), id: named(20) }, text: "x", mentions: [] } });
  assert.deepEqual([line.content, edit.code], [{ ...naming, at: 1000 }, "message_target"]);
  assert.throws(() => evidenceOf(line), { code: "report_unproven" });
  const gone = await shown(naming, { kind: "delete", body: { of: { device: named(6), id: named(20) } } });
  assert.deepEqual([gone[0].content, gone[0].deleted], [null, true]);
});

test("a message shows the files that it names, with the digest once that was said", async () => {
  const [line] = await shown(naming, digest(2));
  const waiting = [{ id: "w", kind: "file", at: 2000, body: naming.body, refused: null }];
  const [, entry, own] = chatEntries({ lines: [{ place: 1, value: line }], waiting, me: named(98, 32), device: named(99), receipts: {}, unread: 0, day: () => "today" });
  assert.deepEqual([entry.text, entry.files.map(({ file, digest: known }) => [file, known])], ["", [[ID, named(2, 32)]]]);
  assert.deepEqual([own.sent, own.files[0].digest], ["waiting", null]);
});

/** Own devices that hear what is noted at once. */
class Own {
  all = new Registers();
  noted = [];
  flushes = 0;

  registers = async () => this.all;
  note = async (register, key, value) => {
    this.noted.push([key, value?.digest]);
    this.all = this.all.with({ kind: "sync", at: 0, body: { register, key, value } });
  };

  flush = async () => { this.flushes += 1; };
}

test("own devices are told a file's key once, its digest later, and no more of what is gone", async () => {
  const own = new Own();
  const known = new KnownFiles(own, () => 100 * DAY);
  const one = { file: FILE, padded: 4096, info: bytes(4, 32), conversation: CONVERSATION, device: named(6), message: named(20), digest: null, until: 101 * DAY };
  await Promise.all([known.tell(ID, one), known.tell(ID, one), known.tell(ID, { ...one, digest: bytes(2, 32) }), known.tell(ID, one)]);
  assert.deepEqual(own.noted, [[ID, null], [ID, named(2, 32)]]);
  // As a device has it that was linked since.
  const linked = await new KnownFiles(Object.assign(new Own(), { all: Registers.fromJson(own.all.toJson()) }), () => 0).one(ID);
  assert.deepEqual([linked.file.key, linked.digest], [FILE.key, bytes(2, 32)]);
  const old = toBase64url(bytes(66));
  await known.tell(old, { ...one, file: { id: bytes(66), key: FILE.key }, until: 3 * DAY });
  await own.note("files", "of a later version", { v: 2 });
  await known.tidy();
  assert.deepEqual([...(await known.all()).keys()], [ID]);
  await known.forget(ID);
  assert.equal(own.all.get("files", ID), null);
});

test("what one message says of a file says nothing of another that names the same", async () => {
  const own = new Own();
  const talk = { own, subscribe: () => () => undefined };
  const tokens = { ask: async () => { throw new Refusal("unreachable"); } };
  const files = new Files({ tokens, base: "https://here.example/", clock: { now: () => 0 }, rows: {}, storage: {}, locks: {} }, talk, {});
  try {
    const reference = { file: FILE, padded: 4096, info: bytes(4, 32) };
    const where = { conversation: CONVERSATION, device: named(6), message: named(20), digest: null };
    const one = files.watch(reference, where);
    const foreign = files.watch({ ...reference, file: { id: FILE.id, key: bytes(77, 32) } }, { ...where, device: named(7), digest: named(3, 32) });
    assert.notEqual(one, foreign);
    assert.deepEqual([one.digest, foreign.digest, one.reference.file.key], [null, bytes(3, 32), FILE.key]);
    assert.equal(files.watch(reference, { ...where, digest: named(2, 32) }), one);
    assert.deepEqual(one.digest, bytes(2, 32));
  } finally {
    files.close();
  }
});

test("a file is shown as the message names it, and says how it ended", async () => {
  const info = await sealInfo(FILE, { name: "a.txt", type: "text/plain", size: 3000, width: null, height: null, seconds: null, thumbnail: null, made_by: null }, (size) => bytes(1, size));
  const reference = { file: FILE, padded: 4096, info: await sha256(info) };
  const standing = { id: ID, conversation: CONVERSATION, isOwn: false, padded: 4096, info, landed: Uint8Array.of(0), isComplete: false, isBroken: false, createdAt: 0, expiresAt: 500 };
  const watched = (answer, now = 100) => {
    const one = new Watched(reference, { id: ID, now: () => now, api: { one: async () => (answer instanceof Refusal ? Promise.reject(answer) : { ...standing, ...answer }) } });
    return one.read().then(() => one);
  };
  const one = await watched({});
  assert.deepEqual([one.state, one.info.name, one.bytes], ["uploading", "a.txt", 0]);
  one.hear({ bitmap: toBase64url(Uint8Array.of(1)), expires_at: 900 });
  assert.deepEqual([one.state, one.bytes, one.expiresAt], ["complete", 4096, 900]);
  one.hear({ bitmap: null, expires_at: null });
  // Nobody has signed why; only of what this account has deleted itself it is known.
  assert.equal(one.state, "gone");
  one.end();
  one.hear({ bitmap: null, expires_at: null });
  assert.equal(one.state, "deleted");
  const late = await watched({ isComplete: true });
  late.confirm(bytes(2, 32));
  late.confirm(bytes(3, 32));
  assert.deepEqual(late.digest, bytes(2, 32));
  assert.equal((await watched({ isComplete: true, isBroken: true })).state, "broken");
  assert.equal((await watched(new Refusal("file_unknown"))).state, "gone");
  assert.equal((await watched(new Refusal("unreachable"))).state, "offline");
  for (const [answer, code] of [[{ padded: 4224 }, "file_layout"], [{ info: fromBase64url(named(3, 1024)) }, "info_open"]]) {
    const refused = await watched(answer);
    assert.deepEqual([refused.state, refused.code, refused.info], ["refused", code, null]);
  }
  const past = await watched({}, 600);
  past.hear({ bitmap: null, expires_at: null });
  assert.equal(past.state, "expired");
});
