/**
 * Reading a QR code that somebody else shows: by the camera, or from a picture that was kept or sent. Only where the
 * browser can do that by itself; nothing of it leaves the page.
 */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { canScan, scanner } from "../../account/views/scanning.js";

/** Not in every browser, and not in the types. @type {any} */
const Detector = /** @type {any} */ (globalThis).BarcodeDetector;

/**
 * @param {{found: (text: string) => boolean, without: string, nothing: string}} given  `found`: whether a text is what was
 *   looked for; `without`: what is said where there is no camera, `nothing` where a picture shows nothing of the kind
 * @returns {{node: HTMLElement, stop: () => void}}
 */
export function codeReading({ found, without, nothing }) {
  const scan = scanner({ found, without });
  const wrong = el("div", { role: "status" });
  const file = el("input", { type: "file", accept: "image/*", class: "visually-hidden", tabindex: "-1", "aria-label": say("conversations.code.picture"), on: { change: () => void look() } });
  const node = Detector === undefined ? el("p", { class: "hint" }, say("conversations.code.cant")) : el("div", { class: "code-reading" },
    el("div", { class: "button-row" },
      canScan() ? button("secondary", say("conversations.code.scan"), () => { fill(wrong); void scan.start(); }) : null,
      button("secondary", say("conversations.code.picture"), () => file.click())),
    file, scan.node, wrong);

  async function look() {
    const [picture] = file.files ?? [];
    if (picture === undefined) return;
    scan.stop();
    fill(wrong);
    const texts = await textsIn(picture).catch(() => []);
    file.value = "";
    if (!texts.some(found)) fill(wrong, noticeOf(nothing));
  }

  return { node, stop: scan.stop };
}

/** @param {Blob} picture  @returns {Promise<string[]>} */
async function textsIn(picture) {
  const seen = await createImageBitmap(picture);
  try {
    const codes = await new Detector({ formats: ["qr_code"] }).detect(seen);
    return codes.map((/** @type {{rawValue: string}} */ { rawValue }) => rawValue);
  } finally {
    seen.close();
  }
}
