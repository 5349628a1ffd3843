/** The drawings of players. As in ui/icons.js. */

import { svg } from "../../ui/el.js";

/** @type {Record<string, string[]>} */
const PATHS = {
  play: ["M8 5.500v13l10.500-6.500z"],
  pause: ["M8.500 6v12", "M15.500 6v12"],
  sound: ["M4 10v4h3.500L12 18V6L7.500 10z", "M15.500 9a4 4 0 0 1 0 6", "M18 6.500a8 8 0 0 1 0 11"],
  silent: ["M4 10v4h3.500L12 18V6L7.500 10z", "M16 10l4 4", "M20 10l-4 4"],
  whole: ["M5 9V5h4", "M15 5h4v4", "M19 15v4h-4", "M9 19H5v-4"],
  part: ["M9 5v4H5", "M19 9h-4V5", "M15 19v-4h4", "M5 15h4v4"],
  beside: ["M4 6h16v12H4z", "M12.500 12h5v4h-5z"],
  together: ["M8 6.500a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600z", "M3 18.500c.3-3 2.200-4.500 5-4.500s4.700 1.500 5 4.500", "M15 7.200a2.500 2.500 0 1 1 1.500 4.600", "M15.500 14.200c3.200-.3 5.200 1.300 5.500 4.300"],
};

/** @param {string} name */
export const drawing = (name) => svg(
  "svg",
  { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
  PATHS[name].map((d) => svg("path", { d })),
);
