// A panel of an account: as those of rooms, but its button doesn't speak of a menu.

import { panel, panelHead } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/**
 * @param {{id: string, title: string, onClose?: () => void}} about  `id` of its heading
 * @param {...import("../../ui/el.js").Child} children
 * @returns {HTMLDialogElement}
 */
export function accountPanel({ id, title, onClose }, ...children) {
  const head = panelHead(id, title, () => node.close());
  head.querySelector("button")?.setAttribute("aria-label", say("account.close"));
  const node = panel({ kind: "account-panel", labelledby: id, onClose }, el("div", { class: "panel-body" }, head, children));
  return node;
}
