// The end of a message: its sheet, empty already, burns up from its lower edge while its neighbours
// close in. It is the only thing on this page that moves for its own sake.

import { el } from "./el.js";
import { isCovered } from "./neutral-screen.js";

const BURN_MS = 340;
const CLOSE_IN_MS = 260;
const CLOSE_IN_AFTER_MS = 90;
const SPARK_MS = 190;
const SPARKS = 11;
/** Less of a sheet than this isn't seen to burn. */
const LEAST_PX = 8;
/** Spreads sparks evenly without a pattern. */
const GOLDEN = 0.618;

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Where the elements of a list stood before the first of them went in this turn. @type {Map<Element, [Element, number][]>} */
const before = new Map();

/**
 * Takes `node` out of its list at once, and with it its words; what burns in its place is an empty
 * shape. Resolves when that is over: at once for those who want less motion, and where nobody looks.
 * @param {Element} node  in a list, in what scrolls, in a frame that doesn't
 * @returns {Promise<void>}
 */
export async function burnAway(node) {
  const list = node.parentElement;
  const scroller = list?.parentElement;
  const frame = scroller?.parentElement;
  if (!list || !scroller || !frame || still.matches || document.hidden || isCovered()) {
    node.remove();
    return;
  }
  const [box, sight, around] = [node, scroller, frame].map((one) => one.getBoundingClientRect());
  const top = Math.max(box.top, sight.top);
  const height = Math.min(box.bottom, sight.bottom) - top;
  if (height < LEAST_PX) {
    node.remove();
    return;
  }
  if (!before.has(list)) {
    before.set(list, places(list, sight));
    // By then whoever changes the list has done so, and nothing has been painted.
    queueMicrotask(() => closeIn(list));
  }
  const shape = el("div", { class: `embers${node.matches(".sent") ? " own" : ""}`, "aria-hidden": "true" },
    ["glow", "char", "sheet"].map((kind) => el("i", { class: `ember-layer ${kind}` })));
  Object.assign(shape.style, {
    left: `${box.left - around.left}px`, top: `${top - around.top}px`, width: `${box.width}px`, height: `${height}px`,
  });
  shape.style.setProperty("--burn-height", `${height}px`);
  shape.style.setProperty("--burn-time", `${BURN_MS}ms`);
  node.remove();
  frame.append(shape);
  for (let at = 0; at < SPARKS; at += 1) shape.append(spark(at, height));
  await Promise.allSettled(shape.getAnimations({ subtree: true }).map((one) => one.finished));
  shape.remove();
}

/**
 * A spark leaves the edge as this comes by.
 * @param {number} at
 * @param {number} height
 */
function spark(at, height) {
  const node = el("i", { class: "spark" });
  const part = (at + 0.5) / SPARKS;
  const chance = (at * GOLDEN) % 1;
  const rise = 22 + 30 * ((at * GOLDEN * 5) % 1);
  const drift = 18 * ((at * GOLDEN * 3) % 1) - 9;
  Object.assign(node.style, { left: `${3 + 94 * chance}%`, top: `${height * (1 - part)}px` });
  node.animate([
    { transform: "none", opacity: 0 },
    { opacity: 1, offset: 0.25 },
    { transform: `translate(${drift}px, ${-rise}px) scale(0.3)`, opacity: 0 },
  ], { duration: SPARK_MS, delay: part * (BURN_MS - SPARK_MS / 2), fill: "both", easing: "ease-out" });
  return node;
}

/**
 * @param {Element} list
 * @param {DOMRect} sight
 * @returns {[Element, number][]} those in sight or nearly
 */
function places(list, sight) {
  /** @type {[Element, number][]} */
  const found = [];
  for (const one of list.children) {
    const box = one.getBoundingClientRect();
    if (box.top > sight.bottom + sight.height) break;
    if (box.bottom > sight.top - sight.height) found.push([one, box.top]);
  }
  return found;
}

/**
 * Neighbours go from where they were to where they are by transforms alone: the list has its height,
 * and its reader the right place, from the beginning.
 * @param {Element} list
 */
function closeIn(list) {
  const moved = (before.get(list) ?? [])
    .filter(([one]) => one.isConnected)
    .map(([one, top]) => /** @type {const} */ ([one, top - one.getBoundingClientRect().top]));
  before.delete(list);
  for (const [one, way] of moved) {
    if (Math.abs(way) < 1) continue;
    one.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }],
      { duration: CLOSE_IN_MS, delay: CLOSE_IN_AFTER_MS, fill: "backwards", easing: "cubic-bezier(0.3, 0, 0.1, 1)" });
  }
}
