/** What was sealed in one place opens in no other: another room of the same code, author, or id. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "../../web/static/js/device/random.js";
import { RoomCrypto } from "../../web/static/js/room/room-crypto.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { contentKeys, roomKeys } from "../../web/static/js/protocol/keys.js";
import * as profiles from "../../web/static/js/room/profiles.js";
import { encodeProfile, sealProfile } from "../../web/static/js/protocol/profile.js";

const ROOT = new Uint8Array(32).fill(1);
const OLD = new Uint8Array(32).fill(2);
const NEW = new Uint8Array(32).fill(3);
const ANNA = toBase64url(new Uint8Array(16).fill(4));
const BEN = toBase64url(new Uint8Array(16).fill(5));
const FIRST = toBase64url(new Uint8Array(16).fill(6));
const SECOND = toBase64url(new Uint8Array(16).fill(7));
const CONTENT = { type: "text", text: "old secret" };
const WRITTEN = { viewing: randomBytes(32), counter: 1, content: CONTENT };

const keysOf = async (nonce) => contentKeys((await roomKeys(ROOT.slice())).roomSecret, nonce);
const cryptoBy = async (keysFrom, roomNonce, me) =>
  new RoomCrypto({ keys: await keysOf(keysFrom), messages: null, roomNonce, me, randomBytes, profiles: async () => profiles });
const cryptoOf = (nonce, me) => cryptoBy(nonce, nonce, me);

test("an old envelope does not open in a room made again with the same code", async () => {
  const { envelope } = await (await cryptoOf(OLD, ANNA)).message(FIRST, WRITTEN);
  const reader = await cryptoOf(NEW, BEN);
  await assert.rejects(reader.open(FIRST, ANNA, envelope), { code: "envelope_open" });
  assert.equal((await (await cryptoOf(OLD, BEN)).open(FIRST, ANNA, envelope)).text, "old secret");
});

test("keys and the envelope's binding each keep the rooms apart", async () => {
  const { envelope } = await (await cryptoOf(OLD, ANNA)).message(FIRST, WRITTEN);
  const oldKeys = await cryptoBy(OLD, NEW, BEN);
  await assert.rejects(oldKeys.open(FIRST, ANNA, envelope), { code: "envelope_open" });
  const oldBinding = await cryptoBy(NEW, OLD, BEN);
  await assert.rejects(oldBinding.open(FIRST, ANNA, envelope), { code: "envelope_open" });
});

test("an envelope under another author or another id does not open", async () => {
  const { envelope } = await (await cryptoOf(OLD, ANNA)).message(FIRST, WRITTEN);
  const reader = await cryptoOf(OLD, BEN);
  for (const [id, author] of [[SECOND, ANNA], [FIRST, BEN], [ANNA, FIRST]]) {
    await assert.rejects(reader.open(id, author, envelope), { code: "envelope_open" });
  }
});

test("a name is read in its own room and under its own member alone", async () => {
  const { profileKey } = await keysOf(OLD);
  const seat = { roomNonce: OLD, member: new Uint8Array(16).fill(4) };
  const padded = encodeProfile({ name: "Anna", colour: 1 });
  const sealed = toBase64url(await sealProfile(profileKey, seat, randomBytes(12), padded));
  assert.equal((await (await cryptoOf(OLD, BEN)).profile(ANNA, sealed)).name, "Anna");
  assert.equal(await (await cryptoOf(OLD, BEN)).profile(BEN, sealed), null);
  assert.equal(await (await cryptoOf(NEW, BEN)).profile(ANNA, sealed), null);
});

test("keys that were forgotten open nothing", async () => {
  const mine = await cryptoOf(OLD, ANNA);
  const { envelope } = await mine.message(FIRST, WRITTEN);
  mine.forget();
  await assert.rejects(mine.open(FIRST, ANNA, envelope), { code: "ended" });
});

test("proof of viewing is the posted hash's own bytes and nothing else", async () => {
  const mine = await cryptoOf(OLD, ANNA);
  const { hash, envelope } = await mine.message(FIRST, WRITTEN);
  const { viewing } = await mine.open(FIRST, ANNA, envelope);
  assert.ok(await mine.isHashOf(hash, viewing));
  for (const lie of [null, "", hash, `${viewing}=`, `${viewing}AAAA`, toBase64url(ROOT), 1, {}]) {
    assert.equal(await mine.isHashOf(hash, lie), false, String(lie));
  }
});
