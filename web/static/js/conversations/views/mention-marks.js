/** Names of people in what somebody said stand out. */

import { el } from "../../ui/el.js";
import { mentionsIn } from "../mentions.js";

/** What is copied as it stands, or leads somewhere, has no names in it. */
const APART = "code, a";

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
  for (const text of texts) {
    if (text.parentElement?.closest(APART) !== null) continue;
    for (const { start, end } of mentionsIn(text.data, people).reverse()) {
      const named = text.splitText(start);
      named.splitText(end - start);
      const strong = el("strong", { class: "mention" });
      named.replaceWith(strong);
      strong.append(named);
    }
  }
}
