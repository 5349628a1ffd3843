// One click to a room: the words are there at once, and their room is made while they are handed over.

import { chosenPolicy } from "../room/views/choices.js";
import { openingScreen } from "../room/views/opening-screen.js";
import { beginningWith, shareOf } from "./share.js";

/**
 * @typedef {import("../room/room-client.js").RoomClient} RoomClient
 * @typedef {import("./share.js").Share} Share
 * @typedef {import("../room/views/opening-screen.js").Opening} Opening
 * @typedef {import("../room/room-state.js").EndReason} EndReason
 * @typedef {{code?: string}} Failure
 *
 * @typedef {object} Creation
 * @property {string} code
 * @property {string} base
 * @property {typeof import("./room.js")} modules
 * @property {() => Promise<import("../protocol/config.js").Config>} server  what it says of itself
 * @property {ReturnType<typeof import("../ui/stage.js").stage>} stage
 * @property {() => import("../room/entry.js").Visitor} visitor
 * @property {import("../room/views/choices.js").Choices} choices
 * @property {import("./cancellable-entry.js").Entry["begin"]} begin
 * @property {import("./cancellable-entry.js").Entry["destroy"]} destroy
 * @property {(client: RoomClient, share: Share, keptNode: HTMLElement) => void} toRoom  enters
 * @property {() => void} another  draws other words
 * @property {() => void} back  gives up
 * @property {(reason: EndReason|null) => void} over  is told why the room is no more, null if there was none
 * @property {(error: Failure) => string} problemOf  names the sentence for what went wrong
 * @property {(parts: import("../room/views/opening-screen.js").Parts) => Opening} [screen]  what is shown
 *   meanwhile
 */

/**
 * Shows the words of a new code and makes their room, again whenever the person asks for it.
 * @param {Creation} creation
 */
export function roomCreation({
  code, base, modules, server, stage, visitor, choices, begin, destroy, toRoom, another, back, over,
  problemOf, screen = openingScreen,
}) {
  const { RoomClient } = modules;
  const share = shareOf(code, base, modules, server);
  /** @type {import("../room/views/opening-screen.js").Status} */
  let status = { problem: null, beganAt: Date.now() };
  /** @type {import("./share.js").Panel|null} */
  let panel = null;
  /** @type {Opening|null} */
  let view = null;
  let tried = false;

  /** @param {() => void} throwIfCancelled */
  async function make(throwIfCancelled) {
    /** @param {string} _phase  @param {number|null} [left]  seconds that the key will take, where it takes long */
    const onProgress = (_phase, left = null) => {
      throwIfCancelled();
      if (left === null) return;
      status = { ...status, left };
      view?.state(status);
    };
    const config = await server();
    const policy = chosenPolicy(choices, config);
    try {
      return await RoomClient.create({ ...visitor(), code, config, policy, onProgress });
    } catch (error) {
      // Nobody else draws these words: the room is ours, and only the answer was lost.
      if (tried && codeOf(error) === "room_exists") return await RoomClient.join({ ...visitor(), code, config });
      throw error;
    } finally {
      tried = true;
    }
  }

  async function open() {
    status = { problem: null, beganAt: Date.now() };
    stage.show(() => {
      panel = share.panel();
      view = screen({ panel, retry: open, another, back, destroy: end });
      view.state(status);
      return view;
    });
    try {
      const done = await begin(make, { made: true });
      if (done?.client && panel !== null) toRoom(done.client, beginningWith(panel, share), panel.node);
    } catch (error) {
      status = { ...status, problem: problemOf(/** @type {Failure} */ (error)) };
      view?.state(status);
    }
  }

  /** Destroys the room, be it made or not: no answer is no confirmation. */
  function end() {
    destroy().catch(() => /** @type {const} */ ("destroy_unconfirmed")).then(over);
  }

  open();
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {Failure} */ (error)?.code;
