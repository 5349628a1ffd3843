// The visual viewport: the part of the window that a person can see. A keyboard on the screen covers
// the page's end without making the page smaller (Safari), so what fills the window takes its height
// and place from here.

const PINCHED = 1.01;
/** A keyboard takes a good part of the window; bars of the browser take little. */
const KEYBOARD = 0.85;

/**
 * Writes what can be seen into the custom properties `--seen-height` and `--seen-top` of `node`
 * until `stop` is called.
 * @param {HTMLElement} node
 * @param {VisualViewport|null} viewport
 */
export function followViewport(node, viewport = window.visualViewport ?? null) {
  if (viewport === null) return { stop() {} };
  const seen = viewport;

  function follow() {
    // Who has zoomed in looks at a part of it: it must not shrink to that part.
    if (seen.scale > PINCHED) return;
    node.toggleAttribute("data-covered", seen.height < KEYBOARD * window.innerHeight);
    node.style.setProperty("--seen-height", `${seen.height}px`);
    node.style.setProperty("--seen-top", `${Math.max(0, seen.offsetTop)}px`);
  }

  seen.addEventListener("resize", follow);
  seen.addEventListener("scroll", follow);
  follow();
  return {
    stop() {
      seen.removeEventListener("resize", follow);
      seen.removeEventListener("scroll", follow);
    },
  };
}
