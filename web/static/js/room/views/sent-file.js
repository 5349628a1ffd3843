/** A file of one's own: its name, how far it is on its way, and what can be done meanwhile. */

import { el, fill, setText } from "../../ui/el.js";
import { has, say } from "../../ui/i18n.js";
import { kindDrawing } from "./file-drawings.js";
import { sendingOf } from "./file-rooms.js";
import { bytesOf, nameOf } from "./file-words.js";

/** What a type suggests; the bytes are no longer here. @param {string} mime @returns {import("../attachment-kinds.js").Kind} */
function suggested(mime) {
  if (mime.startsWith("image/")) return "picture";
  if (mime.startsWith("audio/")) return "sound";
  if (mime.startsWith("video/")) return "film";
  return mime.startsWith("text/") ? "text" : "other";
}

/**
 * @param {import("../room-state.js").SentView} message  with a file
 * @param {import("./view-context.js").ViewContext} room
 */
export function sentFile({ id, file }, room) {
  const sending = sendingOf(room.client);
  const { name, size, mime } = file ?? { name: "", size: 0, mime: "" };
  const bar = el("progress", { class: "enclosed-bar", max: "1", "aria-label": say("files.sending", { size: bytesOf(size) }) });
  const line = el("p", { class: "enclosed-line", role: "status" });
  const tools = el("div", { class: "button-row" });
  const way = el("div", { class: "enclosed-way" }, line, bar, tools);
  let shown = "";

  /** @param {string} label  @param {() => void} click */
  const action = (label, click) => el("button", { type: "button", class: "button small quiet", on: { click } }, say(label));

  function look() {
    const job = sending.get(id);
    const on = job !== undefined && job.phase !== "posted";
    way.hidden = !on;
    if (!on) return;
    // That it has failed, and why, is said by the receipt.
    bar.hidden = line.hidden = job.phase === "failed";
    bar.value = job.done;
    const reason = job.error !== null && has(`refusal.${job.error}`) ? say(`refusal.${job.error}`) : "";
    setText(line, job.error !== null ? say("files.sending_waits", { reason })
      : say(job.phase === "waits" ? "files.queued" : "files.sending", { size: bytesOf(size) }));
    const state = job.phase === "failed" ? "failed" : "under way";
    if (state === shown) return;
    shown = state;
    fill(tools, state === "failed" ? action("files.again", () => sending.retry(id)) : action("files.cancel", () => sending.cancel(id)));
  }

  sending.addEventListener("change", look);
  look();
  return {
    node: el("div", { class: "sent-file" },
      el("p", { class: "enclosed-head" }, kindDrawing(suggested(mime)), nameOf(name), el("span", { class: "enclosed-size" }, bytesOf(size))), way),
    close: () => sending.removeEventListener("change", look),
  };
}
