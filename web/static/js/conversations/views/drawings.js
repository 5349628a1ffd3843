/** The drawings that only conversations have. As in ui/icons.js. */

import { svg } from "../../ui/el.js";

/** @param {string} name  @param {string[]} paths */
const drawn = (name, paths) => svg(
  "svg",
  { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
  paths.map((d) => svg("path", { d })),
);

export const addDrawing = () => drawn("add", ["M4 5h16v12h-9l-4 3v-3H4z", "M12 8v6", "M9 11h6"]);

export const muteDrawing = () => drawn("mute", ["M4 10v4h3.500L12 18V6L7.500 10z", "M16 10l4 4", "M20 10l-4 4"]);

export const pinDrawing = () => drawn("pin", ["M9 4h6l-1 6 3 3H7l3-3z", "M12 13v7"]);

export const searchDrawing = () => drawn("search", ["M10.500 5a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11z", "M14.500 14.500L19 19"]);

export const archiveDrawing = () => drawn("archive", ["M4 6h16v4H4z", "M6 10v9h12v-9", "M10 13.500h4"]);

export const editDrawing = () => drawn("edit", ["M5 19l1-4L15.500 5.500l3 3L9 18z", "M13.500 7.500l3 3"]);

export const settingsDrawing = () => drawn("settings", ["M4 7h9", "M17 7h3", "M15 5v4", "M4 17h3", "M11 17h9", "M9 15v4"]);

export const attachDrawing = () => drawn("attach", ["M19 11.500l-7 7a4.200 4.200 0 0 1-6-6L13 5.500a2.800 2.800 0 0 1 4 4l-6.500 6.500a1.400 1.400 0 0 1-2-2L14 8.500"]);
