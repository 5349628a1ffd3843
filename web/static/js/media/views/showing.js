/** Where somebody wants to see a file: a film or a sound is played, by this page's service worker where there is one. */

import { randomBytes } from "../../device/random.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { PageStreams } from "../page-streams.js";
import { servedType } from "../ranges.js";
import { MemoryWay, StreamWay } from "../ways.js";
import { isAtWork } from "../worker-door.js";
import { pictureView } from "./picture-view.js";
import { playerView } from "./player-view.js";

/** What is shown in a place that is gone is put away after so long. */
const LOOK_MS = 2000;

/**
 * @typedef {import("../watched.js").Watched} Watched
 *
 * @typedef {object} Given
 * @property {string} account  address of this page's folder, which is the worker's too
 * @property {(one: Watched) => import("../source.js").Source} source
 * @property {(error: unknown) => string} words  what was thrown, in a sentence
 * @property {import("./watching-by.js").WatchingBy} watching
 */

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

/** Of this page: there is one way to the worker. @type {ReturnType<typeof openWays>|null} */
let ways = null;

/** @param {string} account */
function openWays(account) {
  const { serviceWorker } = navigator;
  const script = trusted(`${account}sw.js`);
  const streams = serviceWorker === undefined ? null : new PageStreams(serviceWorker, randomBytes);
  /** @type {Promise<boolean>|null} */
  let working = null;

  /**
   * How these bytes come to an element.
   * @param {import("../ways.js").Source} source
   * @param {string} type  that is played
   */
  return async (source, type) => {
    working ??= isAtWork(serviceWorker, script);
    const isWorking = await working;
    // What failed once may have been the network's fault.
    if (!isWorking) working = null;
    return (/** @type {() => void} */ changed) => (isWorking && streams !== null
      ? new StreamWay(streams, `${account}stream/`, source, type, changed) : new MemoryWay(source, type, changed));
  };
}

/**
 * Shows files in places that are given for them (file-card.js).
 * @param {Given} given
 * @returns {(one: Watched, place: HTMLElement, conversation: string) => void}
 */
export function showing({ account, source: sourceOf, words, watching }) {
  /** @param {Watched} one  @param {HTMLElement} place  @param {string} conversation  @param {string} sentence */
  const complain = (one, place, conversation, sentence) => fill(place, el("p", { class: "hint" }, sentence), el("button", {
    type: "button", class: "button quiet small", on: { click: () => void show(one, place, conversation) } }, say("conversations.film.again_now")));

  /** @param {Watched} one  @param {HTMLElement} place  @param {string} conversation */
  async function show(one, place, conversation) {
    const { info } = one;
    if (info === null) return;
    fill(place, el("p", { class: "hint", role: "status" }, say("conversations.film.loading")));
    const ends = new AbortController();
    const source = sourceOf(one);
    source.onClose(() => ends.abort());
    // The place goes with its message, and with the conversation when another one is opened.
    const looking = setInterval(() => { if (!place.isConnected) source.close(); }, LOOK_MS);
    ends.signal.addEventListener("abort", () => clearInterval(looking));
    try {
      if (info.type.startsWith("image/")) {
        fill(place, await pictureView(source, isolated(info.name), ends.signal));
        source.close();
      } else if (servedType(info.type) === null) {
        fill(place, el("p", { class: "hint" }, say("conversations.refusal.not_played")));
        source.close();
      } else await play(one, info, source, place, { conversation, ended: ends.signal });
    } catch (error) {
      if (ends.signal.aborted && !place.isConnected) return;
      source.close();
      complain(one, place, conversation, words(error));
    }
  }

  /**
   * @param {Watched} one
   * @param {import("../../protocol/files/info.js").Info} info
   * @param {import("../source.js").Source} source
   * @param {HTMLElement} place
   * @param {{conversation: string, ended: AbortSignal}} about
   */
  async function play(one, { name, type }, source, place, { conversation, ended }) {
    ways ??= openWays(account);
    const view = playerView({ type, title: isolated(name), isConfirmed: () => one.digest !== null, way: await ways(source, type) });
    const off = one.subscribe(view.update);
    const others = watching(conversation, one.reference.file.id, view);
    const end = () => {
      off();
      others.close();
      view.close();
      // It may no longer be had, while somebody looks on.
      if (place.isConnected) fill(place);
    };
    if (ended.aborted) return end();
    ended.addEventListener("abort", end);
    fill(place, view.node);
    view.focus();
    view.play();
  }

  return (one, place, conversation) => void show(one, place, conversation);
}
