/** Where somebody wants to see a file: a film or a sound is played, by this page's service worker where there is one. */

import { randomBytes } from "../../device/random.js";
import { PageStreams } from "../page-streams.js";
import { servedType } from "../ranges.js";
import { MemoryWay, StreamWay } from "../ways.js";
import { isAtWork } from "../worker-door.js";
import { playerView } from "./player-view.js";

/**
 * The address of the service worker, as a browser with Trusted Types wants it; as in account/push.js, which may not have
 * been loaded. It can be made once.
 * @param {string} script
 */
function trusted(script) {
  const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("ephemeral-play", {
    createScriptURL: (/** @type {string} */ url) => {
      if (url !== script) throw new TypeError("not a script of this program");
      return url;
    },
  });
  return policy?.createScriptURL(script) ?? script;
}

/** @type {ReturnType<typeof opened>|null} */
let media = null;

/**
 * There is one in a page.
 * @param {string} account  address of this page's folder, which is the worker's too
 */
export function openMedia(account) {
  media ??= opened(account);
  return media;
}

/** @param {string} account */
function opened(account) {
  const { serviceWorker } = navigator;
  const script = trusted(`${account}sw.js`);
  const streams = serviceWorker === undefined ? null : new PageStreams(serviceWorker, randomBytes);
  /** @type {Promise<boolean>|null} */
  let working = null;

  return {
    /** Whether a file of this type is played. @param {string} type */
    isPlayed: (type) => servedType(type) !== null,
    /**
     * Begins to load it.
     * @param {Omit<import("./player-view.js").Given, "way">} given
     * @returns {Promise<import("./player-view.js").PlayerView>}
     */
    async player(given) {
      working ??= isAtWork(serviceWorker, script);
      const isWorking = await working;
      // What failed once may have been the network's fault.
      if (!isWorking) working = null;
      return playerView({ ...given, way: (changed) => (isWorking && streams !== null
        ? new StreamWay(streams, `${account}stream/`, given.source, given.type, changed)
        : new MemoryWay(given.source, given.type, changed)) });
    },
  };
}
