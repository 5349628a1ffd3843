/** The list of conversations: one button each, the newest above. */

import { el, fill, setText } from "../../ui/el.js";
import { excerpt } from "../../ui/graphemes.js";
import { isolated, say } from "../../ui/i18n.js";
import { keyedList } from "../../ui/keyed-list.js";
import { moment } from "../../ui/times.js";
import { COUNTED, SAYING } from "./inbox.js";
import { markNode, profilesOf } from "./names.js";
import { quietSentences } from "./quiet-line.js";

/** What stands below a name is cut after so many characters. */
const LONGEST = 90;

/**
 * @typedef {import("./inbox.js").Summary} Summary
 *
 * @param {{names: import("./names.js").Names, offset: () => number, open: (id: string) => void}} given  `offset`: the
 *   server's clock minus this one's
 */
export function conversationList({ names, offset, open }) {
  const node = el("ul", { class: "conversation-list", on: { keydown: walk } });
  let current = "";

  const list = keyedList(node, {
    key: (/** @type {Summary} */ one) => one.id,
    make: row,
    onError: () => el("li", {}, say("conversations.quiet.refused", { count: 1, name: "" })),
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
        fill(mark, markNode(names.mark(now.view)));
        setText(name, names.title(now.view));
        setText(time, now.at === 0 ? "" : moment(now.at - offset()));
        setText(said, lastWords(now, names));
        button.classList.toggle("unread", now.unread > 0);
        fill(count, now.unread === 0 ? null : [
          el("span", { "aria-hidden": "true" }, now.unread >= COUNTED ? `${COUNTED - 1}+` : now.unread),
          el("span", { class: "visually-hidden" }, say("conversations.unread", { count: now.unread }))]);
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
      list.update(all, `${current} ${names.version} ${Math.floor(Date.now() / 60_000)}`);
    },
    /** @param {string} id */
    focus(id) {
      /** @type {HTMLElement|null} */ (node.querySelector(`[data-conversation="${id}"]`) ?? node.querySelector("button"))?.focus();
    },
  };
}

/** What was said last, and by whom. @param {Summary} summary  @param {import("./names.js").Names} names */
function lastWords({ view, last }, names) {
  const waiting = view.waiting.filter(({ kind }) => SAYING.includes(kind)).pop();
  const you = say("conversations.you");
  if (waiting !== undefined) return say("conversations.said", { name: you, text: excerpt(String(waiting.body.text), LONGEST) });
  if (view.standing !== "following") return say(`conversations.standing.${view.standing}`);
  if (last === null) return say("conversations.nothing_said");
  const { value } = last;
  const of = (/** @type {string} */ chain) => names.of(chain, profilesOf(view));
  if (value.kind !== "message" || value.content?.kind === "unknown") return quietSentences(value, 1, of, null)[0] ?? say("conversations.nothing_said");
  if (value.content === null) return say("conversations.message.deleted");
  const text = excerpt(String(value.content.body.text), LONGEST);
  const author = of(value.chain);
  if (!author.me && view.people.length <= 2) return text;
  return say("conversations.said", { name: author.me ? you : isolated(author.label), text });
}
