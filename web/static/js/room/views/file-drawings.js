// Drawings of files, as those in ui/icons.js: they come later than these.

import { svg } from "../../ui/el.js";

/** @param {string} name  @param {...string} paths */
const drawing = (name, ...paths) =>
  svg("svg", { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    paths.map((d) => svg("path", { d })));

export const clip = () => drawing("clip", "M8 12.500V7a4 4 0 0 1 8 0v9a2.500 2.500 0 0 1-5 0V8.500");
export const save = () => drawing("save", "M12 4v11", "M7.500 11L12 15.500 16.500 11", "M5 20h14");
export const larger = () => drawing("larger", "M5 10V5h5", "M19 14v5h-5", "M5 5l6 6", "M19 19l-6-6");
export const flame = () => drawing("flame", "M12 3.500c.5 3.500 5 5.500 5 10.500a5 5 0 0 1-10 0c0-2 1-3.500 2.500-5 .3 1.500 1 2.300 2 2.500-.8-3 0-5.500.5-8z");
export const again = () => drawing("again", "M18.500 9A7 7 0 1 0 19 13.500", "M19 4.500V9h-4.500");

/** @type {Record<import("../attachment-kinds.js").Kind, string[]>} */
const KINDS = {
  picture: ["M4 5h16v14H4z", "M4 16l4.500-4.500 4 4L16 12l4 4", "M9 8.500h.01"],
  sound: ["M9 17.500V6l9-2v11.500", "M6.500 15.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4z", "M15.500 13.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4z"],
  film: ["M4 6h16v12H4z", "M10 9.500v5l4-2.500z"],
  text: ["M6 3.500h8l4 4v13H6z", "M9 11h6", "M9 14h6", "M9 17h4"],
  other: ["M6 3.500h8l4 4v13H6z", "M14 3.500v4h4"],
};

/** @param {import("../attachment-kinds.js").Kind} kind */
export const kindDrawing = (kind) => drawing(`file-${kind}`, ...KINDS[kind]);
