/** The small picture of a file: its sender may have made it to attack whatever decodes it. */

import { sizeOf } from "../../conversations/views/pictures.js";

/** A small file may unfold to a very large picture. */
const MOST_SIDE = 512;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} bytes  a JPEG; others stay hidden
 */
export async function drawThumbnail(canvas, bytes) {
  const size = sizeOf(bytes);
  if (size === null || Math.max(...size) > MOST_SIDE || Math.min(...size) < 1) return;
  const bitmap = await createImageBitmap(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: "image/jpeg" }));
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  canvas.hidden = false;
}
