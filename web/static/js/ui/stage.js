// One screen at a time, drawn anew when the page speaks another language.

import { closePanels } from "./dialog.js";

/**
 * The place of the screens, in `node`. A screen is `{node, focus?, keep?(), close?()}`; `keep()` gives
 * what it has been told by the person, for the same screen drawn anew.
 * @typedef {{node: HTMLElement, focus?: {focus: () => void}, keep?: () => object, close?: () => void,
 *   unsaved?: () => boolean, leave?: () => void} & Record<string, any>} Screen
 * @typedef {ReturnType<typeof stage>} Stage
 * @param {HTMLElement} node
 */
export function stage(node) {
  /** @type {((kept: any) => Screen)|null} */
  let make = null;
  /** @type {Screen|null} */
  let screen = null;
  let final = false;

  /** @param {(kept: any) => Screen} next  @param {object} kept  @param {boolean} focus */
  function draw(next, kept, focus) {
    screen?.close?.();
    closePanels();
    screen = next(kept);
    node.replaceChildren(screen.node);
    if (focus) screen.focus?.focus();
    else node.querySelector("h1")?.focus({ preventScroll: true });
  }

  return {
    /**
     * Shows the screen that `next(kept)` makes; without `focus`, its heading has the focus.
     * @param {(kept: any) => Screen} next
     * @param {{focus?: boolean}} [options]
     */
    show(next, { focus = true } = {}) {
      if (final) return;
      make = next;
      draw(next, {}, focus);
    },
    /** Shows a screen after which there is no other. @param {() => Screen} next */
    finish(next) {
      this.show(next);
      final = true;
    },
    /** Draws the screen that is shown once more. */
    redraw() {
      if (make !== null) draw(make, screen?.keep?.() ?? {}, true);
    },
    /** Shows nothing, and holds nothing. */
    empty() {
      screen?.close?.();
      closePanels();
      make = null;
      screen = null;
      node.replaceChildren();
    },
    screen: () => screen,
    /** Whether what is shown is what this makes. @param {(kept: any) => Screen} next */
    shows: (next) => make === next,
  };
}
