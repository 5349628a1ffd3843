// The way back by a return link: a door, the key of the room, and what became of the messages.

import { ReturnClient } from "../room/return-client.js";
import * as sealing from "../room/profiles.js";
import { progressScreen } from "../room/views/progress-screen.js";
import { returnDoor } from "../room/views/return-door.js";
import { returnScreen } from "../room/views/return-screen.js";

/**
 * @typedef {object} Ways
 * @property {import("../ui/stage.js").Stage} stage
 * @property {string} base
 * @property {() => Promise<any>} load  pages/room.js
 * @property {() => Promise<import("../protocol/config.js").Config>} server
 * @property {(error: any) => string} problemOf  the key of the sentence for what went wrong
 * @property {() => boolean} isCurrent  whether the person has not gone elsewhere
 * @property {() => void} back  to where one was without the link
 * @property {(link: string) => void} invite  to the door of a room
 */

/** Outside of the flow: the client keeps this, and what is listened to below keeps the client, so that it would keep the link. */
const profiles = async () => sealing;

/** Outside of the flow, since a listener keeps all that stands beside it: the link too. @param {ReturnClient} client */
function closesWithPage(client) {
  addEventListener("pagehide", () => client.close(), { once: true });
}

/**
 * Leads whoever has a return link to what became of the messages.
 * @param {string} link
 * @param {Ways} ways
 */
export function comeBack(link, { stage, base, load, server, problemOf, isCurrent, back, invite }) {
  /** Grows with each try: what comes too late is not shown. */
  let tries = 0;

  /** @param {string|null} problem */
  function toDoor(problem = null) {
    tries += 1;
    stage.show(() => returnDoor({ problem, look, back }));
  }

  async function look() {
    tries += 1;
    const turn = tries;
    const isWanted = () => turn === tries && isCurrent();
    stage.show((kept) => progressScreen("asking", { ...kept, back: () => toDoor() }));
    try {
      const { RoomClient } = await load();
      const config = await server();
      /** @param {string} _phase  @param {number} [left] */
      const onProgress = (_phase, left) => { if (isWanted()) stage.screen()?.phase?.("asking", left); };
      const client = new ReturnClient(await RoomClient.back({ base, link, config, onProgress, profiles }));
      await client.ask();
      if (isWanted()) toFates(client);
      else client.close();
    } catch (error) {
      if (isWanted()) toDoor(problemOf(error));
    }
  }

  /** @param {ReturnClient} client  @param {string|null} problem */
  function toFates(client, problem = null) {
    closesWithPage(client);
    stage.show(() => returnScreen({
      client, problem,
      write: () => toWrite(client).catch((error) => toFates(client, problemOf(error))),
      anew() {
        client.close();
        back();
      },
    }));
  }

  /** A link that leads back posts nothing (docs/protocol.md, 4.4): whoever wants to write joins anew. @param {ReturnClient} client */
  async function toWrite(client) {
    const { makeLink } = await load();
    const invitation = await makeLink(base, await server(), client.code);
    await client.makeWay();
    client.close();
    invite(invitation);
  }

  toDoor();
}
