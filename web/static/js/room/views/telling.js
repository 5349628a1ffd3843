/**
 * Tells somebody who looks elsewhere that a message or a person has come: by a sound, in the title of the tab, by a
 * notification of the device. Each is off until it is asked for, none says what came or from whom, and there is none
 * while the page is covered.
 */

import { chime, noChime, readyChime } from "../../ui/chime.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { COVERED, isCovered } from "../../ui/neutral-screen.js";
import { coarse } from "../../ui/pointer.js";
import { waiting } from "./log-entries.js";
import { changesBetween, momentOf } from "./room-changes.js";

/** A flood of messages is one sound, not many. */
const QUIET_MS = 3000;

/**
 * @typedef {object} Wishes
 * @property {boolean} sound
 * @property {boolean} title
 * @property {boolean} note
 * @property {(() => void)|null} stop  ends what tells, once something does
 *
 * @typedef {{client: import("../room-client.js").RoomClient, memory: import("./room-memory.js").Memory,
 *   setTitle: (waiting: number, came: boolean) => void}} Room
 */

const unseen = () => document.hidden || !document.hasFocus();

/** On phones a page can't show any, and they'd stay on the lock screen. */
const mayNotify = () => !coarse() && typeof Notification === "function";

/**
 * Begins to tell what the wishes in the room's memory say; gives what is to be called when one has changed.
 * @param {Room} room
 */
function tell({ client, memory, setTitle }) {
  const { telling } = memory;
  const going = new AbortController();
  const { signal } = going;
  let before = momentOf(client.state, memory.hidden);
  let came = false;
  let quietUntil = -Infinity;
  /** @type {Notification|null} */
  let note = null;

  function look() {
    const after = momentOf(client.state, memory.hidden);
    const { cards, joined } = changesBetween(before, after);
    before = after;
    if (joined.length > 0 && unseen()) came = true;
    if (cards.size + joined.length > 0 && !isCovered()) {
      if (telling.sound && Date.now() > quietUntil) {
        quietUntil = Date.now() + QUIET_MS;
        chime(cards.size > 0 ? "card" : "join");
      }
      if (telling.note && unseen()) notify();
    }
    title();
  }

  function title() {
    setTitle(telling.title ? waiting(client.state, memory.hidden) : 0, telling.title && came);
  }

  function notify() {
    try {
      // With the same tag it takes the place of the one before.
      note = new Notification(say("telling.note_says"), { tag: "ephemeral", silent: true });
    } catch {
      // On phones a page can't make one, also where a mouse is connected.
      return;
    }
    note.addEventListener("click", () => { window.focus(); unnote(); });
  }

  function unnote() {
    note?.close();
    note = null;
  }

  function seen() {
    if (unseen()) return;
    came = false;
    unnote();
    title();
  }

  client.addEventListener("change", look, { signal });
  document.addEventListener("visibilitychange", seen, { signal });
  document.addEventListener(COVERED, unnote, { signal });
  window.addEventListener("focus", seen, { signal });
  window.addEventListener("pagehide", stop, { signal });

  function stop() {
    going.abort();
    unnote();
    noChime();
    setTitle(0, false);
  }

  telling.stop = stop;
  return title;
}

/** What has changed when a wish has; of each room that tells. @type {WeakMap<Wishes, () => void>} */
const changed = new WeakMap();

/** What each wish means, for whoever makes it. */
const HINTS = { sound: "telling.sound_hint", title: "telling.title_hint", note: "telling.note_hint" };

/**
 * Opens the panel in which one asks for it.
 * @param {Room} room
 */
export function tellingPanel(room) {
  const { telling } = room.memory;

  /** @param {"sound"|"title"|"note"} wish  @param {(on: boolean) => boolean|Promise<boolean>} [allowed] */
  function choice(wish, allowed = (on) => on) {
    const box = el("input", { type: "checkbox", id: `telling-${wish}`, checked: telling[wish], "aria-describedby": `telling-${wish}-hint`,
      on: { change: async () => {
        telling[wish] = box.checked = await allowed(box.checked);
        if (telling.stop === null) changed.set(telling, tell(room));
        changed.get(telling)?.();
      } } });
    return el("div", {},
      el("label", { class: "row-button", for: box.id }, box, el("span", { class: "row-text" }, say(`telling.${wish}`),
        el("span", { class: "hint", id: `telling-${wish}-hint` }, say(HINTS[wish])))));
  }

  const refused = el("p", { class: "field-error", role: "alert" });

  /** @param {boolean} on */
  function audible(on) {
    if (on) readyChime();
    if (on) chime("card");
    else noChime();
    return on;
  }

  /** @param {boolean} on */
  async function permitted(on) {
    const permission = on ? await Notification.requestPermission() : "default";
    refused.textContent = on && permission !== "granted" ? say("telling.refused") : "";
    return permission === "granted";
  }

  const node = panel({ kind: "menu", labelledby: "telling-heading" },
    el("div", { class: "panel-body" },
      panelHead("telling-heading", say("telling.heading"), () => node.close()),
      el("section", { class: "menu-part" }, choice("sound", audible), choice("title"),
        mayNotify() ? choice("note", permitted) : null, refused)));
}
