// The drawings that only the page of accounts has: rooms would load them for nothing. As in ui/icons.js.

import { svg } from "../../ui/el.js";

/** @param {string} name  @param {string[]} paths */
const drawn = (name, paths) => svg(
  "svg",
  { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
  paths.map((d) => svg("path", { d })),
);

export const deviceDrawing = () => drawn("device", ["M18 6V4H3v12h8", "M7 20h4", "M15 10h6v10h-6z"]);

/** Of a sign-in. */
export const enterDrawing = () => drawn("enter", ["M10 5h8v14h-8", "M3 12h10", "M10 9l3 3-3 3"]);
