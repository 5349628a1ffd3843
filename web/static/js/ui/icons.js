// The page's own drawings: 24 by 24, one stroke, in the colour of the text around them.

import { svg } from "./el.js";

/** @type {Record<string, string[]>} */
const PATHS = {
  copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
  link: ["M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5", "M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5"],
  menu: ["M5 12h.01", "M12 12h.01", "M19 12h.01"],
  send: ["M12 19V5", "M6 11l6-6 6 6"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  locked: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  sealed: ["M4 6.5h16v12H4z", "M4 7l8 6.5L20 7"],
  broken: ["M4 6.5h16v12H4z", "M13 6.5l-2.5 4 3 2.5-2 5.5"],
  leave: ["M14 5H6v14h8", "M11 12h9", "M17 9l3 3-3 3"],
  destroy: ["M5 7h14", "M10 7V4.5h4V7", "M7 7l1 13h8l1-13"],
  waiting: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", "M12 8v4.5l3 1.5"],
  eye: ["M3 12c2.5-4.3 5.5-6 9-6s6.5 1.7 9 6c-2.5 4.3-5.5 6-9 6s-6.5-1.7-9-6z", "M12 9.500a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"],
  done: ["M5 12.500l4.5 4.500L19 7.5"],
  offline: ["M4 9a12 12 0 0 1 16 0", "M8 13.5a6 6 0 0 1 8 0", "M12 18h.01", "M5 4l14 16"],
  voice: ["M4 10v4h3.500L12 18V6L7.500 10z", "M15.500 9a4 4 0 0 1 0 6", "M18 6.500a8 8 0 0 1 0 11"],
  share: ["M12 15V4", "M8 7.5L12 3.500l4 4", "M7 11H5v9h14v-9h-2"],
  person: ["M12 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z", "M5 20c.5-4 3.300-6 7-6s6.500 2 7 6"],
  hold: ["M9 6v12", "M15 6v12"],
  reply: ["M9 6L4 11l5 5", "M4 11h9a6 6 0 0 1 6 6v1.5"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
  warning: ["M12 4L3 19.500h18z", "M12 10v4.5", "M12 17h.01"],
};

/** A drawing by its name, hidden from screen readers: the text beside it says the same. @param {string} name */
export function icon(name) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    (PATHS[name] ?? []).map((d) => svg("path", { d })),
  );
}

/** Adds drawings that come later. @param {Record<string, string[]>} more */
export const draw = (more) => void Object.assign(PATHS, more);
