// The time that a text stays readable: a number, a thin line that burns down, and an end.

import { el, setText } from "./el.js";
import { say } from "./say.js";
import { remaining } from "./times.js";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Seconds that a message stays when its author had no wish. */
export const DEFAULT_VIEW = 30;

/** Calls `painted` two animation frames after this document was visible; gives a way to call it off. */
export function afterPaint(painted) {
  let frame = 0;
  let over = false;
  const wait = () => {
    if (over || document.hidden) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        if (over || document.hidden) return;
        stop();
        painted();
      });
    });
  };
  const stop = () => {
    over = true;
    cancelAnimationFrame(frame);
    document.removeEventListener("visibilitychange", wait);
  };
  document.addEventListener("visibilitychange", wait);
  wait();
  return stop;
}

/**
 * A countdown of `seconds` that begins when `start` is called; 0 has no end. `onEnd` is called once,
 * also when the device slept through the end.
 */
export function countdown(seconds, onEnd) {
  const line = el("span", { class: "burn-line" });
  const number = el("span", { class: "burn-number" });
  const node = el("div", { class: "burn", role: "timer", "aria-live": "off" },
    el("span", { class: "burn-track", "aria-hidden": "true" }, line), number);
  let timer = 0;
  let endsAt = Infinity;

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
    }
  }

  function stop() {
    clearInterval(timer);
  }

  show(seconds);
  return {
    node,
    start() {
      if (seconds === 0 || Number.isFinite(endsAt)) return;
      endsAt = Date.now() + seconds * 1000;
      timer = setInterval(tick, 250);
      if (!still.matches) {
        line.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }],
          { duration: seconds * 1000, fill: "forwards" });
      }
    },
    stop,
  };
}
