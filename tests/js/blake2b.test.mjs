/** BLAKE2b as Argon2 uses it, beside that of node, and its one published answer (RFC 7693, appendix A). */

import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { blake2b } from "../../web/static/js/device/blake2b.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

test("the published answer", () => {
  assert.equal(hex(blake2b(new TextEncoder().encode("abc"), 64)),
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
});

for (const length of [0, 1, 64, 127, 128, 129, 255, 256, 257, 1028]) {
  test(`${length} bytes are hashed as node hashes them`, () => {
    const data = Uint8Array.from({ length }, (_, at) => at * 7);
    assert.equal(hex(blake2b(data, 64)), createHash("blake2b512").update(data).digest("hex"));
  });
}

test("a shorter hash is another, not a part of a longer one", () => {
  const [short, long] = [32, 64].map((size) => blake2b(new Uint8Array(3), size));
  assert.equal(short.length, 32);
  assert.notEqual(hex(short), hex(long.subarray(0, 32)));
});
