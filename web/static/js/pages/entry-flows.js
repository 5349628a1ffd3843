// The ways into a room: by making it, by its words, by a link, and back after a reload.

import { keptUntil, lostBefore, thisLoad } from "../device/kept-until.js";
import { tabStorage } from "../device/tab-storage.js";
import { arrivingScreen } from "../room/views/arriving-screen.js";
import { invitedScreen } from "../room/views/invited-screen.js";
import { progressScreen } from "../room/views/progress-screen.js";
import { wouldBeLost } from "../room/views/unsent-words.js";
import { later } from "../ui/later.js";
import { cancellableEntry } from "./cancellable-entry.js";
import { plainScreen, showLate } from "./late-screen.js";
import { roomCreation } from "./room-creation.js";
import { shareOf } from "./share.js";

const COLOURS = 12;
/** A link with a seat's secret leads back: what it may look like is known before anything is loaded. */
const LEADS_BACK = /#[\w.-]+\.[0-9a-f]{32}(?![0-9a-z])/i;

/** What stands in for a socket that the network doesn't let through. */
const standIn = () => later().then(({ PolledSocket }) => PolledSocket);
/** What seals and opens names. */
const profiles = () => later().then((parts) => parts.profiles);
/** What brings a reloaded tab back. */
const resuming = () => later();

/**
 * @typedef {import("../room/room-client.js").RoomClient} RoomClient
 * @typedef {import("./share.js").Share} Share
 * @typedef {import("../room/views/unsent-words.js").Words} Words
 * @typedef {NonNullable<Parameters<typeof import("../room/views/standing-screens.js").barrierScreen>[1]>} Ways
 *
 * @typedef {object} Flows  what they need of the page
 * @property {import("../ui/stage.js").Stage} stage
 * @property {string} base
 * @property {() => Promise<typeof import("./room.js")>} load
 * @property {import("../room/views/choices.js").Choices} choices
 * @property {{set: () => void, release: () => void}} trap  makes going back a question while there is something
 *   to lose
 * @property {(client: RoomClient, share: Share|null, keptNode?: HTMLElement|null, words?: Words[]) => void} toRoom  enters
 *   a room; without a share where the code is not known
 * @property {(client: RoomClient, share: Share) => Share} hold  a room is the page's from now on
 * @property {(client: RoomClient, share: Share) => void} showRoom  that is held
 * @property {(waits: boolean) => void} depart  lets go of it; the seat stays; whether a message is still to be read
 * @property {(reason: import("../room/room-state.js").EndReason|null) => void} over  is told why a room is no
 *   more that was not entered yet
 */

/** The code of what was thrown. @param {unknown} error @returns {string|undefined} */
const codeOf = (error) => /** @type {{code?: string}|null|undefined} */ (error)?.code;

/** When a refusal says that the same may be asked again, by this device's clock. @param {unknown} error */
function retryAt(error) {
  const { retryAfter = null } = /** @type {{retryAfter?: number|null}} */ (error ?? {});
  return retryAfter === null ? null : Date.now() + 1000 * retryAfter;
}

/** The key of the sentence for what went wrong. @param {unknown} error */
const problemOf = (error) => `refusal.${codeOf(error) ?? "other"}`;

/** Whether this tab may have kept what a reload needs; asking loads nothing. */
export function mayResume() {
  try {
    return sessionStorage.length > 0;
  } catch {
    return false;
  }
}

/**
 * The flows into a room of the server at `base`. `load()` promises the modules, `choices` are what was
 * chosen.
 * @param {Flows} flows
 */
export function entryFlows({ stage, base, load, choices, trap, toRoom, hold, showRoom, depart, over }) {
  const { begin, cancel, destroy } = cancellableEntry();
  /** @type {Promise<import("../protocol/config.js").Config>|null} */
  let known = null;
  let turn = 0;
  /** Until when what this tab keeps leads back. */
  const kept = keptUntil(tabStorage(), thisLoad());

  /**
   * What the server says of itself: asked for once, and again after whatever went wrong.
   * @returns {Promise<import("../protocol/config.js").Config>}
   */
  function server() {
    const asked = known ?? load().then(({ RoomClient }) => RoomClient.config({ base }));
    known = asked;
    asked.catch(forget);
    return asked;
  }

  function forget() {
    known = null;
  }

  /** What is said about oneself; the colour is drawn, so that two people seldom have the same. */
  function visitor() {
    const colour = crypto.getRandomValues(new Uint8Array(1))[0] % COLOURS;
    const name = choices.name === "" ? {} : { name: choices.name, colour };
    return { base, standIn, profiles, resumable: choices.resumable, ...name };
  }

  /** What making a room takes, whatever is shown meanwhile. */
  const making = {
    base, server, stage, visitor, choices, problemOf, destroy, over,
    /** @type {typeof begin} */
    begin: (make, options) => begin(make, options).catch((error) => { forget(); throw error; }),
  };

  /** The person goes another way: what is under way is given up. Tells whether they haven't gone elsewhere since. */
  function begins() {
    turn += 1;
    const mine = turn;
    cancel();
    return () => mine === turn;
  }

  /** Nothing is under way any more, and nothing would be lost by going back. */
  function drop() {
    const isCurrent = begins();
    trap.release();
    return isCurrent;
  }

  /** @param {import("../room/views/arriving-screen.js").Kept & {problem?: string|null}} [entered] */
  function toArriving({ text = "", problem = null, unfolded = false } = {}) {
    drop();
    stage.show((kept) => arrivingScreen({
      choices, text, problem, unfolded, ...kept, generate, leave: leaveMessage, enter, server, drafts: load,
    }));
  }

  async function generate() {
    const isCurrent = begins();
    const entered = stage.screen()?.keep?.();
    try {
      const drawn = await draw();
      if (!isCurrent()) return;
      trap.set();
      roomCreation({ ...drawn, ...making, toRoom, another: generate, back: () => toArriving() });
    } catch (error) {
      if (isCurrent()) toArriving({ ...entered, problem: problemOf(error) });
    }
  }

  async function draw() {
    const modules = await load();
    return { modules, code: modules.makeCode(modules.randomBelow) };
  }

  async function leaveMessage() {
    const isCurrent = begins();
    const entered = stage.screen()?.keep?.();
    try {
      const { leaving } = await later();
      if (isCurrent()) leaving({ ...making, draw, hold, enter: showRoom, depart,
        begun: trap.set, ended: drop, back: () => toArriving() });
    } catch (error) {
      if (isCurrent()) toArriving({ ...entered, problem: problemOf(error) });
    }
  }

  /**
   * Reads what was typed, pasted or followed, and joins; throws the Refusal that says what can't be read.
   * @param {string} text
   * @param {(problem: string|null) => void} [giveUp]
   */
  async function enter(text, giveUp = (problem) => toArriving({ text, problem })) {
    const isCurrent = begins();
    const { isLink, leadsBack, readCode, readLink } = await load();
    if (!isCurrent()) return;
    if (leadsBack(text)) return void toReturning(text);
    const code = isLink(text) ? await readLink(text, await server()) : readCode(text);
    if (isCurrent()) join(code, giveUp);
  }

  /** Where one was without a link. */
  const elsewhere = () => (mayResume() ? resume() : toArriving());

  /** Leads whoever has a return link to what became of the messages. @param {string} link */
  async function toReturning(link) {
    const isCurrent = drop();
    stage.show((kept) => progressScreen("loading", kept));
    try {
      const { comeBack } = await later();
      if (isCurrent()) {
        comeBack(link, { stage, base, load, server, problemOf, isCurrent, back: elsewhere, invite: toInvited });
      }
    } catch (error) {
      if (isCurrent()) toArriving({ text: link, problem: problemOf(error) });
    }
  }

  /** @param {string} fragment  @param {string|null} [problem] */
  function toInvited(fragment, problem = null) {
    if (LEADS_BACK.test(fragment)) return void toReturning(fragment);
    drop();
    /** @param {string|null} trouble */
    const giveUp = (trouble) => toInvited(fragment, trouble);
    stage.show((kept) => invitedScreen({
      choices, problem, ...kept,
      join: () => enter(fragment, giveUp).catch((error) => giveUp(problemOf(error))),
      back: elsewhere,
    }));
  }

  /**
   * Derives, connects, and enters, with the words that one comes back with; `giveUp(problem)` goes back to where
   * the person was.
   * @param {string} code
   * @param {(problem: string|null) => void} giveUp
   * @param {Words[]} [words]
   */
  async function join(code, giveUp, words = []) {
    begins();
    const unsaved = () => wouldBeLost(words);
    stage.show((kept) => ({ ...progressScreen(kept.phase ?? "deriving", { ...kept, back: () => giveUp(null) }), unsaved }));
    try {
      const modules = await load();
      /** @param {() => void} throwIfCancelled */
      const enter = async (throwIfCancelled) => {
        const config = await server();
        /** @param {"deriving"|"connecting"} phase  @param {number} [left]  seconds */
        const onProgress = (phase, left) => {
          throwIfCancelled();
          stage.screen()?.phase?.(phase, left);
        };
        return modules.RoomClient.join({ ...visitor(), code, config, onProgress });
      };
      const done = await begin(enter);
      if (done?.client) toRoom(done.client, shareOf(code, base, modules, server), null, words);
    } catch (error) {
      forget();
      const back = () => giveUp(problemOf(error));
      const ways = { retry: () => void join(code, giveUp, words), back, at: retryAt(error), unsaved };
      // Every place is taken: perhaps by oneself, in another tab or in one that was closed a moment ago.
      if (codeOf(error) !== "room_full") back();
      else if (/** @type {import("../protocol/errors.js").Refusal} */ (error).elsewhere) toBarrier("full_elsewhere", { ...ways, at: null });
      else if (ways.at !== null) toBarrier("full_soon", ways);
      else back();
    }
  }

  async function resume() {
    begins();
    stage.show((kept) => progressScreen("returning", kept));
    // Who comes back may have to be told of more than who comes.
    later().catch(() => {});
    try {
      const { RoomClient } = await load();
      const done = await begin(() => RoomClient.resume({ base, standIn, profiles, resuming }));
      if (done === null) return;
      if (done.client === null) toArriving({ problem: "arriving.seat_gone" });
      else toRoom(done.client, null);
    } catch (error) {
      lostBefore(tabStorage());
      const code = codeOf(error);
      const ways = { retry: resume, anew: () => toArriving(), at: retryAt(error), until: kept };
      if (!PASSING.has(code)) toArriving({ problem: problemOf(error) });
      else if (code === "too_many" || code === "not_ours") toBarrier(code, ways);
      else toBarrier(navigator.onLine === false ? "offline" : "unreachable", ways);
    }
  }

  /** What is in the way will pass: meanwhile the tab keeps what it has. @param {string} what  @param {Ways} ways */
  function toBarrier(what, ways) {
    showLate(stage, ({ barrierScreen }) => barrierScreen(what, ways), () => plainScreen("barrier", {
      title: what === "offline" ? "barrier.offline" : what === "unreachable" ? "barrier.unreachable" : "late.barrier",
      retry: ways.retry, unsaved: ways.unsaved, actions: [["ended.anew", ways.anew ?? null], ["dialog.back", ways.back ?? null]],
    }));
  }

  return { toArriving, toInvited, join, resume };
}

/** @type {Set<string|undefined>} */
const PASSING = new Set(["unreachable", "not_ours", "unavailable", "internal", "too_many"]);
