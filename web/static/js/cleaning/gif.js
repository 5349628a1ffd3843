/** GIF: of its extensions may stay how a picture is shown, and how often all of them are. */

import { Reader, begins, insist, joined, latin } from "./reading.js";

const [PICTURE, EXTENSION, END] = [0x2c, 0x21, 0x3b];
const [CONTROL, APPLICATION] = [0xf9, 0xff];
const LOOP = "NETSCAPE2.0";

/**
 * Nothing of what follows its end.
 * @param {Uint8Array} data
 */
export function cleanedGif(data) {
  const reader = new Reader(data);
  const head = reader.bytes(13);
  insist(begins(head, 0, "GIF87a") || begins(head, 0, "GIF89a"));
  const made = [head, reader.bytes(table(head[10]))];
  let pictures = 0;
  for (let block = reader.number(1); block !== END; block = reader.number(1)) {
    reader.part();
    insist(block === PICTURE || block === EXTENSION);
    if (block === EXTENSION) made.push(extension(reader));
    else {
      const place = reader.bytes(9);
      made.push(Uint8Array.of(PICTURE), place, reader.bytes(table(place[8])), reader.bytes(1), coded(reader));
      pictures += 1;
    }
  }
  insist(pictures > 0);
  made.push(Uint8Array.of(END));
  return joined(made);
}

/** Bytes of a table of colours. @param {number} flags */
const table = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** Pieces in turn, to the empty one. @param {Reader} reader */
function* pieces(reader) {
  for (let length = reader.number(1); length > 0; length = reader.number(1)) yield reader.bytes(length);
}

/** All pieces with their lengths, in one: there may be one for each byte. @param {Reader} reader */
function coded(reader) {
  const start = reader.at;
  for (const _ of pieces(reader));
  return reader.data.subarray(start, reader.at);
}

/** @param {Reader} reader */
function extension(reader) {
  const kind = reader.number(1);
  /** @type {Uint8Array|null} */
  let first = null;
  /** @type {Uint8Array|null} */
  let times = null;
  let count = 0;
  for (const piece of pieces(reader)) {
    if (count === 0) first = piece;
    else if (piece.length === 3 && piece[0] === 1) times ??= piece;
    count += 1;
  }
  if (kind === CONTROL && first?.length === 4 && count === 1) {
    return joined([Uint8Array.of(EXTENSION, CONTROL, 4), first, Uint8Array.of(0)]);
  }
  const isLoop = kind === APPLICATION && first?.length === LOOP.length && begins(first, 0, LOOP);
  if (!isLoop || times === null) return new Uint8Array(0);
  return joined([Uint8Array.of(EXTENSION, APPLICATION, 11), latin(LOOP), Uint8Array.of(3), times, Uint8Array.of(0)]);
}
