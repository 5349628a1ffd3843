/** The messages of a conversation in a column: where somebody is in it, what is new, and what is older. */

import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { scrollAnchor } from "../../ui/scroll-anchor.js";
import { dayTitle } from "./chat-times.js";
import { messageView } from "./message-view.js";
import { quietSentences } from "./quiet-line.js";

/**
 * @typedef {import("./chat-entries.js").Entry} Entry
 * @typedef {import("./message-view.js").Around} Around
 */

/** So near to the top what is older is asked for, and so near to the end what is newer. */
const NEAR_PX = 600;
/** So long a message is marked that somebody has gone to. */
const FOUND_MS = 2000;

/**
 * @param {Around & {older: () => void, newer: () => void, toEnd: () => Promise<unknown>, looked: () => void}} around
 *   `older` and `newer` ask for more; `toEnd` for the newest; `looked`: the end has come into sight
 */
export function chatLog(around) {
  const list = el("div", { class: "log-list said-list" });
  const top = el("p", { class: "chat-top hint" });
  const log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": say("conversations.log"), tabindex: "0" }, top, list);
  const pillText = el("span", {});
  const pill = el("button", { type: "button", class: "button pill", hidden: true, on: { click: toNew } }, icon("down"), pillText);
  let behind = 0;
  /** @type {Set<string>|null} */
  let known = null;
  /** Whether what is drawn reaches to the newest. */
  let isAtEnd = true;
  const where = scrollAnchor(log, list, { moved, busy: () => false });

  const entries = keyedList(list, {
    key: (/** @type {Entry} */ entry) => entry.key,
    make: (entry) => make(entry, around),
    onError: () => el("p", { class: "quiet-line" }, say("conversations.quiet.refused", { count: 1, name: say("conversations.somebody") })),
    same: (one, other) => JSON.stringify(one) === JSON.stringify(other),
  });

  log.addEventListener("scroll", () => {
    if (log.scrollTop < NEAR_PX) around.older();
    if (!isAtEnd && log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX) around.newer();
  }, { passive: true });

  function moved() {
    if (where.following() && isAtEnd) {
      behind = 0;
      around.looked();
    }
    pill.hidden = behind === 0 && isAtEnd;
    setText(pillText, behind > 0 ? say("conversations.new", { count: behind }) : say("conversations.to_newest"));
  }

  async function toNew() {
    if (!isAtEnd) await around.toEnd();
    where.toEnd();
    log.focus({ preventScroll: true });
  }

  return {
    node: el("div", { class: "log-frame" }, log, pill),
    focus: () => log.focus({ preventScroll: true }),
    toEnd: where.toEnd,
    /** Whether the newest is in sight. */
    isAtEnd: () => where.following(),
    /**
     * @param {Entry[]} all
     * @param {{isWhole: boolean, isAtEnd: boolean, context: string}} how  context: what else the messages are drawn by
     */
    update(all, { isWhole, isAtEnd: reaches, context }) {
      // What is added below somebody who reads on must not carry them away.
      if (!reaches) where.stay();
      isAtEnd = reaches;
      const theirs = all.filter((entry) => entry.kind === "message" && !entry.own && entry.place > 0).map(({ key }) => key);
      if (known !== null && !where.following()) behind += theirs.length - 1 - theirs.map((key) => known?.has(key)).lastIndexOf(true);
      known = new Set(theirs);
      where.keep(() => {
        fill(top, isWhole ? say("conversations.beginning") : say("conversations.older"));
        entries.update(all, context);
      });
      moved();
      // The window is higher than what is there: nobody can go up by themselves.
      if (!isWhole && log.scrollHeight <= log.clientHeight + NEAR_PX) around.older();
    },
    /** Brings a message into sight, and marks it for a moment. @param {string} id */
    show(id) {
      const node = list.querySelector(`[data-message="${CSS.escape(id)}"]`);
      if (node === null) return;
      where.stay();
      node.scrollIntoView({ block: "center" });
      node.classList.add("found");
      setTimeout(() => node.classList.remove("found"), FOUND_MS);
    },
    close() {
      where.close();
      entries.close();
    },
  };
}

/** @param {Entry} first  @param {Around} around  @returns {import("../../ui/keyed-list.js").View<any>} */
function make(first, around) {
  if (first.kind === "message") return messageView(first, around);
  const node = el("p", { class: `${first.kind}-line`, ...(first.kind === "quiet" ? {} : { role: "separator" }) });
  return {
    node,
    /** @param {any} now */
    update(now) {
      if (now.kind === "day") setText(node, dayTitle(now.at - around.offset()));
      else if (now.kind === "new") setText(node, say("conversations.new_from_here"));
      else {
        const sentences = quietSentences(now.line, now.count, around.of, around.byDevice(now.line.device));
        node.hidden = sentences.length === 0;
        node.translate = now.line.kind !== "displaced";
        setText(node, sentences.join(" "));
      }
    },
  };
}
