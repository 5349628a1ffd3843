/** A code, in every form in which it can be handed over, and what each of them leaks. */

import { announceAssertive } from "../../ui/announce.js";
import { copyButton } from "../../ui/copy-button.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { later } from "../../ui/later.js";
import { codeWords } from "./code-words.js";

/**
 * The panel of sharing. `code` is canonical; `link()` promises the link. The words stand at its top, so that
 * whatever shows it can put it where another showed it before.
 * @param {{code: string, link: () => Promise<string>}} options
 */
export function sharePanel({ code, link }) {
  // A list of words would be read out with its numbers; the words alone are what is spoken.
  // A stop of Tab: they are what one has come for, and come before what can be done with them.
  const words = el("p", { class: "code-words notranslate", tabindex: "0", translate: "no", dir: "ltr", lang: "en" },
    codeWords(code).flatMap((/** @type {string} */ word, /** @type {number} */ index) => [index === 0 ? null : " ", el("span", {}, word)]));
  const place = el("div", { class: "qr-place", tabindex: "-1", hidden: true });
  const showing = el("button", { type: "button", class: "button secondary", on: { click: show } },
    icon("eye"), say("share.show_qr"));
  const leaks = el("ul", { class: "leaks" },
    leak("voice", say("share.voice_leaks")),
    leak("link", say("share.link_leaks")));
  const sheet = el("div", { class: "code-sheet" },
    el("div", { class: "code-said" },
      el("p", { class: "entropy" }, say("share.entropy")),
      words,
      el("div", { class: "share-ways" },
        copyButton({ label: say("share.copy_code"), name: "copy", text: () => code, kind: "secondary" }),
        copyButton({ label: say("share.copy_link"), name: "link", text: link, kind: "secondary" }),
        typeof navigator.share === "function" ? sheetButton(link) : null,
        showing)),
    place);
  const node = el("section", { class: "share-panel", "aria-label": say("share.title"), tabindex: "-1" },
    sheet,
    leaks);

  /** Who asks for it: no camera sees a picture that nobody needs. */
  async function show() {
    try {
      const [text, { qrPicture }] = await Promise.all([link(), later()]);
      sheet.classList.add("pictured");
      fill(place, qrPicture(text));
      leaks.append(leak("eye", say("share.qr_leaks")));
      place.hidden = false;
      place.focus();
      showing.remove();
    } catch {
      announceAssertive(say("refusal.unreachable"));
    }
  }

  return { node };
}

/** @param {string} drawing  @param {string} sentence */
const leak = (drawing, sentence) => el("li", {}, icon(drawing), el("span", {}, sentence));

/** @param {() => Promise<string>} link */
function sheetButton(link) {
  return el("button", { type: "button", class: "button secondary",
    on: { click: () => openSheet(link) } }, icon("share"), say("share.sheet"));
}

/** @param {() => Promise<string>} link */
async function openSheet(link) {
  try {
    await navigator.share({ url: await link() });
  } catch (error) {
    // Whoever closes the sheet has changed their mind; nothing failed.
    if (!(error instanceof DOMException && error.name === "AbortError")) announceAssertive(say("share.sheet_failed"));
  }
}
