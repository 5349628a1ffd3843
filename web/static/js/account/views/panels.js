// The way to the panels of an account, which come with the part of the program that nobody needs before.

import { announceAssertive } from "../../ui/announce.js";
import { say } from "../../ui/i18n.js";
import { withLater } from "../../ui/later.js";

/** @typedef {"linkPanel"|"renamePanel"|"revokePanel"|"passwordPanel"|"signOutPanel"|"deletePanel"} PanelName */

/** @param {import("./flow.js").Flow} flow  @param {PanelName} name  @param {unknown[]} given */
export function openPanel(flow, name, ...given) {
  withLater((parts) => parts[name](flow, ...given), () => announceAssertive(say("refusal.unreachable")));
}
