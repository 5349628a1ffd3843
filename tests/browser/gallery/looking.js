// Looks at the page as it stands and tells what a person could not see, reach or press. Everything
// found is named by its class, so that a failing test says where to look.

import { say } from "/static/js/ui/i18n.js";

const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex='0']";
/** WCAG 2.2, 2.5.8, in CSS pixels. */
const LEAST_TARGET = 24;
const LEAST_OUTLINE = 2;
const LEAST_CONTRAST = 4.5;

const name = (node) => {
  const words = (node.getAttribute("aria-label") ?? node.innerText ?? "").trim().slice(0, 30);
  return `${node.tagName.toLowerCase()}.${node.getAttribute("class") ?? ""} ${node.id}“${words}”`;
};

/** What everything is in: the open dialog, else the page. */
const stage = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;

const isThere = (node) =>
  node.checkVisibility({ visibilityProperty: true }) && !node.disabled && node.closest("[inert]") === null;

/** Every control that somebody could want to use now. */
const controls = () => [...stage().querySelectorAll(CONTROLS)].filter(isThere);

/** What could be used now, in order: each control without the words and numbers of this state. */
export const kinds = () => controls().map((node) => `${node.tagName}.${node.className}.${node.parentElement.className}`);

// --- colours --------------------------------------------------------------------------------------

const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const seen = new Map();

/** A colour as red, green, blue and opacity: a browser gives it in whatever form the style has it. */
function rgba(colour) {
  if (!seen.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    seen.set(colour, canvas.getImageData(0, 0, 1, 1).data);
  }
  return seen.get(colour);
}

const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);

export function contrast(one, other) {
  const [dark, light] = [luminance(rgba(one)), luminance(rgba(other))].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function behind(node) {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (rgba(colour)[3] === 255) return colour;
  }
  return "Canvas";
}

/** Text with too little contrast against the plain colour behind it (WCAG 2.2, 1.4.3). */
export function faint() {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("template, noscript, option, :disabled, .burning")) continue;
    if (!node.checkVisibility()) continue;
    const ratio = contrast(getComputedStyle(node).color, behind(node));
    if (ratio < LEAST_CONTRAST) found.add(`${name(node)} ${ratio.toFixed(2)}`);
  }
  return [...found];
}

// --- place and size -------------------------------------------------------------------------------

/** What is wider than the window and is not inside something that scrolls or cuts off. */
export const overflowing = () => [...document.querySelectorAll("body, body *")].filter((node) => {
  if (node.closest(".visually-hidden, .seats, .code-block, [aria-hidden]")) return false;
  const box = node.getBoundingClientRect();
  return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map(name);

/** Controls that are too small to be hit, links inside of a text aside. */
export const small = () => controls().filter((node) => {
  if (node.matches(".message-text a")) return false;
  const { width, height } = (node.labels?.[0]?.contains(node) ? node.labels[0] : node).getBoundingClientRect();
  return width < LEAST_TARGET || height < LEAST_TARGET;
}).map((node) => {
  const { width, height } = node.getBoundingClientRect();
  return `${name(node)} ${width.toFixed(1)} x ${height.toFixed(1)}`;
});

const clips = (node) => /hidden|clip|auto|scroll/.test(getComputedStyle(node).overflow);

/** What is left of a box after everything around it that cuts off. */
function visiblePart(node) {
  let { left, right, top, bottom } = node.getBoundingClientRect();
  const cut = (box) => {
    [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
    [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
  };
  cut({ left: 0, top: 0, right: innerWidth, bottom: innerHeight });
  for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) {
    if (clips(at)) cut(at.getBoundingClientRect());
  }
  return { width: right - left, height: bottom - top };
}

/** Controls of which a part can't be brought into sight, or whose own words don't fit. */
export function clipped() {
  const found = [];
  for (const node of controls()) {
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
    const { width, height } = node.getBoundingClientRect();
    const part = visiblePart(node);
    const least = [Math.min(width, innerWidth), Math.min(height, LEAST_TARGET)];
    if (part.width < least[0] - 1 || part.height < least[1] - 1) found.push(`${name(node)} is cut off`);
    else if (node.tagName === "BUTTON" && node.scrollWidth > node.clientWidth + 1) found.push(`${name(node)} does not fit`);
  }
  return found;
}

/** Of nothing that is seen: it keeps the second tap of a double one away. */
const UNSEEN = "at-hand";

/** Animations that run on although the person asked for less motion. */
export const moving = () => document.getAnimations()
  .filter((animation) => animation.animationName !== UNSEEN)
  .filter((animation) => animation.playState === "running" && animation.effect.getComputedTiming().duration > 1)
  .map((animation) => `${animation.animationName ?? "animation"} of ${name(animation.effect.target)}`);

// --- the keyboard ---------------------------------------------------------------------------------

const outlined = (node) => {
  for (let at = node, depth = 0; at && depth < 3; at = at.parentElement, depth += 1) {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(at);
    const drawn = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= LEAST_OUTLINE;
    if (drawn && (at === node || at.matches(":focus-within")) && contrast(outlineColor, behind(at.parentElement ?? at)) >= 3) return true;
  }
  return false;
};

/** Whether something of the focused element can be seen and is not behind something else. */
function uncovered(node) {
  const box = node.getBoundingClientRect();
  return [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]].some(([x, y]) => {
    const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return hit !== null && (node.contains(hit) || hit.contains(node));
  });
}

let visited = [];
let expected = [];

function visit({ target }) {
  visited.push({ node: target, outline: outlined(target), uncovered: uncovered(target) });
}

/** Begins a walk by Tab at the beginning of the page or dialog; gives how many steps it may take. */
export function beginWalk() {
  document.activeElement?.blur();
  // The pointer's short patience is nothing for the keyboard, and would look like a cover.
  for (const one of document.getAnimations()) if (one.animationName === UNSEEN) one.finish();
  getSelection().collapse(stage(), 0);
  visited = [];
  // Of a group of radio buttons one is reached by Tab, the others by arrows.
  const groups = new Set();
  expected = controls().filter((node) => {
    if (node.type !== "radio") return true;
    const first = !groups.has(node.name);
    groups.add(node.name);
    return first;
  });
  document.addEventListener("focusin", visit);
  return expected.length;
}

/** The controls that the walk has not come to yet. */
export function unreached() {
  const reached = new Set(visited.map(({ node }) => (node.type === "radio" ? node.name : node)));
  // What went away as one came near was not to be reached.
  return expected.filter((node) => isThere(node) && !reached.has(node.type === "radio" ? node.name : node))
    .map((node) => `${name(node)} is not reached`);
}

/** What was wrong on the walk. */
export function endWalk() {
  document.removeEventListener("focusin", visit);
  const found = unreached();
  for (const { node, outline, uncovered: open } of visited) {
    if (!outline) found.push(`${name(node)} has no outline`);
    if (!open) found.push(`${name(node)} is covered`);
    if (!stage().contains(node)) found.push(`${name(node)} is outside of the dialog`);
  }
  return [...new Set(found)];
}

// --- the focus ------------------------------------------------------------------------------------

const hasFocus = () =>
  document.activeElement !== document.body && document.activeElement?.isConnected === true && isThere(document.activeElement);

/**
 * From one state of a room to others: whatever of it had the focus, something has it afterwards. Gives
 * what had it when it was lost.
 */
export async function focusLost(from, others) {
  const { clientStates } = await import("./states.js");
  const found = [];
  for (const to of others) {
    for (let index = 0, count = 1; index < count; index += 1) {
      await window.gallery.play(from);
      const focused = controls()[index];
      count = controls().length;
      focused.focus();
      if (document.activeElement !== focused) continue;
      const was = name(focused);
      window.gallery.client.change(clientStates[to]());
      if (!hasFocus()) found.push(`${was} when it became ${to}`);
    }
  }
  return found;
}

/** The states between which a room can go. */
export const between = async () => Object.keys((await import("./states.js")).clientStates);

// --- words ----------------------------------------------------------------------------------------

/** What the row of the table says that this state comes from, and the page doesn't. */
export const unsaid = () => window.gallery.unsaid();

/** A message that could not be drawn has a sentence in its place. */
export const unshowable = () => (document.body.innerText.includes(say("card.unshowable")) ? [say("card.unshowable")] : []);
