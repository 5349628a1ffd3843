// A link as a picture for another device's camera.

import * as leanQr from "../../vendor/lean-qr/nano.js";
import { svg } from "./el.js";
import { say } from "./i18n.js";

/** @typedef {{size: number, get: (x: number, y: number) => boolean}} Symbol  of dark modules and light ones */

/** What is vendored comes without types. @type {any} */
const { correction, generate } = leanQr;

// What ISO/IEC 18004 asks for around the symbol, in modules; cameras fail without it.
const QUIET_ZONE = 4;

/** The picture of a text: an SVG image, dark on light in every theme, with correction level M. @param {string} text */
export function qrPicture(text) {
  /** @type {Symbol} */
  const symbol = generate(text, { minCorrectionLevel: correction.M });
  const size = symbol.size + 2 * QUIET_ZONE;
  return svg("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": say("share.qr"),
    "shape-rendering": "crispEdges" },
    svg("rect", { class: "qr-light", width: size, height: size }),
    svg("path", { class: "qr-dark", d: outline(symbol) }));
}

/** Every run of dark modules of a row as one rectangle. @param {Symbol} symbol */
function outline(symbol) {
  let path = "";
  for (let y = 0; y < symbol.size; y += 1) {
    for (let x = 0; x < symbol.size; x += 1) {
      let run = 0;
      while (symbol.get(x + run, y)) run += 1;
      if (run > 0) path += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h${run}v1h-${run}z`;
      x += run;
    }
  }
  return path;
}
