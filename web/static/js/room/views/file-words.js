/** How files are spoken of: their sizes and their names. */

import { partsOf, savedName } from "../../protocol/saved-name.js";
import { el } from "../../ui/el.js";
import { language } from "../../ui/i18n.js";

const UNITS = ["byte", "kilobyte", "megabyte"];

/** A size, in the language of the page. @param {number} bytes */
export function bytesOf(bytes) {
  const power = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  return new Intl.NumberFormat(language(), {
    style: "unit", unit: UNITS[power], unitDisplay: power === 0 ? "long" : "short", maximumFractionDigits: power === 2 ? 1 : 0,
  }).format(bytes / 1000 ** power);
}

/**
 * A name as its author gave it, made harmless; its ending stands apart, so that nobody takes another for it.
 * @param {string} name
 */
export function nameOf(name) {
  const { stem, ending } = partsOf(savedName(name));
  return el("span", { class: "enclosed-name notranslate", translate: "no", dir: "ltr" },
    el("bdi", { class: "enclosed-stem", dir: "auto" }, stem), ending !== "" && el("bdi", { class: "enclosed-ending", dir: "ltr" }, ending));
}
