// Leaving a message first: it is written, then the words are there, and it follows into their room as soon
// as that is open. For somebody who isn't there, by somebody who won't be.

import { leaveScreen } from "../room/views/leave-screen.js";
import { isWaiting, leftScreen } from "../room/views/left-screen.js";
import { roomCreation } from "./room-creation.js";

/**
 * @typedef {import("../room/room-client.js").RoomClient} RoomClient
 * @typedef {import("./share.js").Share} Share
 *
 * @typedef {object} Holding  what the page does with a room that is its own
 * @property {(client: RoomClient, share: Share) => Share} hold  it is the page's from now on
 * @property {(client: RoomClient, share: Share) => void} enter  shows it
 * @property {(waits: boolean) => void} depart  lets go of it; the seat stays; whether the message is still to be read
 */

/**
 * Shows the screen of writing. Of `flow` is what makes a room; `draw()` promises the modules and a new
 * code, `back()` goes to the first screen, `begun()` says that there is something to lose now.
 * @param {Omit<import("./room-creation.js").Creation, "code"|"modules"|"toRoom"|"another"|"screen"> & Holding & {
 *   draw: () => Promise<{code: string, modules: typeof import("./room.js")}>, begun: () => void,
 *   ended: () => void}} flow
 */
export function leaving({ draw, begun, ended, back, hold, enter, depart, ...flow }) {
  const { stage, choices, server, problemOf } = flow;

  /** @param {{text?: string, problem?: string|null}} [entered] */
  function write({ text = "", problem = null } = {}) {
    ended();
    stage.show((kept) => leaveScreen({ choices, text, problem, ...kept, seal, back, server }));
  }

  /** @param {string} text */
  async function seal(text) {
    const here = stage.screen();
    let drawn;
    try {
      drawn = await draw();
    } catch (error) {
      if (stage.screen() === here) write({ text, problem: problemOf(/** @type {{code?: string}} */ (error)) });
      return;
    }
    // Whoever has gone elsewhere meanwhile is left there.
    if (stage.screen() !== here) return;
    // What doesn't fit is said while it can still be shortened.
    drawn.modules.encodeContent({ type: "text", text });
    begun();
    make(drawn, text);
  }

  /**
   * @param {{code: string, modules: typeof import("./room.js")}} drawn
   * @param {string} text
   */
  function make(drawn, text) {
    /** @type {{client: RoomClient, share: Share, id: string}|null} */
    let left = null;
    /** @type {ReturnType<typeof leftScreen>|null} */
    let view = null;

    const update = () => {
      if (left !== null && left.client.state.ended === null) view?.update(left.client.state, left.id);
    };

    roomCreation({
      ...flow, ...drawn, back: () => write({ text }), another: () => seal(text),
      screen(parts) {
        view = leftScreen({
          ...parts,
          destroy: () => (left === null ? parts.destroy() : left.client.destroy()),
          returnLink: async () => left?.share.returnLink?.() ?? "",
          taken: () => left?.client.returnTaken(),
          done() {
            left?.client.removeEventListener("change", update);
            // A browser keeps what runs while a connection ends, for as long as that takes: nothing of this.
            setTimeout(depart, 0, left !== null && isWaiting(left.client.state, left.id));
          },
          stay() {
            if (left === null) return;
            left.client.removeEventListener("change", update);
            enter(left.client, left.share);
          },
        });
        const { state } = view;
        // Drawn anew, it may be further than its room.
        return { ...view, state: (status) => { if (left === null) state(status); else update(); } };
      },
      toRoom(client, share) {
        left = { client, share: hold(client, share), id: client.send(text) };
        client.addEventListener("change", update);
        update();
      },
    });
  }

  write();
}
