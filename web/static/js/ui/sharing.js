// A code has been drawn: its words, ways to hand it over, and what each of them leaks.

import { trouble } from "./arriving.js";
import { codeWords } from "./codewords.js";
import { copyButton } from "./copy.js";
import { el } from "./el.js";
import { say } from "./say.js";

/**
 * The screen of sharing. `code` is canonical, `bits` its entropy, `link()` a promise of the link;
 * `open()` makes the room, `another()` draws again, `back()` returns.
 */
export function sharing({ code, bits, link, problem = null, open, another, back }) {
  const heading = el("h1", { tabindex: "-1" }, say("share.title"));
  // A list of words would be read out with its numbers; the words alone are what is spoken.
  const words = el("p", { class: "code-words", translate: "no" },
    codeWords(code).flatMap((word, index) => [index === 0 ? null : " ", el("span", {}, word)]));
  const node = el("div", { class: "screen sharing" },
    el("p", { class: "wordmark" }, say("name")),
    heading,
    trouble(problem),
    el("div", { class: "code-sheet" }, words,
      el("p", { class: "entropy" }, say("share.entropy", { bits: Math.floor(bits) }))),
    el("div", { class: "share-ways" },
      el("div", {},
        copyButton({ label: say("share.copy_code"), name: "copy", text: () => code, kind: "secondary" }),
        el("p", { class: "hint" }, say("share.code_leaks"))),
      el("div", {},
        copyButton({ label: say("share.copy_link"), name: "link", text: link, kind: "secondary" }),
        el("p", { class: "hint" }, say("share.link_leaks")))),
    el("button", { type: "button", class: "button primary large", on: { click: open } }, say("share.open")),
    el("div", { class: "button-row quiet-row" },
      el("button", { type: "button", class: "button quiet", on: { click: another } }, say("share.another")),
      el("button", { type: "button", class: "button quiet", on: { click: back } }, say("share.back"))));
  return { node, focus: heading };
}
