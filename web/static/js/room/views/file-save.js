/** Files that leave the page: as a copy that is the reader's, and that nothing here can burn. */

import { isProgram, savedName } from "../../protocol/saved-name.js";
import { announce } from "../../ui/announce.js";
import { countdown } from "../../ui/countdown.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { flame, save } from "./file-drawings.js";

/** So long after saving it can be saved again, since a save may fail where no page learns of it. */
const AGAIN_SECONDS = 60;
/** So long before its lease ends it is acknowledged at the latest. */
const BEFORE_END_MS = 10_000;
/** A browser has begun to read what it saves by then. */
const REVOKED_MS = 60_000;

/**
 * Hands a copy to the browser.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} name  as its author gave it
 */
export function keep(bytes, name) {
  // Of this type no browser opens anything by itself.
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  el("a", { href: url, download: savedName(name) }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKED_MS);
  announce(say("files.saved"));
}

/**
 * The face of a card whose file can only be saved. It is acknowledged when its reader burns it, or a while after saving; until
 * it is saved it goes back to where it waits when the lease ends.
 * @param {import("../room-state.js").CardView} card
 * @param {import("../attachment-reading.js").Reading} reading
 * @param {import("./view-context.js").ViewContext} room
 * @param {import("./open-face.js").Sender} sender
 * @param {HTMLElement} head
 * @returns {import("./card-view.js").Face}
 */
export function saveFace(card, reading, room, sender, head) {
  const { client } = room;
  const name = card.file?.name ?? "";
  const line = el("p", { class: "enclosed-line" });
  const warning = isProgram(name) ? el("p", { class: "enclosed-warning" }, say("files.program")) : null;
  const tools = el("div", { class: "button-row" });
  const clock = el("span", { class: "enclosed-clock" });
  const first = el("button", { type: "button", class: "button small primary", on: { click: saved } }, save(), say("files.save"));
  /** @type {ReturnType<typeof countdown>|null} */
  let burn = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let current = card;

  function saved() {
    keep(reading.bytes, name);
    reading.savedAt ??= Date.now();
    turn();
  }

  function burnNow() {
    client.shown(card.id);
    client.discard(card.id);
  }

  function turn() {
    if (reading.savedAt === null) {
      const until = moment(room.localTime(current.leaseUntil));
      fill(line, say("files.only_save"), " ", until !== "" && say("files.save_until", { until }));
      fill(tools, first, el("button", { type: "button", class: "button small quiet", on: { click: () => client.release(card.id) } }, say("files.give_back")));
      return;
    }
    fill(line, say("files.saved_yours"));
    if (burn !== null) return;
    burn = countdown({ seconds: AGAIN_SECONDS, onEnd: burnNow });
    const begun = room.memory.ends.get(card.id);
    room.memory.ends.set(card.id, burn.start(begun));
    fill(clock, burn.node);
    fill(tools,
      el("button", { type: "button", class: "button small quiet", on: { click: saved } }, save(), say("files.save_again")),
      el("button", { type: "button", class: "button small primary", on: { click: burnNow } }, flame(), say("files.burn")));
    tools.querySelector("button")?.focus({ preventScroll: true });
    acknowledge();
  }

  /** In time for the lease: whoever has saved it has it. */
  function acknowledge() {
    clearTimeout(timer);
    const end = room.localTime(current.leaseUntil);
    const left = (Number.isFinite(end) ? end : Date.now()) - BEFORE_END_MS - Date.now();
    timer = setTimeout(() => client.shown(card.id), Math.max(0, Math.min(left, 1000 * AGAIN_SECONDS)));
  }

  turn();
  return {
    node: el("div", { class: "opened enclosed" }, el("div", { class: "opened-head" }, sender.from(), clock), head, line, warning, tools),
    focus: first,
    /** @param {import("../room-state.js").CardView} next */
    update(next) {
      const prolonged = next.leaseUntil !== current.leaseUntil;
      current = next;
      if (!prolonged) return;
      if (reading.savedAt === null) turn();
      else acknowledge();
    },
    close() {
      clearTimeout(timer);
      burn?.stop();
    },
  };
}
