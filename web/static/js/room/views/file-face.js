/** An open card that holds a file: it is received, shown if that can be, and saved if its reader wants that. */

import { announce } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { kindOf } from "../attachment-kinds.js";
import { kindDrawing } from "./file-drawings.js";
import { readingsOf } from "./file-rooms.js";
import { saveFace } from "./file-save.js";
import { shownFile } from "./file-shown.js";
import { bytesOf, nameOf } from "./file-words.js";
import { heldFace } from "./open-face.js";

/**
 * @typedef {import("../room-state.js").CardView} CardView
 * @typedef {import("./card-view.js").Face} Face
 */

/**
 * The face of an open card with a file.
 * @param {CardView} card
 * @param {import("./view-context.js").ViewContext} room
 * @param {import("./open-face.js").Sender} sender
 * @returns {Face}
 */
export function fileFace(card, room, sender) {
  const { client } = room;
  const readings = readingsOf(client);
  const file = /** @type {NonNullable<CardView["file"]>} */ (card.file);
  const place = el("div", { class: "enclosed-place" });
  const focus = el("div", { class: "enclosed-focus", tabindex: "-1" });
  /** What is there now. @type {Face|null} */
  let face = null;
  /** Ends what was made to show it. */
  let ends = () => {};
  let closed = false;
  /** @type {ReturnType<typeof readings.of>|null} */
  let reading = null;
  let shownOnce = false;

  try {
    reading = readings.of(card);
  } catch {
    queueMicrotask(() => spoil());
  }
  if (reading !== null) {
    receive(reading);
    reading.addEventListener("change", look);
    look();
  }

  /** @param {Face} next */
  function turn(next) {
    const focused = place.contains(document.activeElement);
    face?.close?.();
    face = next;
    fill(place, next.node);
    if (focused) next.focus?.focus({ preventScroll: true });
  }

  function look() {
    if (closed || reading === null) return;
    if (reading.phase === "spoilt") spoil();
    else if (reading.phase === "whole") void show(reading);
    else face?.update?.(card);
  }

  /** What came isn't what was sent: it is given back, and said so where it waits. */
  function spoil() {
    readings.spoilt.add(card.id);
    readings.end(card.id);
    announce(say("files.spoilt"));
    client.release(card.id);
  }

  /** @param {NonNullable<typeof reading>} coming */
  function receive(coming) {
    const bar = el("progress", { class: "enclosed-bar", max: "1", value: coming.done, "aria-label": say("files.receiving", { size: bytesOf(file.size) }) });
    const line = el("p", { class: "enclosed-line", role: "status" });
    const stop = () => {
      readings.end(card.id);
      client.release(card.id);
    };
    const update = () => {
      bar.value = coming.done;
      setText(line, say(coming.phase === "waiting" || coming.trouble !== null ? "files.receiving_waits" : "files.receiving", { size: bytesOf(file.size) }));
    };
    turn({
      node: el("div", { class: "opened enclosed", "aria-busy": "true" },
        el("div", { class: "opened-head" }, sender.from()),
        headOf(file, "other"), line, bar,
        el("div", { class: "button-row" }, el("button", { type: "button", class: "button small quiet", on: { click: stop } }, say("files.stop")))),
      focus, update,
    });
    update();
  }

  /** @param {NonNullable<typeof reading>} whole */
  async function show(whole) {
    if (shownOnce) return;
    shownOnce = true;
    const { bytes } = whole;
    const shape = kindOf(bytes, file.mime);
    const shown = await shownFile(bytes, shape, card).catch(() => null);
    if (closed) return void shown?.end();
    if (shown === null) {
      turn(saveFace(card, whole, room, sender, headOf(file, shape.kind)));
      announce(say("files.only_saved"));
      return;
    }
    ends = shown.end;
    turn(heldFace(card, room, sender, {
      times: shown.times, above: headOf(file, shape.kind), content: shown.node, focus: shown.focus, tools: shown.tools,
    }));
  }

  return {
    node: place,
    focus,
    update(next) {
      card = next;
      face?.update?.(next);
    },
    close() {
      closed = true;
      reading?.removeEventListener("change", look);
      face?.close?.();
      ends();
      place.replaceChildren();
    },
  };
}

/** @param {NonNullable<CardView["file"]>} file  @param {import("../attachment-kinds.js").Kind} kind */
const headOf = ({ name, size }, kind) => el("p", { class: "enclosed-head" }, kindDrawing(kind), nameOf(name),
  el("span", { class: "enclosed-size" }, bytesOf(size)));
