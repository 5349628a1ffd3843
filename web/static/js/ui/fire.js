// The end of a message: its sheet, empty already, burns up from its lower edge while its neighbours
// close in upon the fire. It is the only thing on this page that moves for its own sake.

import { el } from "./el.js";
import { kindle } from "./ember.js";
import { isCovered } from "./neutral-screen.js";

const BURN_MS = 360;
const SPARK_MS = 200;
/** When all is over. */
const END_MS = 400;
const SPARKS = 12;
const EASING = "cubic-bezier(0.4, 0.1, 0.6, 0.9)";
/** Less of a sheet than this isn't seen to burn. */
const LEAST_PX = 8;
/** How far the fire runs ahead of itself, here more and there less. */
const WAVE_PX = 16;
const POINTS = 28;
/** Spreads sparks evenly without a pattern. */
const GOLDEN = 0.618;
const BAND_PX = 18;
/** What burns, from below: how far each reaches beyond the sheet. */
const LAYERS = /** @type {const} */ ([["glow", 8], ["char", 4], ["sheet", 0], ["toast", -1]]);

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @typedef {{list: Element, places: [Element, number][], shapes: {shape: HTMLElement, above: Element|null,
 *   below: Element|null, height: number}[]}} Turn  what goes from one list at once
 * @type {Map<Element, Turn>}
 */
const turns = new Map();

/**
 * Takes `node` out of its list at once, and with it its words; what burns in its place is an empty
 * shape. Resolves when that is over: at once for those who want less motion, and where nobody looks.
 * @param {Element} node  in a list, in what scrolls, in a frame that doesn't
 * @returns {Promise<void>}
 */
async function burn(node) {
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
  const turn = turns.get(list) ?? { list, places: places(list, sight), shapes: [] };
  if (!turns.has(list)) {
    turns.set(list, turn);
    // By then whoever changes the list has done so, and nothing has been painted.
    queueMicrotask(() => closeIn(turn));
  }
  const shape = el("div", { class: `embers${node.matches(".sent") ? " own" : ""}`, "aria-hidden": "true" },
    LAYERS.map(([kind, ahead]) => el("div", { class: kind }, layer(height, ahead))));
  Object.assign(shape.style, {
    left: `${box.left - around.left}px`, top: `${top - around.top}px`, width: `${box.width}px`, height: `${height}px`,
  });
  turn.shapes.push({ shape, above: node.previousElementSibling, below: node.nextElementSibling, height });
  node.remove();
  frame.append(shape);
  for (let at = 0; at < SPARKS; at += 1) shape.append(spark(at, height));
  await Promise.allSettled(shape.getAnimations({ subtree: true }).map((/** @type {Animation} */ one) => one.finished));
  shape.remove();
}

/**
 * The edge of the fire when `done` of the sheet has burnt: never straight, nor twice the same.
 * @param {number} height
 * @param {number} done
 * @param {number} ahead
 */
function edge(height, done, ahead) {
  const points = Array.from({ length: POINTS + 1 }, (_, index) => {
    const x = (index / POINTS) * 20 + ahead / 9;
    const wave = Math.sin(x * 0.43 + 2.2 * done) + 0.45 * Math.sin(x * 1.37 - 5 * done) + 0.3 * Math.sin(x * 3.1 + 7 * done);
    const y = (height + 2 * WAVE_PX) * (1 - done) - WAVE_PX + (WAVE_PX / 2) * wave + ahead;
    return `${((1 - index / POINTS) * 100).toFixed(1)}% ${y.toFixed(1)}px`;
  });
  // All but the sheet are no more than a band, so that nothing glows but the edge.
  return `polygon(${ahead === 0 ? `0 -1px, 100% -1px, ${points.join()}` : band(points)})`;
}

/** @param {string[]} points */
function band(points) {
  const back = points.map((point) => point.replace(/ (.+)px$/, (_, y) => ` ${(Number(y) - BAND_PX).toFixed(1)}px`));
  return [...points, ...back.reverse()].join();
}

/**
 * @param {number} height
 * @param {number} ahead
 */
function layer(height, ahead) {
  const node = el("i");
  node.animate([0, 0.33, 0.66, 1].map((done) => ({ clipPath: edge(height, done, ahead) })),
    { duration: BURN_MS, easing: EASING, fill: "both" });
  return node;
}

/**
 * A spark leaves the edge as this comes by.
 * @param {number} at
 * @param {number} height
 */
function spark(at, height) {
  const node = el("i", { class: "spark" });
  const part = (at + 0.5) / SPARKS;
  const delay = part * (BURN_MS - SPARK_MS / 2);
  const rise = 20 + 34 * ((at * GOLDEN * 5) % 1);
  const drift = 20 * ((at * GOLDEN * 3) % 1) - 10;
  Object.assign(node.style, { left: `${3 + 94 * ((at * GOLDEN) % 1)}%`, top: `${height * (1 - part)}px` });
  node.animate([
    { transform: "none", opacity: 0 },
    { opacity: 1, offset: 0.25 },
    { transform: `translate(${drift}px, ${-rise}px) scale(0.3)`, opacity: 0 },
  ], { duration: Math.min(SPARK_MS, END_MS - delay), delay, fill: "both", easing: "ease-out" });
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
 * and its reader the right place, from the beginning. A sheet goes with the one above it, so that at
 * the end of a log, where all comes down, it sinks into its own fire.
 * @param {Turn} turn
 */
function closeIn({ list, places, shapes }) {
  turns.delete(list);
  const ways = new Map(places.filter(([one]) => one.isConnected)
    .map(([one, top]) => [one, one.getBoundingClientRect().top - top]));
  const timing = { duration: BURN_MS, easing: EASING };
  for (const [one, way] of ways) {
    if (Math.abs(way) >= 1) one.animate([{ transform: `translateY(${-way}px)` }, { transform: "none" }], timing);
  }
  for (const { shape, above, below, height } of shapes) {
    const unmoved = below !== null && Math.abs(ways.get(below) ?? height) < 1;
    const way = Math.min(height, (above && ways.get(above)) ?? (unmoved ? height : 0));
    if (way >= 1) shape.animate([{ transform: "none" }, { transform: `translateY(${way}px)` }], timing);
  }
}

kindle(burn);
