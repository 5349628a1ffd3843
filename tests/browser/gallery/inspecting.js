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

/** The states of these names; `rules` are those of axe by the states that it looks at. */
export async function inspected({ names, looks, rules }) {
  const found = [];
  for (const state of names) {
    await window.gallery.play(state);
    await window.gallery.drawn();
    found.push({ state, ...(await seen({ looks, rules: rules[state] ?? null })) });
  }
  return found;
}
