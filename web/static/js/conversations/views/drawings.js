/** The drawings that only conversations have. As in ui/icons.js. */

import { svg } from "../../ui/el.js";

/** @param {string} name  @param {string[]} paths */
const drawn = (name, paths) => svg(
  "svg",
  { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
  paths.map((d) => svg("path", { d })),
);

export const addDrawing = () => drawn("add", ["M4 5h16v12h-9l-4 3v-3H4z", "M12 8v6", "M9 11h6"]);

export const editDrawing = () => drawn("edit", ["M5 19l1-4L15.500 5.500l3 3L9 18z", "M13.500 7.500l3 3"]);

export const settingsDrawing = () => drawn("settings", ["M4 7h9", "M17 7h3", "M15 5v4", "M4 17h3", "M11 17h9", "M9 15v4"]);
