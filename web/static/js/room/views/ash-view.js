/** One line for all that is gone as it should be. It fades, and then nothing tells of them. */

import { el, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

const FADING_MS = 800;

/**
 * The view of the ash. `room` gives `memory` and `redraw()`.
 * @param {import("./log-entries.js").AshEntry} _first
 * @param {import("./view-context.js").ViewContext} room
 */
export function ashView(_first, room) {
  const count = el("span", {});
  const elsewhere = el("span", {});
  const node = el("p", { class: "ash" }, count, " ", elsewhere);
  let until = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  function wait() {
    const left = until - Date.now();
    node.classList.toggle("fading", left <= FADING_MS);
    if (left > FADING_MS) timer = setTimeout(wait, left - FADING_MS);
    else timer = setTimeout(blow, left);
  }

  function blow() {
    room.memory.ash.blow();
    room.redraw();
  }

  return {
    node,
    /** @param {import("./log-entries.js").AshEntry} entry */
    update(entry) {
      const all = entry.elsewhere === entry.count;
      setText(count, say(all ? "ash.gone_elsewhere" : "ash.gone", { count: entry.count }));
      setText(elsewhere, all || entry.elsewhere === 0 ? "" : say("ash.elsewhere", { count: entry.elsewhere }));
      if (entry.until === until) return;
      until = entry.until;
      clearTimeout(timer);
      wait();
    },
    close: () => clearTimeout(timer),
  };
}
