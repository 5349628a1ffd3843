/**
 * Files that can be shown, each in the one way in which nothing in it can run: pictures are decoded and drawn, texts are
 * text, sound and film are given to the browser's own players under a type of ours.
 */

import { pictureForm } from "../../protocol/picture-form.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { COVERED } from "../../ui/neutral-screen.js";
import { pointsOf } from "../../ui/reading-time.js";
import { textOf } from "../attachment-kinds.js";
import { larger, save } from "./file-drawings.js";
import { keep } from "./file-save.js";
import { timesOf, tool } from "./open-face.js";

/** Pictures of more are not unfolded: each of their points takes four bytes. */
const MOST_POINTS = 50_000_000;
/** No screen shows more. */
const LONGEST_SIDE = 4096;
/** A browser that can't play it by then can't. */
const PLAYABLE_MS = 10_000;

/**
 * @typedef {import("../room-state.js").CardView} CardView
 *
 * @typedef {object} Shown
 * @property {Node} node
 * @property {HTMLElement} focus
 * @property {{seconds: number, most: number}} times
 * @property {HTMLElement[]} tools
 * @property {() => void} end  nothing of it stays
 */

/**
 * What is shown of a file; null for what can only be saved.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {{kind: import("../attachment-kinds.js").Kind, type: string}} shape
 * @param {CardView} card
 * @returns {Promise<Shown|null>}
 */
export async function shownFile(bytes, { kind, type }, card) {
  if (kind === "picture") return picture(bytes, type, card);
  if (kind === "text") return text(bytes, card);
  if (kind === "sound" || kind === "film") return played(bytes, kind, type, card);
  return null;
}

/** Gives a copy away, while it is shown. @param {Uint8Array<ArrayBuffer>} bytes  @param {CardView} card */
const saving = (bytes, { file }) => tool(save(), say("files.save"), () => keep(bytes, file?.name ?? ""));

/**
 * @param {Uint8Array<ArrayBuffer>} bytes  @param {string} type  @param {CardView} card
 * @returns {Promise<Shown|null>}
 */
async function picture(bytes, type, card) {
  const form = pictureForm(bytes);
  if (form === null || form.width * form.height > MOST_POINTS) return null;
  const canvas = await drawn(bytes, type);
  /** @type {ReturnType<typeof enlarged>|null} */
  let open = null;
  const enlarge = () => {
    open?.close();
    open = enlarged(canvas);
  };
  const focus = el("div", { class: "enclosed-picture", role: "img", "aria-label": say("files.picture", { name: card.file?.name ?? "" }) }, canvas);
  return {
    node: focus, focus, times: timesOf(card, 0),
    tools: [saving(bytes, card), tool(larger(), say("files.enlarge"), enlarge, { "aria-haspopup": "dialog" })],
    end() {
      open?.close();
      canvas.width = canvas.height = 0;
    },
  };
}

/**
 * A picture on a canvas, which has no more than its points.
 * @param {Uint8Array<ArrayBuffer>} bytes  @param {string} type
 */
export async function drawn(bytes, type) {
  const bitmap = await createImageBitmap(new Blob([bytes], { type }));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = el("canvas", { class: "picture-canvas", "aria-hidden": "true" });
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

/** The picture over the whole page, until Escape. @param {HTMLCanvasElement} from */
function enlarged(from) {
  const canvas = el("canvas", { class: "picture-canvas", role: "img", "aria-label": say("files.enlarged") });
  canvas.width = from.width;
  canvas.height = from.height;
  canvas.getContext("2d")?.drawImage(from, 0, 0);
  const node = panel({ kind: "picture", labelledby: "picture-title", onClose: () => { canvas.width = canvas.height = 0; } },
    el("div", { class: "panel-body" }, panelHead("picture-title", say("files.enlarged"), () => node.close()), canvas));
  return node;
}

/** @param {Uint8Array} bytes  @param {CardView} card  @returns {Shown|null} */
function text(bytes, card) {
  const found = textOf(bytes);
  if (found === null) return null;
  const focus = el("pre", { class: "enclosed-text notranslate", translate: "no", dir: "auto", tabindex: "-1" }, found.text);
  return {
    node: el("div", { class: "enclosed-text-place" }, focus, !found.isWhole && el("p", { class: "hint" }, say("files.text_cut"))),
    focus, times: timesOf(card, pointsOf(found.text)),
    tools: [saving(/** @type {Uint8Array<ArrayBuffer>} */ (bytes), card)],
    end: () => fill(focus),
  };
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes  @param {"sound"|"film"} kind  @param {string} type  @param {CardView} card
 * @returns {Promise<Shown|null>}
 */
async function played(bytes, kind, type, card) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const player = el(kind === "sound" ? "audio" : "video", {
    class: `enclosed-player ${kind}`, controls: true, preload: "auto", playsinline: true, controlslist: "nodownload noremoteplayback noplaybackrate",
    disableremoteplayback: true, disablepictureinpicture: true, "aria-label": say(`files.${kind}`, { name: card.file?.name ?? "" }),
  });
  const quiet = () => player.pause();
  // Who covers the page wants nobody to hear it either.
  document.addEventListener(COVERED, quiet);
  const end = () => {
    document.removeEventListener(COVERED, quiet);
    player.pause();
    player.removeAttribute("src");
    player.load();
    URL.revokeObjectURL(url);
  };
  const ready = new Promise((resolve, reject) => {
    player.addEventListener("canplay", resolve, { once: true });
    player.addEventListener("error", reject, { once: true });
    setTimeout(reject, PLAYABLE_MS);
  });
  player.src = url;
  try {
    await ready;
  } catch {
    end();
    return null;
  }
  const focus = el("div", { class: "enclosed-player-place" }, player);
  // When somebody presses Play, and pauses, isn't known: a clock that runs meanwhile would burn what nobody has heard.
  return { node: focus, focus, times: timesOf({ ...card, view: 0 }, 0), tools: [saving(bytes, card)], end };
}

