/**
 * Tells somebody who looks elsewhere that something was said: by a sound, or by a notification of the device. Each is off
 * until it is asked for on this device, and neither says what came or from whom. While no page is open, the browser's push
 * service does it (account/push.js).
 */

import { chime, noChime, readyChime } from "../../ui/chime.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { coarse } from "../../ui/pointer.js";
import { isMuted } from "./inbox.js";

/** A flood of messages is one sound, not many. */
const QUIET_MS = 3000;
/** Browsers let no page sound before somebody has done something there. */
const GESTURES = ["pointerdown", "keydown"];

/**
 * @typedef {{sound?: boolean, note?: boolean}} Wishes
 * @typedef {import("./inbox.js").Summary} Summary
 */

const unseen = () => document.hidden || !document.hasFocus();

/** On phones a page can't show any. */
const mayNotify = () => !coarse() && typeof Notification === "function";

export class Telling {
  #live;
  /** @type {Wishes} */
  #wishes = {};
  /** How much was unread, by conversation; null: nobody has looked yet. @type {Map<string, number>|null} */
  #before = null;
  #quietUntil = -Infinity;
  /** @type {Notification|null} */
  #note = null;
  #going = new AbortController();

  /** @param {Pick<import("../live.js").LiveConversations, "isLeading"|"wishes"|"wish">} live */
  constructor(live) {
    this.#live = live;
    const { signal } = this.#going;
    for (const kind of GESTURES) window.addEventListener(kind, () => { if (this.#wishes.sound) readyChime(); }, { signal, once: true });
    for (const [target, kind] of /** @type {const} */ ([[document, "visibilitychange"], [window, "focus"], [window, "pagehide"]])) {
      target.addEventListener(kind, () => { if (!unseen() || kind === "pagehide") this.#unnote(); }, { signal });
    }
    void live.wishes().then((wishes) => { this.#wishes = wishes; }, () => undefined);
  }

  /**
   * @param {Summary[]} all  as they stand now
   * @param {number} now  milliseconds, by the server's clock
   * @param {string|null} open  which is looked at
   */
  look(all, now, open) {
    const before = this.#before;
    this.#before = new Map(all.filter((one) => !isMuted(one, now)).map(({ id, unread }) => [id, unread]));
    const came = before !== null && [...this.#before].some(([id, unread]) => unread > (before.get(id) ?? 0) && (id !== open || unseen()));
    // Of many tabs one tells.
    if (!came || !this.#live.isLeading) return;
    if (this.#wishes.sound && Date.now() > this.#quietUntil) {
      this.#quietUntil = Date.now() + QUIET_MS;
      chime("card");
    }
    if (this.#wishes.note && unseen()) this.#notify();
  }

  /** Opens the panel in which one asks for it. */
  ask() {
    const refused = el("p", { class: "field-error", role: "alert" });
    /** @param {"sound"|"note"} wish  @param {(on: boolean) => boolean|Promise<boolean>} allowed */
    const choice = (wish, allowed) => {
      const box = el("input", { type: "checkbox", id: `telling-${wish}`, checked: this.#wishes[wish] === true, "aria-describedby": `telling-${wish}-hint`,
        on: { change: async () => {
          box.checked = await allowed(box.checked);
          this.#wishes = { ...this.#wishes, [wish]: box.checked };
          await this.#live.wish(this.#wishes);
        } } });
      return el("div", {}, el("label", { class: "choice-row", for: box.id }, box, say(`telling.${wish}`)),
        el("p", { class: "hint", id: `telling-${wish}-hint` }, say(`conversations.telling.hint.${wish}`)));
    };
    const node = panel({ kind: "menu", labelledby: "telling-title" }, el("div", { class: "panel-body" },
      panelHead("telling-title", say("menu.telling"), () => node.close()),
      choice("sound", (on) => {
        if (on) readyChime();
        if (on) chime("card");
        else noChime();
        return on;
      }),
      mayNotify() ? choice("note", async (on) => {
        const permission = on ? await Notification.requestPermission() : "default";
        setText(refused, on && permission !== "granted" ? say("telling.refused") : "");
        return permission === "granted";
      }) : null,
      refused));
  }

  close() {
    this.#going.abort();
    this.#unnote();
    noChime();
  }

  #notify() {
    try {
      // With the same tag it takes the place of the one before.
      this.#note = new Notification(say("telling.note_says"), { tag: "ephemeral", silent: true });
    } catch {
      // Where a page can't make one, or may no longer.
      return;
    }
    this.#note.addEventListener("click", () => { window.focus(); this.#unnote(); });
  }

  #unnote() {
    this.#note?.close();
    this.#note = null;
  }
}
