// Entering a room, as a task that can be cancelled: nobody should be left sitting in a room that they
// turned away from while its keys were made.

const PATIENCE_MS = 3000;

/**
 * @typedef {import("../room/room-client.js").RoomClient} RoomClient
 * @typedef {import("../room/room-state.js").EndReason} EndReason
 * @typedef {(throwIfCancelled: () => void) => Promise<RoomClient|null>} Enter
 *
 * @typedef {object} Entering  one of them
 * @property {boolean} made
 * @property {boolean} destroys
 * @property {boolean} stopped
 * @property {RoomClient|null} client  that nobody wanted in the end
 * @property {Promise<{client: RoomClient|null}|null>|null} outcome
 *
 * @typedef {object} Entry
 * @property {(enter: Enter, options?: {made?: boolean}) => Promise<{client: RoomClient|null}|null>} begin
 * @property {() => void} cancel
 * @property {() => Promise<EndReason|null>} destroy
 */

/**
 * Waits until the client is connected, or it is plain that this takes longer: the room then says so.
 * @param {RoomClient} client
 * @returns {Promise<void>}
 */
function connected(client) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, PATIENCE_MS);
    function done() {
      clearTimeout(timer);
      client.removeEventListener("change", changed);
      resolve();
    }
    function changed() {
      if (client.state.phase !== "connecting") done();
    }
    client.addEventListener("change", changed);
    changed();
  });
}

/**
 * Gives a seat up that nobody wanted in the end; a room in which nobody else is goes with it.
 * @param {RoomClient} client
 * @param {Entering} entering
 */
async function withdraw(client, { made, destroys }) {
  const others = client.state.members.some((member) => !member.me);
  if (destroys || (made && !others)) await client.destroy();
  else await client.leave();
}

/**
 * Entries, one at a time. `begin(enter, options)` calls `enter(throwIfCancelled)`, which promises a
 * client, as soon as the one cancelled before has been given up: both would write what a reload needs to
 * the same place. `throwIfCancelled()` is for the last moment at which no seat is taken yet.
 * Resolves to `{client}`, or to null if it was cancelled; `made` says that `enter` makes the room.
 * `destroy()` cancels and destroys what there is, whoever is in it. It resolves to why that ended, or
 * to null if nothing was made; it rejects where this can't be known.
 */
export function cancellableEntry() {
  /** @type {Entering|null} */
  let current = null;
  /** @type {Promise<void>} */
  let settled = Promise.resolve();

  function cancel() {
    current = null;
  }

  /** @type {Entry["begin"]} */
  async function begin(enter, { made = false } = {}) {
    /** @type {Entering} */
    const mine = { made, destroys: false, stopped: false, client: null, outcome: null };
    current = mine;
    const before = settled;
    const throwIfCancelled = () => {
      if (current === mine) return;
      mine.stopped = true;
      throw new Error("cancelled");
    };
    const run = async () => {
      await before;
      if (current !== mine) return null;
      const client = await enter(throwIfCancelled);
      if (client !== null && !mine.destroys) await connected(client);
      if (current === mine) return { client };
      mine.client = client;
      if (client !== null) await withdraw(client, mine);
      return null;
    };
    mine.outcome = run();
    settled = mine.outcome.then(() => undefined, () => undefined);
    try {
      const entered = await mine.outcome;
      // Whoever has entered is held by the room alone, so that nothing of it is left here afterwards.
      mine.outcome = null;
      return entered;
    } catch (error) {
      if (current !== mine) return null;
      throw error;
    }
  }

  async function destroy() {
    const mine = current;
    current = null;
    if (mine === null) return null;
    mine.destroys = true;
    try {
      await mine.outcome;
    } catch (error) {
      if (!mine.stopped) throw error;
    }
    return mine.client?.state.ended?.reason ?? null;
  }

  return { begin, cancel, destroy };
}
