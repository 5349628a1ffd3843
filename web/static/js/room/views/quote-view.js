/**
 * A quote: who is said to have said what, above an answer. Its author's words for it are all there
 * is; nothing proves them.
 */

import { el } from "../../ui/el.js";
import { hue, who } from "./people.js";

/**
 * The quote as an element; `people` knows the author, or says that it doesn't.
 * @param {import("../room-state.js").Quote} quote
 * @param {import("./people.js").People} people
 * @returns {HTMLElement}
 */
export function quoteView(quote, people) {
  const person = people.quoted(quote.author ?? "");
  return el("blockquote", { class: `quote ${hue(person)}` },
    el("p", { class: "quote-from" }, who(person)),
    el("p", { class: "quote-text prose notranslate", translate: "no" }, quote.text));
}
