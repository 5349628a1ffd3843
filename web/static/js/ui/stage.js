// One screen at a time, drawn anew when the page speaks another language.

import { closePanels } from "./dialog.js";

/**
 * The place of the screens, in `node`. A screen is `{node, focus?, keep?(), close?()}`; `keep()` gives
 * what it has been told by the person, for the same screen drawn anew.
 */
export function stage(node) {
  let make = null;
  let screen = null;
  let final = false;

  function draw(kept, focus) {
    screen?.close?.();
    closePanels();
    screen = make(kept);
    node.replaceChildren(screen.node);
    if (focus) screen.focus?.focus();
    else node.querySelector("h1")?.focus({ preventScroll: true });
  }

  return {
    /** Shows the screen that `next(kept)` makes; without `focus`, its heading has the focus. */
    show(next, { focus = true } = {}) {
      if (final) return;
      make = next;
      draw({}, focus);
    },
    /** Shows a screen after which there is no other. */
    finish(next) {
      this.show(next);
      final = true;
    },
    /** Draws the screen that is shown once more. */
    redraw() {
      if (make !== null) draw(screen?.keep?.() ?? {}, true);
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
  };
}
