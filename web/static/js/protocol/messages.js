/** Frames into messages of the socket: few at once, and none too large (docs/protocol.md, 11.2, 12). */

import { JSON_BYTES, MESSAGE_FRAMES } from "./limits.js";

/**
 * @param {Record<string, unknown>[]} frames  in ASCII: bytes are base64url
 * @returns {string[]} JSON arrays, each a message, in order
 */
export function messagesOf(frames) {
  const messages = [];
  /** @type {string[]} */
  let some = [];
  let size = 0;
  for (const text of frames.map((frame) => JSON.stringify(frame))) {
    const more = text.length + 1;
    if (some.length === MESSAGE_FRAMES || (some.length > 0 && size + more >= JSON_BYTES)) {
      messages.push(`[${some.join()}]`);
      [some, size] = [[], 0];
    }
    some.push(text);
    size += more;
  }
  if (some.length > 0) messages.push(`[${some.join()}]`);
  return messages;
}
