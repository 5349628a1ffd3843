// What keeps a room from being lost by a gesture, and a page from being kept by the browser.

const STAYED_MS = 500;

/**
 * Makes going back a question. While it is set, there is one more entry in the tab's history, with the
 * same address; whoever goes back arrives at the entry below, and `ask()` resolves to whether they want
 * to leave. If so, `leave()` is called; if not, the entry is there again.
 * @param {{ask: () => Promise<boolean>, leave: () => void}} given
 */
export function backTrap({ ask, leave }) {
  let set = false;
  let asking = false;
  let releasing = false;

  async function back() {
    if (releasing) {
      releasing = false;
      // Somebody was quicker than the browser: what is under way now has its own entry.
      if (set) enter();
      return;
    }
    if (!set || asking || history.state?.inside === true) return;
    asking = true;
    const leaves = await ask();
    asking = false;
    // The room may have ended while the question stood.
    if (!set) return;
    if (leaves) {
      set = false;
      leave();
    } else {
      enter();
    }
  }

  function enter() {
    // After a reload the entry of before is still there.
    if (history.state?.inside !== true) history.pushState({ inside: true }, "");
  }

  window.addEventListener("popstate", back);

  return {
    set() {
      set = true;
      if (!releasing) enter();
    },
    /** Takes the entry away, so that going back leads to where it led before. */
    release() {
      if (!set) return;
      set = false;
      if (releasing || history.state?.inside !== true) return;
      releasing = true;
      history.back();
    },
  };
}

/**
 * Before the page is left: `unsaved()` says whether the browser should ask, and `stayed()` is called if the
 * page was not left then. When it is left: `empty()` takes everything away, since the browser may keep the
 * page as it is, for going back to it.
 * @param {{unsaved: () => boolean, stayed: () => void, empty: () => void}} given
 */
export function guardPage({ unsaved, stayed, empty }) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  window.addEventListener("beforeunload", (event) => {
    if (!unsaved()) return;
    event.preventDefault();
    // Nothing tells of the answer: the clock stands while the browser asks, and a page that is left ends soon.
    clearTimeout(timer);
    timer = setTimeout(stayed, STAYED_MS);
  });
  window.addEventListener("pagehide", () => clearTimeout(timer));
  window.addEventListener("pagehide", empty);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}
