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
    insist(block === PICTURE || block === EXTENSION);
    if (block === EXTENSION) made.push(extension(reader));
    else {
      const place = reader.bytes(9);
      made.push(Uint8Array.of(PICTURE), place, reader.bytes(table(place[8])), reader.bytes(1));
      for (const piece of pieces(reader)) made.push(Uint8Array.of(piece.length), piece);
      made.push(Uint8Array.of(0));
      pictures += 1;
    }
  }
  insist(pictures > 0);
  made.push(Uint8Array.of(END));
  return joined(made);
}

/** Bytes of a table of colours. @param {number} flags */
const table = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** @param {Reader} reader */
function pieces(reader) {
  const made = [];
  for (let length = reader.number(1); length > 0; length = reader.number(1)) made.push(reader.bytes(length));
  return made;
}

/** @param {Reader} reader */
function extension(reader) {
  const kind = reader.number(1);
  const [first, ...others] = pieces(reader);
  if (kind === CONTROL && first?.length === 4 && others.length === 0) {
    return joined([Uint8Array.of(EXTENSION, CONTROL, 4), first, Uint8Array.of(0)]);
  }
  const isLoop = kind === APPLICATION && first?.length === LOOP.length && begins(first, 0, LOOP);
  const times = isLoop ? others.find((piece) => piece.length === 3 && piece[0] === 1) : undefined;
  if (times === undefined) return new Uint8Array(0);
  return joined([Uint8Array.of(EXTENSION, APPLICATION, 11), latin(LOOP), Uint8Array.of(3), times, Uint8Array.of(0)]);
}
