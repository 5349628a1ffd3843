/** The way to files: what they need is loaded and opened when one is first picked, or first in sight. */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { button } from "../../account/views/frame.js";
import { refusalWords } from "./refusal-words.js";

/**
 * What is loaded then (media/views/part.js).
 * @typedef {{show: import("./messenger-screen.js").FilesDoor["show"], pick: import("./messenger-screen.js").FilesDoor["pick"],
 *   remove: import("./messenger-screen.js").FilesDoor["remove"], list: (place: HTMLElement) => void, isBusy: () => boolean,
 *   close: () => void}} FilesPart
 */

/**
 * @param {() => Promise<FilesPart>} open
 * @param {() => Promise<boolean>} isBegun  whether something was being sent when this browser stopped
 */
export function filesDoor(open, isBegun) {
  /** @type {FilesPart|null} */
  let part = null;
  /** @type {Promise<FilesPart>|null} */
  let opening = null;
  let isClosed = false;

  /** @returns {Promise<FilesPart>} */
  function opened() {
    opening ??= open().then((one) => {
      if (isClosed) one.close();
      part = one;
      return one;
    }, (error) => {
      opening = null;
      throw error;
    });
    return opening;
  }

  /**
   * Says what is in the way where something was to be shown, and tries once more when it is asked to.
   * @param {HTMLElement} place
   * @param {(part: FilesPart) => void} show
   */
  function within(place, show) {
    if (part !== null) return show(part);
    if (!place.hasChildNodes()) fill(place, el("p", { class: "hint" }, say("conversations.file.loading")));
    opened().then(show, (error) => {
      fill(place, el("p", { class: "hint" }, refusalWords(error)),
        button("quiet small", say("conversations.file.again"), () => { fill(place); within(place, show); }));
    });
  }

  return {
    get isBusy() {
      return part?.isBusy() ?? false;
    },
    close() {
      isClosed = true;
      part?.close();
    },
    /** @param {HTMLElement} place */
    list: (place) => within(place, (one) => one.list(place)),
    /** @type {import("./messenger-screen.js").FilesDoor} */
    door: {
      show: (conversation, entry, place) => within(place, (one) => one.show(conversation, entry, place)),
      pick: async (conversation, files, timer) => (await opened()).pick(conversation, files, timer),
      remove: async (files) => (await opened()).remove(files),
      begin: () => void isBegun().then((is) => (is ? opened() : null)).catch(() => undefined),
    },
  };
}
