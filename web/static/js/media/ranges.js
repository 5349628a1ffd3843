/** Which bytes of a file a media element asks for, and as what it is answered (RFC 9110, 14). */

/** Of a request without an end so much at once: the element asks on from there. */
export const OPEN_MOST = 2 ** 20;

/**
 * What is played, as what it is served: a type that the sender claims is never passed on. QuickTime's films are read as
 * MP4 by browsers that can read them.
 * @type {Readonly<Record<string, string>>}
 */
const SERVED = Object.freeze({
  "video/mp4": "video/mp4", "video/quicktime": "video/mp4", "video/x-m4v": "video/mp4", "video/webm": "video/webm",
  "video/ogg": "video/ogg", "audio/mpeg": "audio/mpeg", "audio/mp3": "audio/mpeg", "audio/mp4": "audio/mp4",
  "audio/x-m4a": "audio/mp4", "audio/aac": "audio/aac", "audio/ogg": "audio/ogg", "audio/opus": "audio/ogg",
  "audio/webm": "audio/webm", "audio/wav": "audio/wav", "audio/x-wav": "audio/wav", "audio/flac": "audio/flac",
  "audio/x-flac": "audio/flac",
});
const TYPES = new Set(Object.values(SERVED));
const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** As what a file of this type is played; null: it isn't. @param {string} type  @returns {string|null} */
export const servedType = (type) => (Object.hasOwn(SERVED, type) ? SERVED[type] : null);

/** Whether a film or sound is ever served as this. @param {unknown} type */
export const isServed = (type) => typeof type === "string" && TYPES.has(type);

/**
 * From where up to where the answer goes. One with an end is answered whole; what isn't understood is asked for as if
 * nothing had been said.
 * @param {string|null} range  as the header says it
 * @param {number} size  of the file
 * @returns {{start: number, end: number}|null} null: nothing is there
 */
export function answered(range, size) {
  const [, from = "", to = ""] = RANGE.exec(range ?? "") ?? [];
  if (from === "" && to !== "") return part(size - Math.min(Number(to), size), size, size);
  const start = Number(from);
  if (to === "") return part(start, start + OPEN_MOST, size);
  return Number(to) < start ? part(0, OPEN_MOST, size) : part(start, Number(to) + 1, size);
}

/** @param {number} start  @param {number} end  @param {number} size */
function part(start, end, size) {
  return start >= size ? null : { start, end: Math.min(end, size) };
}
