/** What is asked before files go: which they are, whether what their metadata tells is to go along, and who sees what. */

import { announceAssertive } from "../../ui/announce.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";
import { noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { sizeWords } from "./sizes.js";

/**
 * @typedef {{files: File[], clean: boolean}} Wish
 * @typedef {object} About
 * @property {import("../file-api.js").FileLimits} limits
 * @property {number} timer  of the conversation, in seconds; 0: none
 * @property {(file: File) => Promise<import("../cleaned.js").Tells>} look  whether it may tell more than it shows
 * @property {(wish: Wish) => Promise<[File, string][]>} send  gives those that could not be sent, and why
 */

const DAY_SECONDS = 86_400;

/**
 * @param {File[]} picked
 * @param {About} about
 * @returns {Promise<void>} when it is closed
 */
export function sendPanel(picked, { limits, timer, look, send }) {
  return new Promise((resolve) => {
    let files = picked;
    let isSending = false;
    const clean = el("input", { type: "checkbox", checked: true });
    const cleaning = el("label", { class: "choice-row file-clean", hidden: true }, clean,
      el("span", {}, say("conversations.file.clean"), el("span", { class: "hint" }, " ", say("conversations.file.clean_hint"))));
    const list = el("ul", { class: "file-list" });
    const trouble = el("div", { role: "status" });
    const ttl = timer === 0 ? limits.ttl : Math.min(limits.ttl, Math.max(limits.ttl_min, timer + DAY_SECONDS));
    const go = button("primary", say("conversations.file.send", { count: files.length }), () => void press());
    const node = panel({ kind: "files-panel", labelledby: "send-files-title", onClose: resolve },
      el("div", { class: "panel-body" },
        panelHead("send-files-title", say("conversations.file.title"), () => node.close()),
        list, cleaning,
        el("p", { class: "hint" }, say("conversations.file.kept", { time: duration(ttl) })),
        limits.store === null ? null : el("p", { class: "hint" }, say("conversations.file.store", { name: new URL(limits.store).host })),
        trouble, el("div", { class: "button-row" }, go)));

    /** What each may tell; of one that can't be read the worst is taken. @type {Map<File, import("../cleaned.js").Tells>} */
    const tells = new Map();
    void Promise.all(files.map(async (file) => tells.set(file, await look(file).catch(() => /** @type {const} */ ("cleaned"))))).then(draw);

    function draw() {
      fill(list, files.map((file) => el("li", {},
        el("bdi", { class: "notranslate", translate: "no" }, file.name), " ",
        el("span", { class: "hint" }, sizeWords(file.size), file.size > limits.size ? ` · ${say("conversations.file.too_large", { size: sizeWords(limits.size) })}` : ""),
        tells.get(file) === "uncleaned" ? el("p", { class: "hint attention" }, say("conversations.refusal.not_cleaned")) : null)));
      cleaning.hidden = files.every((file) => (tells.get(file) ?? "nothing") === "nothing");
      go.textContent = say("conversations.file.send", { count: files.length });
      // Nothing goes before it is known what it tells.
      go.disabled = files.length === 0 || files.some((file) => !tells.has(file)) || files.some(({ size }) => size > limits.size);
    }

    async function press() {
      if (isSending) return;
      isSending = true;
      go.setAttribute("aria-busy", "true");
      fill(trouble);
      const failed = await send({ files, clean: clean.checked });
      isSending = false;
      go.removeAttribute("aria-busy");
      if (failed.length === 0) return void node.close();
      // Somebody may have closed it meanwhile.
      announceAssertive(failed.map(([file, why]) => `${file.name}: ${why}`).join(" "));
      // Those that have gone aren't sent twice.
      files = failed.map(([file]) => file);
      draw();
      fill(trouble, failed.map(([file, why]) => noticeOf([el("bdi", { class: "notranslate", translate: "no" }, file.name), " ", why])));
    }

    draw();
  });
}
