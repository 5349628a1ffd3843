// Questions and panels above the page, by the browser's own modal dialog: it holds the focus inside,
// closes at Escape, and gives the focus back.

import { el } from "./el.js";
import { say } from "./i18n.js";
import { icon } from "./icons.js";

/**
 * Shows a modal panel; `onClose` is told when it has closed, however that came about.
 * @param {{kind: string, labelledby: string, onClose?: () => void}} about
 * @param {...import("./el.js").Child} children
 */
export function panel({ kind, labelledby, onClose }, ...children) {
  const node = el("dialog", { class: `panel ${kind}`, "aria-labelledby": labelledby }, children);
  node.addEventListener("click", (event) => {
    // A click on the backdrop is a click on the dialog itself, outside of its one child.
    if (event.target === node) node.close();
  });
  node.addEventListener("close", () => {
    node.remove();
    onClose?.();
  });
  document.body.append(node);
  node.showModal();
  return node;
}

/**
 * The head of a panel: its title, and a button that calls `close()`.
 * @param {string} id  of the title
 * @param {string} title
 * @param {() => void} close
 */
export function panelHead(id, title, close) {
  return el("div", { class: "panel-head" },
    el("h2", { id, tabindex: "-1", autofocus: true }, title),
    el("button", { type: "button", class: "button quiet close", "aria-label": say("menu.close"),
      on: { click: close } }, icon("close")));
}

/**
 * Asks a question with one way back and one way on. Resolves to whether the person goes on.
 * @param {{title: string, text: string, more?: Node|null, yes: string, no?: string, danger?: boolean}} question  `more` stands below the text
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, more = null, yes, no = say("dialog.back"), danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const back = el("button", { type: "button", class: "button quiet", autofocus: true,
      on: { click: () => node.close() } }, no);
    const on = el("button", { type: "button", class: `button ${danger ? "danger" : "primary"}`,
      on: { click: () => { answer = true; node.close(); } } }, yes);
    const node = panel(
      { kind: "question", labelledby: "question-title", onClose: () => resolve(answer) },
      el("div", { class: "panel-body" },
        el("h2", { id: "question-title" }, title),
        el("p", {}, text),
        more,
        el("div", { class: "actions" }, back, on)),
    );
  });
}

/** Closes every panel, unanswered: the page below is about to be another. */
export function closePanels() {
  /** @type {NodeListOf<HTMLDialogElement>} */
  const open = document.querySelectorAll("dialog[open]");
  for (const node of open) node.close();
}
