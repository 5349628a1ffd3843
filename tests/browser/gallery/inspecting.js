// Shows all states, one after the other, and tells what is wrong with them as the window is now.

import { clipped, faint, moving, overflowing, small, unsaid, unshowable } from "./looking.js";

const LOOKS = { clipped, faint, moving, overflowing, small, unsaid, unshowable };

/** What axe says about the page by some rules: each node as rule, selector and sentence. */
async function axed({ type, values, without = [] }) {
  // No preload: axe would fetch the page's styles and put them in once more, which our policy forbids.
  const { violations, incomplete } = await window.axe.run(document, {
    runOnly: { type, values }, rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
    preload: false, resultTypes: ["violations", "incomplete"],
  });
  const told = ({ id, nodes }) => nodes.map((node) => {
    const { message } = [...node.any, ...node.all, ...node.none][0] ?? {};
    return [id, node.target.join(" "), message];
  });
  return { violations: violations.flatMap(told), undecided: incomplete.flatMap(told) };
}

/** The page as it stands. */
export async function seen({ looks = [], rules = null }) {
  const faults = Object.fromEntries(looks.map((name) => [name, LOOKS[name]()]));
  return { faults, ...(rules === null ? {} : await axed(rules)) };
}

/** What an attribute has to say to axe: whether there is anything in it, and what it names is there. */
function said(node, attribute) {
  const value = node.getAttribute(attribute);
  if (!/^aria-(labelledby|describedby|controls|owns)$/.test(attribute)) return `${attribute}${value === "" ? "!" : ""}`;
  return `${attribute}${value.split(" ").every((id) => document.getElementById(id) !== null) ? "" : "?"}`;
}

const shape = (node) => {
  const classes = (node.getAttribute("class") ?? "").replace(/hue-\d+/, "hue");
  const role = node.getAttribute("role") ?? "";
  return `${node.tagName}.${classes}.${role}[${node.getAttributeNames().map((name) => said(node, name)).sort()}]`;
};

/** What the page is made of, without its words and numbers: each element in its parent, and the order of headings. */
function parts() {
  const found = [...document.querySelectorAll("body *")].map((node) =>
    `${shape(node.parentElement)} > ${shape(node)}${node.textContent.trim() === "" ? " without words" : ""}`);
  return [...found, [...document.querySelectorAll("h1, h2, h3, h4")].map(({ tagName }) => tagName).join(" ")];
}

/**
 * The states of these names. `rules` are those of axe by the states that it looks at, `between` those for others that
 * have a part which it hasn't seen.
 */
export async function inspected({ names, looks, rules, between, never }) {
  const found = [];
  const met = new Set();
  for (const state of names) {
    await window.gallery.play(state);
    await window.gallery.drawn();
    let asked = rules[state] ?? null;
    if (between !== null && !never.includes(state)) {
      const here = parts();
      if (asked === null && here.some((part) => !met.has(part))) asked = between;
      if (asked !== null) for (const part of here) met.add(part);
    }
    found.push({ state, ...(await seen({ looks, rules: asked })) });
  }
  return found;
}
