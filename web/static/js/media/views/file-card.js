/** A file in a conversation, as a card: what it is called, how far it is, what can be done with it, and how it ended. */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { confirm } from "../../ui/dialog.js";
import { duration, moment } from "../../ui/times.js";
import { button } from "../../account/views/frame.js";
import { isProgram, partsOf, savedName } from "../../protocol/saved-name.js";
import { sinkFor } from "../sinks.js";
import { shareWords, sizeWords } from "./sizes.js";
import { drawThumbnail } from "./thumbnail.js";

/**
 * @typedef {import("../watched.js").Watched} Watched
 * @typedef {import("../uploads.js").UploadState} UploadState
 *
 * What a card asks of files (media/files.js, and the gallery's fake).
 * @typedef {object} FilesOf
 * @property {(file: string) => UploadState|null} upload
 * @property {(file: string) => unknown} pause
 * @property {(file: string) => unknown} resume
 * @property {(file: string, picked: File) => Promise<unknown>} again
 * @property {(one: Watched) => import("../savings.js").SavingState|null} saving
 * @property {(one: Watched, sink: import("../saver.js").Sink) => Promise<unknown>} save
 * @property {(one: Watched) => unknown} stop
 *
 * @typedef {object} Around
 * @property {FilesOf} files
 * @property {() => number} offset  the server's clock minus this one's, in milliseconds
 * @property {(error: unknown) => string} words  what was thrown, in a sentence
 * @property {() => Promise<unknown>} cancel  gives up what is being sent, and takes back the message
 * @property {((one: Watched, place: HTMLElement) => void)|null} play  shows it there; null: nothing can be played
 */

/** What is shown rather than saved. */
const SHOWN = /^(?:video|audio|image)\//;
/** After these the person has to pick the file again. */
const PICK_AGAIN = ["file_changed", "file_unreadable", "file_other"];
const ENDED = ["expired", "deleted", "gone", "broken", "refused"];

/**
 * @param {Watched} one
 * @param {Around} around
 */
export function fileCard(one, around) {
  const { files, words } = around;
  const picture = el("canvas", { class: "file-picture", hidden: true, "aria-hidden": "true" });
  const stem = el("bdi", { class: "file-stem notranslate", translate: "no" });
  const ending = el("span", { class: "file-ending notranslate", translate: "no", dir: "ltr" });
  const about = el("p", { class: "hint" });
  const line = el("p", { class: "file-line hint" });
  const bar = el("progress", { class: "file-bar", max: "1", hidden: true });
  const tools = el("div", { class: "button-row file-tools" });
  const trouble = el("p", { class: "file-trouble hint attention", hidden: true });
  const stage = el("div", { class: "file-stage" });
  const input = el("input", { type: "file", hidden: true, on: { change: () => {
    const [picked] = input.files ?? [];
    input.value = "";
    if (picked !== undefined) void again(picked);
  } } });
  const node = el("div", { class: "file-card", role: "group" }, stage,
    el("div", { class: "file-head" }, picture, el("div", { class: "file-what" }, el("p", { class: "file-name", dir: "auto" }, stem, ending), about)),
    line, bar, trouble, tools, input);
  let drawn = "";
  let isPictured = false;
  /** @type {string|null} */
  let before = null;
  let isPlaying = false;
  /** How its saving stood when this was last drawn. */
  let savingBefore = files.saving(one)?.kind ?? null;
  /** The browser is asking where to. */
  let isAsked = false;

  function update() {
    const { info } = one;
    const upload = files.upload(one.id);
    const name = info?.name ?? "";
    const parts = partsOf(name);
    setText(stem, info === null ? say("conversations.file.some") : parts.stem);
    setText(ending, parts.ending);
    node.ariaLabel = info === null ? say("conversations.file.some") : say("conversations.file.card", { name: isolated(name) });
    setText(about, aboutOf());
    if (info?.thumbnail != null && !isPictured) {
      isPictured = true;
      void drawThumbnail(picture, info.thumbnail).catch(() => undefined);
    }
    heard(upload);
    saved(files.saving(one));
    node.dataset.state = isSaving() ? "saving" : upload?.kind ?? one.state;
    setText(line, lineOf(upload));
    const share = shareOf(upload);
    bar.hidden = share === null;
    if (share !== null) {
      bar.value = share;
      bar.ariaLabel = isSaving() ? say("conversations.file.progress_saving") : say("conversations.file.progress");
    }
    drawTools(upload);
  }

  /** Who listens is told how it ended, and not each step. @param {UploadState|null} upload */
  function heard(upload) {
    const now = upload?.kind ?? null;
    if (now === "stopped" && before !== now) announceAssertive(words({ code: upload?.code }));
    if (now === null && before === "finishing") announce(say("conversations.file.arrived", { name: isolated(one.info?.name ?? say("conversations.file.some")) }));
    before = now;
  }

  const isSaving = () => files.saving(one)?.kind === "saving";

  /** @param {import("../savings.js").SavingState|null} saving */
  function saved(saving) {
    const now = saving?.kind ?? null;
    if (now === savingBefore) return;
    savingBefore = now;
    complain(saving?.kind === "failed" ? words(saving.error) : "");
    if (now === "saved" || now === "handed") announce(say(`conversations.file.${now}`));
  }

  function aboutOf() {
    const { info } = one;
    if (info === null) return "";
    const { seconds } = info;
    const facts = [sizeWords(info.size), seconds === null ? "" : duration(seconds, "short"),
      one.isLiving && one.state === "complete" && one.expiresAt !== null ? say("conversations.file.until", { time: moment(one.expiresAt - around.offset()) }) : ""];
    return facts.filter((fact) => fact !== "").join(" · ");
  }

  /** @param {UploadState|null} upload */
  function lineOf(upload) {
    const size = one.info?.size ?? 0;
    const saving = files.saving(one);
    if (saving?.kind === "saving") return say("conversations.file.saving", { done: sizeWords(saving.bytes), size: sizeWords(size) });
    if (upload !== null) return uploadLine(upload);
    if (one.state === "refused") return say("conversations.file.state.refused");
    if (one.state === "uploading") return say("conversations.file.state.uploading", { share: shareWords(one.bytes / one.reference.padded) });
    if (one.state === "complete") {
      if (saving?.kind === "saved" || saving?.kind === "handed") return say(`conversations.file.${saving.kind}`);
      if (one.digest === null) return say("conversations.file.state.unconfirmed");
      return isProgram(one.info?.name ?? "") ? say("conversations.file.program") : "";
    }
    return say(`conversations.file.state.${one.state}`);
  }

  /** @param {UploadState} upload */
  function uploadLine({ kind, progress, code }) {
    if (kind === "stopped") return words({ code });
    if (kind !== "sending") return say(`conversations.file.upload.${kind}`);
    const facts = [say("conversations.file.upload.sending", { share: shareWords((progress?.bytes ?? 0) / one.reference.padded) })];
    if (progress?.isWaiting) facts.push(say("conversations.file.upload.network"));
    else if (progress?.rate != null) {
      facts.push(say("conversations.file.rate", { size: sizeWords(progress.rate) }));
      if (progress.left !== null) facts.push(say("conversations.file.left", { time: duration(progress.left, "short") }));
    }
    return facts.join(" · ");
  }

  /** @param {UploadState|null} upload  @returns {number|null} */
  function shareOf(upload) {
    const saving = files.saving(one);
    if (saving?.kind === "saving") return saving.bytes / Math.max(one.info?.size ?? 1, 1);
    if (upload !== null) return ["sending", "paused", "finishing"].includes(upload.kind) ? (upload.progress?.bytes ?? one.bytes) / one.reference.padded : null;
    return one.state === "uploading" ? one.bytes / one.reference.padded : null;
  }

  /** @param {UploadState|null} upload */
  function drawTools(upload) {
    const wanted = toolsOf(upload);
    const key = wanted.map(([name]) => name).join();
    if (key === drawn) return;
    drawn = key;
    const had = tools.contains(document.activeElement);
    fill(tools, wanted.map(([name, does, kind = "quiet"]) => button(`${kind} small`, say(`conversations.file.${name}`), does)));
    // What had the focus may be gone.
    if (had) /** @type {HTMLElement|null} */ (tools.querySelector("button"))?.focus();
    tools.hidden = wanted.length === 0;
  }

  /** @param {UploadState|null} upload  @returns {[name: string, does: () => unknown, kind?: string][]} */
  function toolsOf(upload) {
    if (isSaving()) return [["stop", () => files.stop(one)]];
    /** @type {[string, () => unknown, string?][]} */
    const found = [];
    if (upload !== null) {
      const { kind, code } = upload;
      if (["waits", "sending"].includes(kind)) found.push(["pause", () => files.pause(one.id)]);
      if (kind === "paused" || (kind === "stopped" && !PICK_AGAIN.includes(code ?? ""))) found.push(["resume", () => files.resume(one.id), "secondary"]);
      if (kind === "absent" || (kind === "stopped" && PICK_AGAIN.includes(code ?? ""))) found.push(["pick_again", () => input.click(), "secondary"]);
      if (!["elsewhere", "finishing", "checking"].includes(kind)) found.push(["cancel", () => void cancelled()]);
      return found;
    }
    if (one.state === "offline") return [["again", () => void one.read()]];
    if (!one.isLiving || ENDED.includes(one.state)) return [];
    if (around.play !== null && !isPlaying && SHOWN.test(one.info?.type ?? "")) found.push(["show", show, "secondary"]);
    if (one.digest !== null && one.state === "complete") found.push([files.saving(one)?.kind === "handed" ? "save_again" : "save", () => void save()]);
    return found;
  }

  function show() {
    isPlaying = true;
    picture.hidden = true;
    around.play?.(one, stage);
    update();
  }

  /** @param {string} sentence */
  function complain(sentence) {
    trouble.hidden = sentence === "";
    setText(trouble, sentence);
    if (sentence !== "") announceAssertive(sentence);
  }

  /** @param {File} picked */
  async function again(picked) {
    complain("");
    try {
      await files.again(one.id, picked);
    } catch (error) {
      complain(words(error));
    }
  }

  async function cancelled() {
    const sure = await confirm({ title: say("conversations.file.cancel_title"), text: say("conversations.file.cancel_text"),
      yes: say("conversations.file.cancel_yes"), danger: true });
    if (!sure) return;
    try {
      await around.cancel();
    } catch (error) {
      complain(words(error));
    }
  }

  async function save() {
    const { info } = one;
    if (info === null || isAsked) return;
    complain("");
    isAsked = true;
    try {
      const before = files.saving(one);
      if (before?.kind === "handed" && before.again !== null) {
        await before.again();
        return announce(say("conversations.file.handed"));
      }
      void files.save(one, await sinkFor(savedName(info.name), info.type, info.size));
    } catch (error) {
      complain(/** @type {{code?: string}} */ (error).code === "cancelled" ? "" : words(error));
    } finally {
      isAsked = false;
    }
  }

  update();
  // It has failed while nobody looked.
  const unseen = files.saving(one);
  if (unseen?.kind === "failed") {
    trouble.hidden = false;
    setText(trouble, words(unseen.error));
  }
  return { node, update };
}
