/** How those in a conversation hear of each other that they watch, and by which clock. */

import { randomBytes } from "../../device/random.js";
import { say } from "../../ui/i18n.js";
import { clockOffset } from "../server-clock.js";
import { Watching } from "../watching.js";
import { togetherView } from "./together-view.js";

/**
 * Puts it below a player.
 * @typedef {(conversation: string, file: Uint8Array, view: import("./player-view.js").PlayerView) => {close: () => void}} WatchingBy
 */

/**
 * @param {Pick<import("../../conversations/live.js").LiveConversations, "talk"|"signal">} live
 * @param {() => Promise<number>} ask  what time it is at the server
 * @returns {WatchingBy}
 */
export function watchingBy(live, ask) {
  const { talk } = live;
  /** @type {Promise<number>|null} */
  let asked = null;
  let offset = 0;
  const here = () => performance.timeOrigin + performance.now();

  async function synchronise() {
    asked ??= clockOffset(ask, here);
    try {
      offset = await asked;
    } catch {
      // Asked again where the next film is opened.
      asked = null;
    }
  }

  return (conversation, file, view) => {
    const { shown } = talk.of(conversation);
    /** @type {Map<string, string>} */
    const names = new Map();
    const watching = new Watching({
      conversation, file, device: talk.device, epoch: () => shown.epoch(), signal: (sealed) => live.signal(conversation, sealed),
      now: () => Math.round(here() + offset), random: randomBytes, player: view.player, changed,
    });
    const below = togetherView(watching, (device) => names.get(device) ?? say("conversations.somebody"));
    const off = talk.subscribe((one, event) => {
      if (one === conversation && event?.type === "signal") void watching.hear(/** @type {any} */ (event));
    });
    view.beside.append(below.node);
    void synchronise();

    function changed() {
      below.update();
      for (const device of watching.others) if (!names.has(device)) void name(device).catch(() => undefined);
    }

    /** @param {string} device */
    async function name(device) {
      const chain = await shown.chainOf(device);
      const said = chain === null ? undefined : (await shown.profiles())[chain]?.name;
      if (said === undefined) return;
      names.set(device, said);
      below.update();
    }

    return { close() { off(); watching.close(); } };
  };
}
