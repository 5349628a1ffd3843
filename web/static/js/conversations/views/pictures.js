/**
 * Small pictures of people: made here of whatever somebody chooses, and shown of what others have sent. A picture is a
 * JPEG, drawn anew, so that nothing of the file it was made of goes along: neither place nor time, nor the rest of it.
 */

import { Refusal } from "../../protocol/errors.js";
import { toBase64url } from "../../protocol/encoding.js";

/** So many points wide and high one is made, and no more than so many bytes: a register has room for that and a name. */
const SIDE = 128;
const MOST_BYTES = 5_600;
const QUALITIES = [0.85, 0.7, 0.55, 0.4, 0.25];
/** What others have sent is drawn up to this size: a small file may unfold to a very large picture. */
const MOST_SIDE = 512;
/** A file that is larger than this isn't opened. */
const MOST_FILE_BYTES = 32 * 1024 * 1024;

/**
 * The middle of a picture, made small.
 * @param {Blob} file
 * @returns {Promise<string>} base64url
 * @throws {Refusal} `picture_form`: none that this browser can open
 */
export async function pictureOf(file) {
  if (file.size > MOST_FILE_BYTES) throw new Refusal("picture_form");
  const bitmap = await createImageBitmap(file).catch(() => { throw new Refusal("picture_form"); });
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d");
  const side = Math.min(bitmap.width, bitmap.height);
  if (context === null || side < 1) throw new Refusal("picture_form");
  // What is transparent would be black.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  for (const quality of QUALITIES) {
    /** @type {Blob|null} */
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", quality); });
    if (blob?.type === "image/jpeg" && blob.size <= MOST_BYTES) return toBase64url(new Uint8Array(await blob.arrayBuffer()));
  }
  throw new Refusal("picture_form");
}

/**
 * What an image shows of it.
 * @param {unknown} picture  as somebody has sent it
 * @returns {string|null} an address; null: it is none, or too large to be drawn
 */
export function addressOf(picture) {
  if (typeof picture !== "string" || !/^[\w-]+$/.test(picture) || picture.length % 4 === 1) return null;
  const size = sizeOf(Uint8Array.from(atob(standard(picture)), (one) => one.charCodeAt(0)));
  if (size === null || Math.max(...size) > MOST_SIDE) return null;
  return `data:image/jpeg;base64,${standard(picture)}`;
}

/** @param {string} text  base64url */
const standard = (text) => text.replaceAll("-", "+").replaceAll("_", "/");

/**
 * How wide and high a JPEG is by its first frame (ITU-T T.81, B.2.2).
 * @param {Uint8Array} bytes
 * @returns {[number, number]|null}
 */
export function sizeOf(bytes) {
  const two = (/** @type {number} */ at) => bytes[at] * 256 + bytes[at + 1];
  if (two(0) !== 0xffd8) return null;
  for (let at = 2; at + 8 < bytes.length && bytes[at] === 0xff; at += 2 + two(at + 2)) {
    const kind = bytes[at + 1];
    // Behind these no length stands, and a browser looks on where nothing was looked at here.
    if (kind < 0xc0 || (kind >= 0xd0 && kind <= 0xd9) || kind === 0xff) return null;
    const isFrame = kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind);
    if (isFrame) return [two(at + 7), two(at + 5)];
  }
  return null;
}
