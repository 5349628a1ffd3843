// One click to a room: the words are there at once, and their room is made while they are handed over.

import { chosenPolicy } from "../room/views/entry-options.js";
import { openingScreen } from "../room/views/opening-screen.js";
import { beginningWith, shareOf } from "./share.js";

/**
 * Shows the words of a new code and makes their room, again whenever the person asks for it. `server()`
 * promises what the server says of itself; `begin` and `destroy` are those of cancellableEntry;
 * `toRoom(client, share, keptNode)` enters; `another()` draws other words, `back()` gives up, `over(reason)`
 * is told why the room is no more, null if there was none; `problemOf(error)` names the sentence for
 * what went wrong.
 */
export function roomCreation({
  code, base, modules, server, stage, visitor, choices, begin, destroy, toRoom, another, back, over,
  problemOf,
}) {
  const { RoomClient } = modules;
  const share = shareOf(code, base, modules, server);
  let status = null;
  let panel = null;
  let tried = false;

  async function make(throwIfCancelled) {
    const onProgress = (_phase, left = null) => {
      throwIfCancelled();
      if (left === null) return;
      status = { ...status, left };
      stage.screen().state?.(status);
    };
    const config = await server();
    try {
      return await RoomClient.create({ ...visitor(), code, config, onProgress, policy: chosenPolicy(choices, config) });
    } catch (error) {
      // Nobody else draws these words: the room is ours, and only the answer was lost.
      if (tried && error.code === "room_exists") return await RoomClient.join({ ...visitor(), code, config });
      throw error;
    } finally {
      tried = true;
    }
  }

  async function open() {
    status = { problem: null, beganAt: Date.now() };
    stage.show(() => {
      panel = share.panel();
      const view = openingScreen({ panel, retry: open, another, back, destroy: end });
      view.state(status);
      return view;
    });
    try {
      const done = await begin(make, { made: true });
      if (done !== null) toRoom(done.client, beginningWith(panel, share), panel.node);
    } catch (error) {
      status = { ...status, problem: problemOf(error) };
      stage.screen().state(status);
    }
  }

  /** Destroys the room, be it made or not: no answer is no confirmation. */
  function end() {
    destroy().catch(() => "destroy_unconfirmed").then(over);
  }

  open();
}
