/** Looks for a text in what this device holds of a conversation. */

import { el, fill } from "../../ui/el.js";
import { excerpt, isBlank } from "../../ui/graphemes.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { button } from "../../account/views/frame.js";
import { personOf } from "./names.js";

const LONGEST = 120;

/**
 * @param {HTMLElement} place
 * @param {{conversation: import("../conversation.js").Conversation, names: import("./names.js").Called, me: string,
 *   offset: number, back: () => void, found: (message: {device: string, id: string}) => void}} given  `found`: somebody
 *   goes to one of them
 */
export function searchStep(place, { conversation, names, me, offset, back, found }) {
  const input = el("input", { id: "search-text", type: "text", autocomplete: "off", spellcheck: "false", translate: "no" });
  const list = el("ul", { class: "found-list" });
  const told = el("p", { class: "hint", role: "status" });
  const more = el("div", {});
  fill(place,
    el("p", {}, button("quiet small", say("dialog.back"), back)),
    el("form", { class: "panel-step", role: "search", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void look(); } } },
      el("label", { for: "search-text" }, say("conversations.search.label")), input,
      el("div", { class: "button-row" }, el("button", { type: "submit", class: "button primary" }, say("conversations.search.go")))),
    told, list, more);
  input.focus();

  /** @param {number|null} [before] */
  async function look(before = null) {
    if (isBlank(input.value)) return;
    if (before === null) fill(list);
    fill(more);
    fill(told, say("conversations.search.looking"));
    const { found: lines, next } = await conversation.shown.search(input.value.trim(), before === null ? {} : { before });
    list.append(...lines.map(row));
    fill(told, say("conversations.search.found", { count: list.children.length }));
    if (next !== null) fill(more, button("secondary small", say("conversations.search.more"), () => void look(next)));
  }

  /** @param {import("../store.js").Shown} line */
  function row({ value }) {
    return el("li", {}, el("button", { type: "button", class: "button quiet found-row", on: { click: () => found({ device: value.device, id: value.id }) } },
      el("span", { class: "row-time" }, personOf(value.chain, names, me).label, " · ", moment(value.at - offset)),
      el("span", { class: "notranslate", translate: "no", dir: "auto" }, excerpt(String(value.content.body.text), LONGEST))));
  }
}
