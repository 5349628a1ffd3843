// Files of conversations: loaded when one is first picked, or first in sight.

import { Files } from "../media/files.js";
import { filesPart } from "../media/views/part.js";
import { stayAwake } from "../media/views/staying-awake.js";

/**
 * @param {import("../media/files.js").Parts} parts
 * @param {import("../conversations/conversations.js").Conversations} talk
 * @param {{limits: import("../media/file-api.js").FileLimits, words: (error: unknown) => string, offset: () => number,
 *   play: import("../media/views/file-card.js").Around["play"]}} given
 */
export function openFiles(parts, talk, given) {
  const files = new Files(parts, talk, given.limits);
  const part = filesPart({ files, talk, ...given });
  const rest = stayAwake(files.uploads, (listener) => files.subscribe(listener));
  files.begin().catch((error) => globalThis.reportError?.(error));
  return { ...part, close() { rest(); part.close(); } };
}
