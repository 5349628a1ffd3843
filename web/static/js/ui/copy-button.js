// Buttons that copy, and say whether it worked.

import { announce, announceAssertive } from "./announce.js";
import { el, setText } from "./el.js";
import { say } from "./i18n.js";
import { icon } from "./icons.js";

const BACK_MS = 2500;

/**
 * A button that copies what `text()` gives, which may be a promise.
 * @param {{label: string, name: string, text: () => string|Promise<string>, kind?: string, done?: string,
 *   copied?: () => void}} given  `name` is its icon's; `copied()` is called when it worked
 */
export function copyButton({ label, name, text, kind = "quiet", done = say("copy.done"), copied }) {
  const caption = el("span", { class: "caption" }, label);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const node = el("button", { type: "button", class: `button ${kind} copy`, on: { click: copy } },
    icon(name), caption);

  async function copy() {
    clearTimeout(timer);
    try {
      await navigator.clipboard.writeText(await text());
      setText(caption, done);
      node.classList.add("done");
      announce(done);
      copied?.();
    } catch {
      setText(caption, say("copy.failed"));
      announceAssertive(say("copy.failed_long"));
    }
    timer = setTimeout(() => {
      setText(caption, label);
      node.classList.remove("done");
    }, BACK_MS);
  }

  return node;
}
