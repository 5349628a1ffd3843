/** Who is here: a dot, and the words for it. */

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/** @typedef {Pick<import("../conversations.js").Conversations, "presence">} Talk */

/** @param {Talk} talk  @param {string|null|undefined} chain  base64url */
export const isHere = ({ presence }, chain) => chain != null && presence.isHere(chain);

/**
 * What stands beside somebody who is here.
 * @param {{isSaid?: boolean}} [how]  false: there is no room for the words, which are heard all the same
 */
export const hereNode = ({ isSaid = true } = {}) => el("span", { class: "here", title: isSaid ? null : say("conversations.presence.here") },
  el("span", { class: "here-dot", "aria-hidden": "true" }),
  el("span", { class: isSaid ? "here-words" : "visually-hidden" }, say("conversations.presence.here")));

/**
 * Calls when somebody may have come or gone.
 * @param {Pick<import("../conversations.js").Conversations, "subscribe">} talk
 * @param {() => void} changed
 * @returns {() => void} ends it
 */
export const watchPresence = (talk, changed) => talk.subscribe((_, event) => { if (event?.type === "presence") changed(); });
