/** A picture on a canvas: nothing of the file becomes an element, a document or an address. */

import { Refusal } from "../../protocol/errors.js";
import { PIXELS_MOST, pictureForm } from "../../protocol/picture-form.js";
import { el } from "../../ui/el.js";

/** What is read whole to be shown. */
const BYTES_MOST = 64 * 2 ** 20;
/** A canvas needs no more to fill the largest screens. */
const SIDE_MOST = 4096;

/**
 * @param {import("../ways.js").Source} source
 * @param {string} title
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLCanvasElement>}
 * @throws {Refusal} `picture_form`: no picture that is shown; what the source gives
 */
export async function pictureView(source, title, signal) {
  const { size } = source;
  if (size > BYTES_MOST) throw new Refusal("picture_form");
  const bytes = await source.read(0, size, { signal });
  const form = pictureForm(bytes);
  if (form === null || form.width * form.height > PIXELS_MOST) throw new Refusal("picture_form");
  const scale = Math.min(1, SIDE_MOST / Math.max(form.width, form.height));
  const sides = scale === 1 ? {} : { resizeWidth: Math.max(1, Math.round(form.width * scale)), resizeQuality: /** @type {const} */ ("high") };
  const picture = await createImageBitmap(new Blob([/** @type {BlobPart} */ (bytes)], { type: form.type }), sides)
    .catch(() => { throw new Refusal("picture_form"); });
  const canvas = el("canvas", { class: "film-picture whole-picture", role: "img", "aria-label": title });
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
  return canvas;
}
