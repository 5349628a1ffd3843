/** The list of conversations: one button each, the newest above. */

import { el, fill, setText } from "../../ui/el.js";
import { excerpt } from "../../ui/graphemes.js";
import { isolated, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { moment } from "../../ui/times.js";
import { muteDrawing, pinDrawing } from "./drawings.js";
import { isMuted } from "./inbox.js";
import { markNode, markOf, personOf, titleOf } from "./names.js";
import { hereNode } from "./presence-mark.js";

/** What stands below a name is cut after so many characters. */
const LONGEST = 90;
/** More than so many are not counted. */
const MOST_COUNTED = 99;

/**
 * @typedef {import("./inbox.js").Summary} Summary
 *
 * @param {{me: string, offset: () => number, open: (id: string) => void, isHere: (chain: string|null) => boolean}} given
 *   `offset`: the server's clock minus this one's
 */
export function conversationList({ me, offset, open, isHere }) {
  const node = el("ul", { class: "conversation-list", on: { keydown: walk } });
  let current = "";

  const list = keyedList(node, {
    key: (/** @type {Summary} */ one) => one.id,
    make: row,
    // What has changed is read anew. Of five hundred all the others are left alone.
    same: (one, other) => one === other,
    onError: () => el("li", {}, say("conversations.standing.refused")),
  });

  /** @param {Summary} first */
  function row(first) {
    const mark = el("span", { class: "row-mark" });
    const name = el("span", { class: "row-title notranslate", translate: "no", dir: "auto" });
    const time = el("span", { class: "row-time" });
    const said = el("span", { class: "row-said notranslate", translate: "no", dir: "auto" });
    const count = el("span", { class: "row-unread" });
    const button = el("button", { type: "button", class: "conversation-row", data: { conversation: first.id }, on: { click: () => open(first.id) } },
      mark, el("span", { class: "row-words" }, name, said), el("span", { class: "row-end" }, time, count));
    return {
      node: el("li", {}, button),
      /** @param {Summary} now */
      update(now) {
        fill(mark, markNode(markOf(now, me)), isHere(now.direct) ? hereNode({ isSaid: false }) : null);
        setText(name, titleOf(now, me));
        setText(time, now.at === 0 ? "" : moment(now.at - offset()));
        fill(said, lastWords(now, me));
        const muted = isMuted(now, Date.now() + offset());
        button.classList.toggle("unread", now.unread > 0);
        button.classList.toggle("muted", muted && now.mentioned === 0);
        fill(count,
          muted ? [muteDrawing(), el("span", { class: "visually-hidden" }, say("conversations.muted"))] : null,
          now.settings.pin ? [pinDrawing(), el("span", { class: "visually-hidden" }, say("conversations.pinned"))] : null,
          now.unread === 0 ? null : [
            el("span", { class: "count", "aria-hidden": "true" }, now.mentioned > 0 ? "@ " : "", now.unread > MOST_COUNTED ? `${MOST_COUNTED}+` : now.unread),
            el("span", { class: "visually-hidden" }, say("conversations.unread", { count: now.unread }),
              now.mentioned > 0 ? ` ${say("conversations.mentioned", { count: now.mentioned })}` : null)]);
        if (now.id === current) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      },
    };
  }

  /** Arrows lead from one to the next. @param {KeyboardEvent} event */
  function walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    /** @type {HTMLElement[]} */
    const rows = [...node.querySelectorAll("button")];
    const at = rows.indexOf(/** @type {any} */ (document.activeElement));
    event.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  }

  return {
    node,
    /** @param {Summary[]} all  @param {string|null} shown  which of them is open */
    update(all, shown) {
      current = shown ?? "";
      const here = all.filter(({ direct }) => isHere(direct)).map(({ id }) => id);
      list.update(all, JSON.stringify([current, Math.floor(Date.now() / 60_000), here]));
    },
    /** @param {string} id */
    focus(id) {
      /** @type {HTMLElement|null} */ (node.querySelector(`[data-conversation="${id}"]`) ?? node.querySelector("button"))?.focus();
    },
  };
}

/**
 * What was said last, and by whom; or what waits to be written on.
 * @param {Summary} summary
 * @param {string} me
 * @returns {(import("../../ui/el.js").Child)[]}
 */
function lastWords({ standing, last, draft, waiting, people, names, card }, me) {
  if (standing !== "following") return [say(`conversations.standing.${standing}`)];
  if (draft !== null && draft.trim() !== "") return [el("em", {}, say("conversations.draft")), " ", excerpt(draft, LONGEST)];
  if (waiting > 0) return [icon("waiting"), " ", say("conversations.sent.waiting")];
  if (last === null) return [say("conversations.nothing_said")];
  const { value } = last;
  const author = personOf(value.chain, names, me);
  const text = value.content === null ? say("conversations.message.deleted")
    : value.content.kind === "unknown" ? say("conversations.quiet.unknown", { count: 1 }) : value.content.kind === "file" ? say("conversations.file.sent", { count: value.content.body.files.length }) : excerpt(String(value.content.body.text), LONGEST);
  if (!author.me && (people.length <= 2 || (card !== null && author.name === null))) return [text];
  return [say("conversations.said", { name: author.me ? author.label : isolated(author.label), text })];
}
