// The seven numbered places of a code, drawn below its field.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/** Words of a code. */
export const PLACES = 7;

/**
 * @typedef {import("../code-draft.js").Place} Place
 */

/**
 * @param {{mend: (place: Place, word: string) => void}} given  `mend` puts a word in the place of what stands there
 */
export function codePlaces({ mend }) {
  /** @type {HTMLElement} */
  const node = el("ol", { class: "places", dir: "ltr", "aria-label": say("code.places"), hidden: true });
  /** @type {string[]} what each place shows */
  let shown = [];

  /** @param {Place[]} places  by position; those that aren't known are left empty */
  function show(places) {
    node.hidden = places.length === 0;
    const count = Math.max(PLACES, ...places.map(({ position }) => position));
    const wanted = Array.from({ length: count }, (_, at) => places.find(({ position }) => position === at + 1) ?? null);
    const now = wanted.map((place) => JSON.stringify(place));
    while (node.children.length > count) node.lastElementChild?.remove();
    // What stays the same is left alone: a button that is just being pressed must still be there afterwards.
    for (const [at, place] of wanted.entries()) {
      if (at < node.children.length && now[at] === shown[at]) continue;
      const drawn = place === null ? emptyPlace(at + 1) : filledPlace(place);
      if (at < node.children.length) node.children[at].replaceWith(drawn);
      else node.append(drawn);
    }
    shown = now;
  }

  /** @param {Place} place */
  function filledPlace(place) {
    const { position, typed, word: read, state, near } = place;
    const surplus = position > PLACES && state === "word";
    const about = state === "unknown" ? "code.not_listed" : state === "doubtful" ? "code.near" : null;
    return el("li", { class: `place ${surplus ? "surplus" : state}` }, number(position),
      el("span", { class: "place-word notranslate", translate: "no", lang: "en" },
        state === "unknown" ? typed : read),
      about === null ? null : el("span", { class: "place-about", dir: "auto" }, say(about)),
      near.map((word) => el("button", { type: "button", class: "place-mend notranslate", translate: "no", lang: "en",
        "aria-label": say("code.use", { word, position }), on: { click: () => mend(place, word) } }, word)));
  }

  /** @returns {HTMLElement|null} what mends the first wrong word */
  const firstMend = () => node.querySelector(".unknown .place-mend");

  return { node, show, firstMend };
}

/** @param {number} position */
const number = (position) => el("span", { class: "place-number", "aria-hidden": "true" }, position);

/** @param {number} position */
const emptyPlace = (position) => el("li", { class: "place empty", "aria-hidden": "true" }, number(position));
