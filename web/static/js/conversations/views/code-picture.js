/** A text as a QR code on this screen. */

import { el, fill } from "../../ui/el.js";
import { later } from "../../ui/later.js";
import { noticeOf } from "../../account/views/asking.js";
import { refusalSentence } from "../../account/views/refusals.js";

/** @param {string} text  @param {string} label  for who doesn't see it */
export function codePicture(text, label) {
  const node = el("div", { class: "qr-place" });
  later().then(({ qrPicture }) => {
    const picture = qrPicture(text);
    picture.setAttribute("aria-label", label);
    fill(node, picture);
  }).catch(() => fill(node, noticeOf(refusalSentence({ code: "not_loaded" }))));
  return node;
}
