/** How large a picture is that somebody else has sent, before a browser unfolds it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeOf } from "../../web/static/js/conversations/views/pictures.js";

const frame = (width, height) => [0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0];
const picture = (...parts) => Uint8Array.from([0xff, 0xd8, ...parts.flat(), 0xff, 0xda]);
const TABLE = [0xff, 0xdb, 0, 4, 1, 2];

test("the size of a picture is its frame's", () => {
  assert.deepEqual(sizeOf(picture(TABLE, frame(300, 200))), [300, 200]);
  assert.equal(sizeOf(picture(TABLE)), null);
});

// A browser looks for the next marker right behind these, where a length would be read.
for (const kind of [0x01, 0xbf, 0xd0, 0xd7, 0xd8, 0xd9, 0xff]) {
  test(`no large frame hides behind a marker without a length (${kind.toString(16)})`, () => {
    const large = frame(20_000, 20_000);
    assert.equal(sizeOf(picture([0xff, kind, 0, 2 + large.length], large, frame(8, 8))), null);
  });
}
