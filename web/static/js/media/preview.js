/** What is told of a picture or film besides its bytes: how large it is, how long, and a small picture of it. */

import { THUMBNAIL_BYTES, SIDE_MOST } from "../protocol/files/info.js";

/** @typedef {{width: number|null, height: number|null, seconds: number|null, thumbnail: Uint8Array|null}} Preview */

/** Points of the longer side. */
const SIDE = 320;
const QUALITIES = [0.8, 0.65, 0.5, 0.35, 0.2];
/** A larger picture isn't unfolded for its small one. */
const PICTURE_BYTES = 67_108_864;
/** A browser that can't read a film by then can't. */
const FILM_MS = 4000;

/** @type {Preview} */
const NOTHING = Object.freeze({ width: null, height: null, seconds: null, thumbnail: null });

/**
 * Of what is sent, after it was cleaned: a small picture of what was there before could show more.
 * @param {Blob} content
 * @param {string} type
 * @returns {Promise<Preview>}
 */
export async function previewOf(content, type) {
  try {
    if (type.startsWith("image/") && type !== "image/svg+xml" && content.size <= PICTURE_BYTES) return await ofPicture(content);
    if (type.startsWith("video/")) return await ofFilm(content);
  } catch {
    // None that this browser can show: it goes without.
  }
  return NOTHING;
}

/** @param {Blob} content */
async function ofPicture(content) {
  const bitmap = await createImageBitmap(content);
  const made = { ...sides(bitmap.width, bitmap.height), seconds: null, thumbnail: await small(bitmap, bitmap.width, bitmap.height) };
  bitmap.close();
  return made;
}

/** @param {Blob} content  @returns {Promise<Preview>} */
async function ofFilm(content) {
  const url = URL.createObjectURL(content);
  const film = document.createElement("video");
  film.muted = true;
  film.preload = "auto";
  const ready = (/** @type {string} */ name) => new Promise((resolve, reject) => {
    film.addEventListener(name, resolve, { once: true });
    film.addEventListener("error", reject, { once: true });
    setTimeout(reject, FILM_MS);
  });
  try {
    const loaded = ready("loadeddata");
    film.src = url;
    await loaded;
    const seconds = Number.isFinite(film.duration) ? Math.round(film.duration) : null;
    const thumbnail = await small(film, film.videoWidth, film.videoHeight).catch(() => null);
    return { ...sides(film.videoWidth, film.videoHeight), seconds, thumbnail };
  } finally {
    film.removeAttribute("src");
    film.load();
    URL.revokeObjectURL(url);
  }
}

/** @param {number} width  @param {number} height */
const sides = (width, height) =>
  (width >= 1 && height >= 1 && Math.max(width, height) <= SIDE_MOST ? { width, height } : { width: null, height: null });

/**
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Uint8Array|null>} a JPEG; null: none is small enough
 */
async function small(picture, width, height) {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  if (context === null) return null;
  // What is transparent would be black.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  for (const quality of QUALITIES) {
    /** @type {Blob|null} */
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", quality); });
    if (blob?.type === "image/jpeg" && blob.size <= THUMBNAIL_BYTES) return new Uint8Array(await blob.arrayBuffer());
  }
  return null;
}
