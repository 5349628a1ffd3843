// The ten words: shown once, and two of them typed back, because nobody else has them.

import { announce } from "../../ui/announce.js";
import { copyButton } from "../../ui/copy-button.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { askingForm, complained } from "./asking.js";
import { textField } from "./fields.js";
import { button, frame, lead } from "./frame.js";

/** So many are typed back. */
const ASKED = 2;

/** @param {string} words  as they are handed out @returns {string[]} */
export const wordList = (words) => words.trim().split(/\s+/).flatMap((word) => word.match(HYPHENATED) ?? []);

// Four words of the list have a hyphen themselves (protocol/words.js); no first half of them is a word of its own.
const HYPHENATED = /drop-down|felt-tip|t-shirt|yo-yo|[^-]+/g;

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{words: string}} given
 */
export function wordsScreen(flow, { words }) {
  const list = wordList(words);
  const { node, heading } = frame(flow, { name: "words", title: say("account.words.title") },
    lead("account.words.text"),
    // A stop of Tab: they are what one has come for.
    el("ol", { class: "recovery-words notranslate", translate: "no", dir: "ltr", lang: "en", tabindex: "0", "aria-label": say("account.words.label") },
      list.map((word) => el("li", {}, word))),
    el("div", { class: "button-row" },
      copyButton({ label: say("share.copy_code"), name: "copy", text: () => list.join(" "), kind: "secondary" }),
      button("secondary", say("account.words.print"), () => window.print())),
    el("p", { class: "hint" }, say("account.words.copy_leaks")),
    el("div", { class: "button-row" },
      button("primary", say("account.words.written"), () => flow.go("words_back", { words, asked: drawn(list.length) }))));
  return { node, focus: heading, unsaved: () => true, keep: () => ({ words }) };
}

/**
 * @param {import("./flow.js").Flow} flow
 * @param {{words: string, asked: number[], typed?: string[]}} given
 */
export function wordsBackScreen(flow, { words, asked, typed = [] }) {
  const list = wordList(words);
  const back = () => flow.go("words", { words });
  const fields = asked.map((at, index) => textField({ id: `account-word-${index}`, label: say("account.back.word", { number: at + 1 }),
    value: typed[index] ?? "", more: { autocomplete: "off", required: true, dir: "ltr" } }));

  async function compare() {
    const wrong = fields.filter(({ input }, index) => input.value.trim().toLowerCase() !== list[asked[index]]);
    for (const field of wrong.slice(1)) field.complain(say("account.back.wrong"));
    if (wrong.length > 0) throw complained(wrong[0], say("account.back.wrong"));
    await flow.hold(() => flow.client.confirmWords());
    announce(say("account.back.done"));
    flow.go(null);
  }

  const form = askingForm({
    client: flow.client, label: say("account.back.check"), parts: fields, submit: compare,
    beside: [button("quiet", say("account.back.again"), back)],
  });
  const { node } = frame(flow, { name: "back", title: say("account.back.title") }, lead("account.back.text"), form.node);
  return { node, focus: fields[0].input, back, unsaved: () => true,
    keep: () => ({ words, asked, typed: fields.map(({ input }) => input.value) }) };
}

/** Which words are asked for, in order. @param {number} count */
function drawn(count) {
  /** @type {Set<number>} */
  const found = new Set();
  // Which ones is no secret: the small bias of a remainder doesn't matter.
  while (found.size < Math.min(ASKED, count)) found.add(crypto.getRandomValues(new Uint8Array(1))[0] % count);
  return [...found].sort((one, other) => one - other);
}
