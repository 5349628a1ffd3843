/** What has come is said to whoever doesn't see it: by whom and how much, never what. That is read where it stands. */

import { announce } from "../../ui/announce.js";
import { isolated, say } from "../../ui/i18n.js";

/**
 * @param {string} me  own chain
 * @param {(chain: string) => import("./names.js").Person} of
 * @returns {(lines: readonly import("../store.js").Shown[]) => void}  is given what is shown, whenever that has changed
 */
export function hearing(me, of) {
  /** What stood there when it was opened is not new. @type {number|null} */
  let upTo = null;
  return (lines) => {
    const theirs = lines.filter(({ value }) => value.kind === "message" && value.content !== null && value.chain !== me);
    const before = upTo ?? Infinity;
    const fresh = theirs.filter(({ place }) => place > before);
    upTo = Math.max(upTo ?? 0, ...theirs.map(({ place }) => place));
    if (fresh.length === 0) return;
    const words = say("conversations.new", { count: fresh.length });
    const [author, ...others] = new Set(fresh.map(({ value }) => String(value.chain)));
    announce(others.length > 0 ? words : say("conversations.said", { name: isolated(of(author).label), text: words }));
  };
}
