import { copyButton } from "../../ui/copy-button.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { codeWords } from "./code-words.js";

/** @typedef {import("./view-context.js").Share} Share */

/** The ways to hand the code over: the panel of sharing, where the page has given one. @param {Share} share */
export function shareNode(share) {
  if (share.panel !== undefined) return share.panel().node;
  return el("div", { class: "share-simple" },
    el("p", { class: "menu-code notranslate", translate: "no" }, codeWords(share.code).join(" ")),
    el("div", { class: "button-row" },
      copyButton({ label: say("share.copy_code"), name: "copy", text: () => share.code }),
      copyButton({ label: say("share.copy_link"), name: "link", text: share.link })));
}
