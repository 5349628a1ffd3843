// The time that a text stays readable: a number, a thin line that burns down, and an end.

import { el, setText } from "./el.js";
import { say } from "./i18n.js";
import { isCovered, UNCOVERED } from "./neutral-screen.js";
import { remaining } from "./times.js";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Seconds that a message stays when its author had no wish. */
export const DEFAULT_VIEW = 30;

const LAST_SECONDS = 10;
const SEEN_AGAIN = ["visibilitychange", UNCOVERED];

const unseen = () => document.hidden || isCovered();

/** Calls `painted` two animation frames after this page was in sight; gives a way to cancel it. */
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
 * A countdown of `seconds` that begins when `start` is called; 0 has no end. `onEnd` is called once,
 * also when the device slept through the end, and `onLast(left)` once when few seconds are left. Gives
 * the number (`node`) and the line that burns down (`track`), which is null if there is no end.
 */
export function countdown({ seconds, onEnd, onLast = () => {} }) {
  const line = el("span", { class: "burn-line" });
  const number = el("span", { class: "burn-number" });
  const track = seconds === 0 ? null : el("span", { class: "burn-track", "aria-hidden": "true" }, line);
  const node = el("span", { class: "burn", role: "timer", "aria-live": "off" }, number);
  let timer = 0;
  let endsAt = Infinity;
  let burning = null;
  // Of a short time nobody has to be told when most of it is over.
  let last = seconds > 2 * LAST_SECONDS ? LAST_SECONDS : 0;

  const show = (left) =>
    setText(number, seconds === 0 ? say("card.until_closed") : remaining(Math.max(left, 0)));

  function tick() {
    // By the wall clock: a monotonic one stands still while a device sleeps.
    const left = Math.ceil((endsAt - Date.now()) / 1000);
    show(left);
    if (still.matches) line.style.transform = `scaleX(${Math.max(left, 0) / seconds})`;
    if (left <= 0) {
      stop();
      onEnd();
    } else if (left <= last) {
      last = 0;
      onLast(left);
    }
  }

  function stop() {
    clearInterval(timer);
    // The document holds what moves on it, and with it the card and its text, until the time is over.
    burning?.cancel();
  }

  show(seconds);
  return {
    node, track,
    /** Begins, or goes on towards an end that was set before. Gives the end, in this device's time. */
    start(end = Date.now() + seconds * 1000) {
      if (seconds === 0 || Number.isFinite(endsAt)) return endsAt;
      endsAt = end;
      const left = Math.max(0, endsAt - Date.now());
      timer = setInterval(tick, 250);
      if (!still.matches) {
        burning = line.animate([{ transform: `scaleX(${Math.min(1, left / (seconds * 1000))})` }, { transform: "scaleX(0)" }],
          { duration: left, fill: "forwards" });
      }
      return endsAt;
    },
    stop,
  };
}
