/** What is about to be sent: each file with its name, its size, and a look at it; and what was taken out of it before. */

import { ATTACHMENT_BYTES } from "../../protocol/attachments.js";
import { pictureForm } from "../../protocol/picture-form.js";
import { cleaned } from "../../cleaning/clean.js";
import { HEAD_BYTES, mayTell } from "../../cleaning/telling.js";
import { announce } from "../../ui/announce.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { kindOf } from "../attachment-kinds.js";
import { mostBytes } from "../attachment-http.js";
import { kindDrawing } from "./file-drawings.js";
import { sendingOf } from "./file-rooms.js";
import { drawn } from "./file-shown.js";
import { bytesOf, nameOf } from "./file-words.js";

/** More at once are sent in several goes: each is a message. */
const MOST_FILES = 20;
const NAME_BYTES = 255;
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/;

/**
 * @typedef {object} Picked
 * @property {File} file
 * @property {HTMLElement} node
 * @property {Uint8Array<ArrayBuffer>|null} bytes  as they are
 * @property {Uint8Array<ArrayBuffer>|null} clean  without what needn't be there; null: that can't be done
 * @property {string|null} refused  key of the sentence that says why it isn't sent
 * @property {() => void} draw  shows what would be sent now
 * @property {() => void} end
 */

/**
 * Opens the panel with these files.
 * @param {{client: import("../room-client.js").RoomClient, context: import("./view-context.js").ViewContext, files: File[]}} given
 */
export function attachPanel({ client, context, files }) {
  const cleans = el("input", { type: "checkbox", id: "attach-clean", checked: true, "aria-describedby": "attach-clean-hint" });
  cleans.addEventListener("change", () => { for (const one of picked) one.draw(); });
  /** @type {Picked[]} */
  const picked = files.slice(0, MOST_FILES).map((file) => row(file, () => cleans.checked, looked));
  const error = el("p", { class: "field-error", role: "alert", hidden: true });
  const go = el("button", { type: "button", class: "button primary", disabled: true, on: { click: send } }, say("files.send"));
  const node = panel({ kind: "question attach-panel", labelledby: "attach-title", onClose: () => { for (const one of picked) one.end(); } },
    el("div", { class: "panel-body" },
      panelHead("attach-title", say("files.title", { count: picked.length }), () => node.close()),
      error,
      el("ul", { class: "attach-list" }, picked.map((one) => one.node)),
      files.length > MOST_FILES && el("p", { class: "hint" }, say("files.too_many", { count: MOST_FILES })),
      el("label", { class: "row-button", for: "attach-clean" }, cleans,
        el("span", { class: "row-text" }, say("files.clean"), el("span", { class: "hint", id: "attach-clean-hint" }, say("files.clean_hint")))),
      el("p", { class: "hint" }, say("files.each")),
      el("div", { class: "actions" },
        el("button", { type: "button", class: "button quiet", on: { click: () => node.close() } }, say("dialog.back")), go)));

  /** Something has been read. */
  function looked() {
    const ready = picked.filter(({ bytes }) => bytes !== null);
    go.disabled = ready.length === 0 || picked.some(({ bytes, refused }) => bytes === null && refused === null);
  }

  async function prepare() {
    /** @type {number|null} */
    let most = ATTACHMENT_BYTES;
    try {
      most = await mostBytes(client.inner?.base ?? "");
    } catch {
      // Who is offline now may send later.
    }
    if (!node.open) return;
    if (most === null) {
      setText(error, say("files.off"));
      error.hidden = false;
      for (const one of picked) {
        one.refused = "files.off";
        one.draw();
      }
      return;
    }
    for (const one of picked) {
      await read(one, most);
      if (!node.open) return;
      looked();
    }
  }

  function send() {
    const { view, limit } = context.memory.writing;
    const sending = sendingOf(client);
    let count = 0;
    for (const { file, bytes, clean } of picked) {
      const used = cleans.checked && clean !== null ? clean : bytes;
      if (used === null) continue;
      try {
        sending.add({ name: shortName(file.name), mime: typeOf(file, used), bytes: used.slice(), view, viewLimit: limit });
        count += 1;
      } catch {
        // The room is over, and says so.
      }
    }
    node.close();
    announce(say("files.on_their_way", { count }));
  }

  void prepare();
  return node;
}

/**
 * One file in the list.
 * @param {File} file
 * @param {() => boolean} isCleaned  whether it is to be
 * @param {() => void} looked
 * @returns {Picked}
 */
function row(file, isCleaned, looked) {
  const look = el("div", { class: "attach-look" }, kindDrawing("other"));
  const told = el("p", { class: "enclosed-line", role: "status", data: { reading: "" } }, say("files.reading"));
  const size = el("span", { class: "enclosed-size" }, bytesOf(file.size));
  /** @type {HTMLCanvasElement|null} */
  let canvas = null;
  let drawing = 0;
  /** @type {Picked} */
  const one = {
    file, bytes: null, clean: null, refused: null,
    node: el("li", { class: "attach-one" }, look, el("div", { class: "attach-words" }, el("p", { class: "enclosed-head" }, nameOf(file.name), size), told)),
    draw() {
      delete told.dataset.reading;
      if (one.refused !== null) return setText(told, say(one.refused, { size: bytesOf(ATTACHMENT_BYTES) }));
      const { bytes, clean } = one;
      if (bytes === null) return;
      const used = isCleaned() && clean !== null ? clean : bytes;
      const { kind, type } = kindOf(used, file.type);
      setText(size, bytesOf(used.length));
      setText(told, sentenceOf(one, isCleaned()));
      told.classList.toggle("attention", isCleaned() && clean === null && tells(bytes, file));
      looked();
      void show(used, kind, type);
    },
    end() {
      drawing += 1;
      if (canvas !== null) canvas.width = canvas.height = 0;
      for (const bytes of [one.bytes, one.clean]) bytes?.fill(0);
      one.bytes = one.clean = null;
    },
  };

  /** A look at what is sent. @param {Uint8Array<ArrayBuffer>} bytes  @param {import("../attachment-kinds.js").Kind} kind  @param {string} type */
  async function show(bytes, kind, type) {
    drawing += 1;
    const turn = drawing;
    const form = kind === "picture" ? pictureForm(bytes) : null;
    const made = form === null || form.width * form.height > 50_000_000 ? null : await drawn(bytes, type).catch(() => null);
    if (turn !== drawing) return;
    canvas = made;
    fill(look, made ?? kindDrawing(kind));
  }

  return one;
}

/** Whether it may tell where and when it was made: by its bytes, whatever type the browser has found for it. @param {Uint8Array} bytes  @param {File} file */
const tells = (bytes, file) => ["picture", "film", "sound"].includes(kindOf(bytes, file.type).kind) || mayTell(bytes.subarray(0, HEAD_BYTES), file);

/** What is said of what was taken out. @param {Picked} one  @param {boolean} wanted */
function sentenceOf({ bytes, clean, file }, wanted) {
  if (bytes === null) return "";
  if (!wanted) return say("files.as_it_is");
  if (clean !== null) return say(isSame(clean, bytes) ? "files.cleaned_nothing" : "files.cleaned");
  return say(tells(bytes, file) ? "files.not_cleaned" : "files.nothing_to_clean");
}

/** @param {Uint8Array} one  @param {Uint8Array} other */
const isSame = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

/** @param {Picked} one  @param {number} most */
async function read(one, most) {
  const { file } = one;
  // Before anything is read: a film of gigabytes would fill the memory.
  if (file.size === 0) one.refused = "files.empty";
  else if (file.size > most) one.refused = "files.too_large";
  else {
    try {
      one.bytes = new Uint8Array(await file.arrayBuffer());
      one.clean = await cleaned(one.bytes).then((bytes) => new Uint8Array(bytes), () => null);
    } catch {
      one.refused = "files.unreadable";
    }
  }
  one.draw();
}

/** @param {File} file  @param {Uint8Array} bytes */
function typeOf(file, bytes) {
  const { kind, type } = kindOf(bytes, file.type);
  if (kind === "picture" || kind === "sound" || kind === "film") return type;
  const said = file.type.split(";")[0].trim().toLowerCase();
  return TYPE.test(said) ? said : "application/octet-stream";
}

/** As much of a name as may be sent, with its ending. @param {string} name */
function shortName(name) {
  const encoder = new TextEncoder();
  // A name cut through the middle of a character can't be written.
  const whole = new TextDecoder().decode(encoder.encode(name));
  const dot = whole.lastIndexOf(".");
  const ending = dot > 0 && whole.length - dot <= 12 ? whole.slice(dot) : "";
  let stem = ending === "" ? whole : whole.slice(0, dot);
  while (encoder.encode(stem + ending).length > NAME_BYTES) stem = [...stem].slice(0, -1).join("");
  return stem + ending || "file";
}
