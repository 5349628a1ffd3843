// Scroll anchoring: where a reader is in the log. At its end one stays at the end, whatever comes or
// grows; further up, what one reads stays where it is, whatever comes below or burns away above.

const NEAR_END_PX = 80;

/**
 * Anchors the reader in `log`, a scroller, by the `list` in it. `moved()` is told when the end is reached or left;
 * while `busy()` says that something is being read, nothing is moved either.
 * @param {HTMLElement} log
 * @param {Element} list
 * @param {{moved: () => void, busy: () => boolean}} given
 */
export function scrollAnchor(log, list, { moved, busy }) {
  let atEnd = true;
  let lastTop = 0;

  const following = () => atEnd && !busy();

  const distance = () => log.scrollHeight - log.scrollTop - log.clientHeight;

  /** @param {boolean} value */
  function set(value) {
    if (value === atEnd) return;
    atEnd = value;
    moved();
  }

  function scrolled() {
    // Only moving up leaves the end: growing below doesn't.
    const up = log.scrollTop < lastTop - 1;
    lastTop = log.scrollTop;
    if (distance() < NEAR_END_PX) set(true);
    else if (up) set(false);
  }

  function toEnd() {
    log.scrollTop = log.scrollHeight;
    lastTop = log.scrollTop;
    set(true);
  }

  const observer = new ResizeObserver(() => { if (following()) toEnd(); });
  observer.observe(log);
  observer.observe(list);
  log.addEventListener("scroll", scrolled, { passive: true });

  /** The elements in sight and where they stand. */
  function inSight() {
    const { top, bottom } = log.getBoundingClientRect();
    /** @type {[Element, number][]} */
    const found = [];
    for (const node of list.children) {
      const box = node.getBoundingClientRect();
      if (box.top >= bottom) break;
      if (box.bottom > top) found.push([node, box.top]);
    }
    return found;
  }

  return {
    following,
    toEnd,
    /** Whether the last of the list is in sight, wherever the reader is. */
    endInSight: () => list.getBoundingClientRect().bottom <= log.getBoundingClientRect().bottom + 1,
    /** The reader looks at something: what grows now must not carry it away. */
    stay: () => set(false),
    /** Does what changes the list, and leaves the reader where the reader was. @param {() => void} change */
    keep(change) {
      const before = following() ? [] : inSight();
      change();
      if (following()) {
        toEnd();
        return;
      }
      const still = before.find(([node]) => node.isConnected);
      if (still === undefined) return;
      log.scrollTop += still[0].getBoundingClientRect().top - still[1];
      lastTop = log.scrollTop;
    },
    close() {
      observer.disconnect();
      log.removeEventListener("scroll", scrolled);
    },
  };
}
