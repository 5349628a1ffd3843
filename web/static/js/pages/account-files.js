// Files of conversations: loaded when one is first picked, or first in sight.

import { Files } from "../media/files.js";
import { filesPart } from "../media/views/part.js";
import { showing } from "../media/views/showing.js";
import { watchingBy } from "../media/views/watching-by.js";
import { HttpClient } from "../net/http-client.js";
import { stayAwake } from "../media/views/staying-awake.js";
import { styling } from "./loading.js";

/** Of a bundle too: both are named there as they are served (tools/bundles.py). */
const styled = styling(new URL("./media.css", import.meta.url).href, "sha256-media.css");

/**
 * @param {import("../media/files.js").Parts} parts
 * @param {Pick<import("../conversations/live.js").LiveConversations, "talk"|"signal">} live
 * @param {{limits: import("../media/file-api.js").FileLimits, words: (error: unknown) => string, offset: () => number}} given
 */
export async function openFiles(parts, live, given) {
  // Without it everything is there all the same.
  await styled().catch(() => undefined);
  const { talk } = live;
  const files = new Files(parts, talk, given.limits);
  const http = new HttpClient(parts.base);
  const play = showing({
    account: `${parts.base}account/`, source: (one) => files.source(one), words: given.words,
    watching: watchingBy(live, async () => /** @type {{now: number}} */ (await http.ask("GET", "config")).now),
  });
  const part = filesPart({ files, talk, ...given, play });
  const rest = stayAwake(files, (listener) => files.subscribe(listener));
  files.begin().catch((error) => globalThis.reportError?.(error));
  return { ...part, close() { rest(); part.close(); } };
}
