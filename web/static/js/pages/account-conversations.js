// What talks: loaded where this browser is a device of an account.

import { filesDoor } from "../conversations/views/files-door.js";
import { presenceSetting } from "../conversations/views/presence-setting.js";
import { refusalWords } from "../conversations/views/refusal-words.js";
import { el, fill } from "../ui/el.js";
import { haveAll } from "../ui/i18n.js";
import { loading } from "./loading.js";

export { LiveConversations } from "../conversations/live.js";
export { messengerScreen } from "../conversations/views/messenger-screen.js";

/** As media/jobs.js keeps what is being sent; and what that is in comes by itself. Of a bundle as well: what loads it knows its address (tools/bundles.py). */
const UPLOADS = "upload/";
const loadFiles = loading(new URL("./account-files.js", import.meta.url).href);

/**
 * Files of these conversations, as far as this deployment takes any.
 * @param {import("../account/account-client.js").AccountClient} client
 * @param {import("../conversations/live.js").LiveConversations} live
 * @param {any} limits  as `/config` has them, or undefined
 */
export function filesOf(client, live, limits) {
  if (limits === undefined) return null;
  const offset = () => client.state.clockOffset;
  return filesDoor(async () => {
    const [program] = await Promise.all([loadFiles(), haveAll()]);
    return client.beside(async (parts) => /** @type {typeof import("./account-files.js")} */ (program).openFiles(parts, live, { limits, offset, words: refusalWords }));
  }, () => client.beside(async ({ rows }) => (await rows.ids(UPLOADS)).length > 0));
}

/**
 * What of conversations is set, and lies on the server, for the whole account.
 * @param {import("../conversations/conversations.js").Conversations} talk
 * @param {ReturnType<typeof filesOf>} files
 * @param {HTMLElement} place
 */
export function settings(talk, files, place) {
  const [presence, mine] = [el("div", {}), el("div", {})];
  fill(place, presence, mine);
  presenceSetting(talk, presence);
  files?.list(mine);
}
