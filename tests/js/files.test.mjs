/** Files: what is sealed a second time shares nothing with the first. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout, paddedLength } from "../../web/static/js/protocol/files/layout.js";
import { sealSegment } from "../../web/static/js/protocol/files/segments.js";

test("two attempts at one segment share no key and nonce", async () => {
  const { deriveKey, encrypt } = crypto.subtle;
  const keys = new Map();
  const used = [];
  crypto.subtle.deriveKey = async (by, ...others) => {
    const key = await deriveKey.call(crypto.subtle, by, ...others);
    keys.set(key, Buffer.concat([by.salt, by.info]).toString("hex"));
    return key;
  };
  crypto.subtle.encrypt = (by, key, data) => {
    used.push(`${keys.get(key)} ${Buffer.from(by.iv).toString("hex")}`);
    return encrypt.call(crypto.subtle, by, key, data);
  };
  try {
    const file = { id: new Uint8Array(16), key: new Uint8Array(32) };
    const random = (size) => crypto.getRandomValues(new Uint8Array(size));
    const layout = new Layout(paddedLength(262_145));
    for (const byte of [1, 1, 2]) await sealSegment(file, layout, 0, new Uint8Array(layout.padded).fill(byte), random);
    const other = new Layout(2 ** 21);
    for (const number of [0, 1]) await sealSegment(file, other, number, new Uint8Array(2 ** 20), (size) => new Uint8Array(size));
  } finally {
    delete crypto.subtle.deriveKey;
    delete crypto.subtle.encrypt;
  }
  assert.equal(used.length, 3 * 2 + 2 * 4);
  assert.equal(new Set(used).size, used.length);
});
