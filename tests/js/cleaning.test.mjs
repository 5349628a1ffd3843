/** Cleaning, beside its vectors: what is asked about, and how many parts are too many. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cleaned } from "../../web/static/js/cleaning/clean.js";
import { mayTell } from "../../web/static/js/cleaning/telling.js";

const latin = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test("what can't be cleaned is known by its first bytes, whatever its type and name", () => {
  const unknown = { type: "", name: "IMG_0001" };
  for (const [begin, file, told] of [
    ["\0\0\0\x18ftypheic", unknown, true], ["II*\0\x08", unknown, true], ["MM\0*", unknown, true], ["%PDF-1.7", unknown, true],
    ["whatever", { type: "image/heic", name: "x" }, true], ["whatever", { type: "", name: "a.DOCX" }, true],
    ["Words.", { type: "text/plain", name: "a.txt" }, false], ["PK\x03\x04", { type: "application/zip", name: "a.zip" }, false], ["", unknown, false],
  ]) assert.equal(mayTell(latin(begin), file), told, begin);
});

test("a picture of more parts than any has is refused before they fill the memory", async () => {
  const gif = "GIF89a\x01\0\x01\0\0\0\0";
  const picture = "\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
  const size = (error) => error.code === "not_cleaned" && error.details.why === "size";
  const png = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".padEnd(33, "\0");
  for (const [head, part, last] of [
    [gif, "\x21\xfe\0", picture], [png, "\0\0\0\0IDAT\0\0\0\0", ""], ["\xff\xd8", "\xff\xfe\0\x02", ""],
    ["RIFF\x0c\x35\x0c\0WEBP", "XMP \0\0\0\0", ""],
  ]) await assert.rejects(cleaned(latin(head + part.repeat(100_001) + last)), size, head);
  assert.equal((await cleaned(latin(gif + "\x21\xfe\0".repeat(99_998) + picture))).length, gif.length + picture.length);
});
