/** What can be done with a file, by its first bytes and not by what its author says of it. */

/** @typedef {"picture"|"sound"|"film"|"text"|"other"} Kind */

/** A longer text is shown as far as this. */
export const TEXT_BYTES = 262_144;
const TEXTS = /^(?:text\/(?:plain|csv|markdown|tab-separated-values)|application\/json)$/;
/** What no text has: control characters, but for tab, line feed, form feed, carriage return and escape. */
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f]/;

/** @param {Uint8Array} bytes  @param {number} at  @param {string} text  Latin-1 */
const has = (bytes, at, text) => [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));

/** Kinds by their beginnings, and the one type under which each is given to the browser. @type {[Kind, string, (bytes: Uint8Array) => boolean][]} */
const MAGIC = [
  ["picture", "image/jpeg", (b) => has(b, 0, "\xff\xd8\xff")],
  ["picture", "image/png", (b) => has(b, 0, "\x89PNG\r\n\x1a\n")],
  ["picture", "image/gif", (b) => has(b, 0, "GIF87a") || has(b, 0, "GIF89a")],
  ["picture", "image/webp", (b) => has(b, 0, "RIFF") && has(b, 8, "WEBP")],
  ["picture", "image/avif", (b) => has(b, 4, "ftyp") && (has(b, 8, "avif") || has(b, 8, "avis"))],
  ["sound", "audio/wav", (b) => has(b, 0, "RIFF") && has(b, 8, "WAVE")],
  ["sound", "audio/flac", (b) => has(b, 0, "fLaC")],
  ["sound", "audio/ogg", (b) => has(b, 0, "OggS")],
  ["sound", "audio/mpeg", (b) => has(b, 0, "ID3") || (b[0] === 0xff && (b[1] & 0xe6) === 0xe2)],
  ["sound", "audio/aac", (b) => b[0] === 0xff && (b[1] & 0xf6) === 0xf0],
  ["sound", "audio/mp4", (b) => has(b, 4, "ftyp") && (has(b, 8, "M4A ") || has(b, 8, "M4B "))],
  ["film", "video/webm", (b) => has(b, 0, "\x1a\x45\xdf\xa3")],
  ["film", "video/mp4", (b) => has(b, 4, "ftyp") && FILMS.test(latin(b.subarray(8, 12)))],
];
const FILMS = /^(?:isom|iso[2-9]|mp4[12]|avc1|av01|qt {2}|M4V |MSNV|dash|3gp.)$/;

/** @param {Uint8Array} bytes */
const latin = (bytes) => String.fromCharCode(...bytes);

/**
 * @param {Uint8Array} bytes
 * @param {string} mime  what its author says; only of what seems a text it decides anything
 * @returns {{kind: Kind, type: string}} `type`: under which it may be given to a browser
 */
export function kindOf(bytes, mime) {
  const found = MAGIC.find(([, , begins]) => begins(bytes));
  if (found !== undefined) {
    const [kind, type] = found;
    // A recorder's sound comes in the containers of films.
    if (kind === "film" && mime.startsWith("audio/")) return { kind: "sound", type: type.replace("video/", "audio/") };
    return { kind, type };
  }
  if (TEXTS.test(mime) && textOf(bytes) !== null) return { kind: "text", type: "text/plain" };
  return { kind: "other", type: "application/octet-stream" };
}

/**
 * The beginning of a text; null for what is none.
 * @param {Uint8Array} bytes
 * @returns {{text: string, isWhole: boolean}|null}
 */
export function textOf(bytes) {
  const isWhole = bytes.length <= TEXT_BYTES;
  try {
    // A character that is cut in two at the end is left out.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, TEXT_BYTES), { stream: !isWhole });
    return CONTROLS.test(text) ? null : { text, isWhole };
  } catch {
    return null;
  }
}
