/** Names of people in what somebody said stand out. */

import { el } from "../../ui/el.js";
import { finderOf } from "../mentions.js";

/** What is copied as it stands, or leads somewhere, has no names in it. */
const APART = "code, a";
/** As many as one message may name; more than that are left as they stand. */
const MOST = 50;

/**
 * @param {HTMLElement} node  what was said, drawn
 * @param {readonly import("../mentions.js").Named[]} people  whom it names, by any name
 */
export function markMentions(node, people) {
  if (people.length === 0) return;
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode() !== null) texts.push(/** @type {Text} */ (walker.currentNode));
  const find = finderOf(people, MOST);
  for (const text of texts) {
    if (text.parentElement?.closest(APART) !== null) continue;
    for (const { start, end } of find(text.data).reverse()) {
      const named = text.splitText(start);
      named.splitText(end - start);
      const strong = el("strong", { class: "mention" });
      named.replaceWith(strong);
      strong.append(named);
    }
  }
}
