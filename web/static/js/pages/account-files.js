// Files of conversations: loaded when one is first picked, or first in sight.

import { Files } from "../media/files.js";
import { filesPart } from "../media/views/part.js";
import { showing } from "../media/views/showing.js";
import { stayAwake } from "../media/views/staying-awake.js";
import { styling } from "./loading.js";

/** Of a bundle too: both are named there as they are served (tools/bundles.py). */
const styled = styling(new URL("./media.css", import.meta.url).href, "sha256-media.css");

/**
 * @param {import("../media/files.js").Parts} parts
 * @param {import("../conversations/conversations.js").Conversations} talk
 * @param {{limits: import("../media/file-api.js").FileLimits, words: (error: unknown) => string, offset: () => number}} given
 */
export async function openFiles(parts, talk, given) {
  await styled();
  const files = new Files(parts, talk, given.limits);
  const play = showing({ account: `${parts.base}account/`, source: (one) => files.source(one), words: given.words });
  const part = filesPart({ files, talk, ...given, play });
  const rest = stayAwake(files.uploads, (listener) => files.subscribe(listener));
  files.begin().catch((error) => globalThis.reportError?.(error));
  return { ...part, close() { rest(); part.close(); } };
}
