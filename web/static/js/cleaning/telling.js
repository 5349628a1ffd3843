/** Which files may tell where, when and by whom they were made, whether or not that can be taken out here. */

import { begins } from "./reading.js";

/** Bytes of its beginning by which a file is judged. */
export const HEAD_BYTES = 64;

/** Types, ends of names and beginnings of what tells of itself and can't be cleaned: a browser often knows no type of it. */
const TYPES = /^(?:image|video|audio|font)\/|pdf|officedocument|opendocument|msword|ms-excel|ms-powerpoint|postscript|epub/;
const ENDINGS = /\.(?:hei[cf]s?|avif|tiff?|dng|cr[23w]|nef|arw|orf|rw2|raf|psd|ai|eps|svg|pdf|docx?|xlsx?|pptx?|od[tspg]|pages|numbers|key|epub|mp[34]|m4[abv]|mov|avi|mkv|webm|wmv|3gp|wav|flac|og[agv]|opus|aac|amr|caf|jxl|jp2)$/i;
/** Of TIFF and what cameras make of it, JPEG XL and 2000, Photoshop, documents, films and sounds. */
const BEGINNINGS = [
  "II*\0", "MM\0*", "II+\0", "MM\0+", "IIU\0", "IIRO", "IIRS", "MMOR", "FUJIFILM", "\0\0\0\x0cJXL ", "\xff\x0a", "\0\0\0\x0cjP  ", "8BPS",
  "%PDF", "%!PS", "\x1a\x45\xdf\xa3", "RIFF", "OggS", "fLaC", "ID3",
];

/**
 * Whether what can't be cleaned may tell more than it shows.
 * @param {Uint8Array} head  its first bytes
 * @param {{type: string, name: string}} file  as it is said to be: of what its bytes don't tell
 */
export const mayTell = (head, { type, name }) =>
  begins(head, 4, "ftyp") || BEGINNINGS.some((one) => begins(head, 0, one)) || TYPES.test(type) || ENDINGS.test(name);
