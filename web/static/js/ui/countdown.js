/** The time that a text stays readable, as one sees it: a number, a thin line that burns down, and an end. */

import { el, setText } from "./el.js";
import { say } from "./i18n.js";
import { isCovered, UNCOVERED } from "./neutral-screen.js";
import { OFFER_SECONDS, ReadingClock } from "./reading-time.js";
import { remaining } from "./times.js";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

const SEEN_AGAIN = ["visibilitychange", UNCOVERED];

const unseen = () => document.hidden || isCovered();

/**
 * Calls `painted` two animation frames after this page was in sight; gives a way to cancel it.
 * @param {() => void} painted
 */
export function afterPaint(painted) {
  let frame = 0;
  let over = false;
  const wait = () => {
    if (over || unseen()) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        if (over || unseen()) return;
        stop();
        painted();
      });
    });
  };
  const stop = () => {
    over = true;
    cancelAnimationFrame(frame);
    for (const type of SEEN_AGAIN) document.removeEventListener(type, wait);
  };
  for (const type of SEEN_AGAIN) document.addEventListener(type, wait);
  wait();
  return stop;
}

/**
 * A countdown of `seconds`, at most `most`, that begins when `start` is called; Infinity has no end. `onEnd` is
 * called once, also when the device slept through the end; `onLast(left)` when little is left of what was more;
 * `onTick(clock)` again and again. Gives the number (`node`) and the line that burns down (`track`), which is null
 * if there is no end.
 * @param {{seconds: number, most?: number, onEnd: () => void, onLast?: (left: number) => void,
 *   onTick?: (clock: ReadingClock) => void}} options
 */
export function countdown({ seconds, most = Infinity, onEnd, onLast = () => {}, onTick = () => {} }) {
  const endless = !Number.isFinite(seconds);
  const line = el("span", { class: "burn-line" });
  const number = el("span", { class: "burn-number" });
  const track = endless ? null : el("span", { class: "burn-track", "aria-hidden": "true" }, line);
  const node = el("span", { class: "burn", role: "timer", "aria-live": "off" }, number);
  /** @type {ReadingClock|null} */
  let clock = null;
  /** @type {Animation|null} */
  let burning = null;
  let timer = 0;
  let held = false;
  let told = true;

  /** @param {number} left */
  function show(left) {
    const time = endless ? say("card.until_closed") : remaining(Math.max(Math.ceil(left / 1000), 0));
    setText(number, held ? say("card.held", { time }) : time);
    if (!endless && still.matches) line.style.transform = `scaleX(${part(left)})`;
  }

  /** @param {number} left  what is left of the line */
  const part = (left) => Math.min(1, Math.max(0, left) / (seconds * 1000));

  function tick() {
    if (clock === null) return;
    const now = Date.now();
    const left = clock.left(now);
    if (clock.isHeld(now) !== held) burn();
    show(left);
    if (left <= 0) {
      stop();
      onEnd();
      return;
    }
    onTick(clock);
    if (left > OFFER_SECONDS * 1000) {
      told = false;
    } else if (!told && !held) {
      told = true;
      onLast(Math.ceil(left / 1000));
    }
  }

  /** Lets the line burn from where the clock stands. */
  function burn() {
    if (clock === null) return;
    const now = Date.now();
    const left = Math.max(0, clock.left(now));
    held = clock.isHeld(now);
    node.classList.toggle("held", held);
    burning?.cancel();
    if (still.matches) return;
    const burns = line.animate([{ transform: `scaleX(${part(left)})` }, { transform: "scaleX(0)" }],
      { duration: left, fill: "forwards" });
    if (held) burns.pause();
    burning = burns;
  }

  function stop() {
    clearInterval(timer);
    // The document holds what moves on it, and with it the card and its text, until the time is over.
    burning?.cancel();
  }

  show(seconds * 1000);
  return {
    node, track,
    /**
     * Begins, or goes on by a clock that had begun before. Gives the clock.
     * @param {ReadingClock} [begun]
     */
    start(begun = new ReadingClock(Date.now(), seconds, most)) {
      if (clock !== null) return clock;
      clock = begun;
      if (endless) return clock;
      timer = window.setInterval(tick, 250);
      burn();
      // A redrawn card has been told of already, and of a short time nobody has to be told twice.
      told = clock.left(Date.now()) <= OFFER_SECONDS * 1000;
      onTick(clock);
      return clock;
    },
    /** Whoever changes the clock says so. */
    changed() {
      burn();
      tick();
    },
    stop,
  };
}
