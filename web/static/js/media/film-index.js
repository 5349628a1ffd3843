/** Where the index of an MP4 or MOV film lies, without which nobody can play it: that goes first (docs/files.md, 4.2). */

/** @typedef {Pick<Blob, "size"|"slice">} Content */

const HEAD_BYTES = 16;
/** A film has a handful of boxes at its top; one that is cut into many pieces is read from its front anyway. */
const BOXES_MOST = 64;
const INDEX = "moov";
const FIRST = "ftyp";

/**
 * @param {Content} content
 * @param {import("../protocol/files/layout.js").Layout} layout
 * @returns {Promise<number[]>} segments that hold it; none where there is none
 */
export async function indexSegments(content, layout) {
  for (let at = 0, boxes = 0; at + HEAD_BYTES <= content.size && boxes < BOXES_MOST; boxes += 1) {
    const head = new DataView(await content.slice(at, at + HEAD_BYTES).arrayBuffer());
    const kind = String.fromCharCode(...new Uint8Array(head.buffer, 4, 4));
    if (boxes === 0 && kind !== FIRST) return [];
    let length = head.getUint32(0);
    if (length === 1) length = head.getUint32(8) * 2 ** 32 + head.getUint32(12);
    if (length === 0) length = content.size - at;
    if (length < 8) return [];
    const end = Math.min(at + length, content.size);
    if (kind === INDEX) {
      const [first, last] = [layout.at(at).number, layout.at(end - 1).number];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }
    at += length;
  }
  return [];
}
