// The page: what is loaded, what is shown, and what must never stay.

import { barrier } from "../device/feature-detection.js";
import { usualChoices } from "../room/views/choices.js";
import { forgetRoom, memoryOf } from "../room/views/room-memory.js";
import { roomView } from "../room/views/room-view.js";
import { PROGRESS } from "../room/views/state-tables.js";
import { bringAlong, wordsLeft } from "../room/views/unsent-words.js";
import { announce, clearAnnouncements } from "../ui/announce.js";
import { closePanels, confirm } from "../ui/dialog.js";
import { haveAll, onLanguage, say } from "../ui/i18n.js";
import { keepFocus } from "../ui/keep-focus.js";
import { later, laterBy } from "../ui/later.js";
import { backTrap, guardPage } from "../ui/leave-guard.js";
import { isCovered, neutralScreen } from "../ui/neutral-screen.js";
import { stage as stageIn } from "../ui/stage.js";
import { entryFlows, mayResume } from "./entry-flows.js";
import { plainScreen, showLate } from "./late-screen.js";
import { loading, styling } from "./loading.js";
import { leadingBack } from "./share.js";

/**
 * @typedef {import("../room/room-client.js").RoomClient} RoomClient
 * @typedef {import("../room/room-state.js").EndReason} EndReason
 * @typedef {import("../room/views/unsent-words.js").Words} Words
 * @typedef {import("./share.js").Share} Share
 */

// Soon after somebody has entered, what may be needed then is here, also without the network; and until it is, it is
// asked for again.
const LATER_MS = 500;
const AGAIN_MS = 15_000;

/** Ends after which the same words may lead back. @type {Set<EndReason>} */
const PASSING = new Set(["seat_lost", "room_full", "room_locked"]);

const base = new URL(`${document.documentElement.dataset.base}/`, location.origin).href;
/** What the server has put there. @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const app = part("app");
/** Of a bundle: a file that is loaded by this one can't also be named in it, where names tell content. */
const address = (/** @type {string} */ name) => new URL(String(app.dataset[name]), base).href;
const spoken = ["announce-polite", "announce-assertive"].map(part);
const stage = stageIn(app);
const choices = usualChoices();
// What needs the word list and the protocol is loaded while the person reads the first screen.
const load = loading(address("room"), (error) => {
  // A browser that can't read the program says so by this; any other no is the network's.
  if (error instanceof SyntaxError) stage.finish(tooOld);
});
const neutral = neutralScreen({ nodes: [app, ...spoken], changed: title });
const trap = backTrap({ ask: askToLeave, leave });
const { toArriving, toInvited, join, resume } = entryFlows({
  stage, base, load, choices, trap, toRoom, hold, showRoom, depart, over: toNothing,
});
/** @type {RoomClient|null} */
let room = null;
let forgetEnd = () => {};
let waiting = 0;
let came = false;

/** Takes the fragment and removes it from the address bar and from this entry of the history. */
function takeFragment() {
  const fragment = location.hash;
  if (fragment !== "") history.replaceState(history.state, "", location.pathname + location.search);
  return fragment.length > 1 ? fragment : null;
}

function title() {
  if (isCovered()) document.title = say("neutral.title");
  else document.title = say(waiting > 0 ? "title.waiting" : came ? "title.came" : "name", { count: waiting, name: say("name") });
}

/**
 * What the title says besides the name, for whoever has asked for it.
 * @param {number} count  of messages that wait
 * @param {boolean} joined  whether somebody has come in while nobody looked
 */
function setTitle(count, joined) {
  waiting = count;
  came = joined;
  title();
}

/**
 * From now on this room is the page's, whatever is shown of it. Gives its share, with the way back to it.
 * @template {Share|null} S
 * @param {RoomClient} client
 * @param {S} share
 * @returns {S extends Share ? Share : null}
 */
function hold(client, share) {
  room = client;
  const over = () => {
    const { ended } = client.state;
    if (room !== client || ended === null) return;
    letGo();
    const { reason, by } = ended;
    const person = by === null ? null : memoryOf(client).people.met(by);
    const words = wordsLeft(client);
    forgetRoom(client);
    toEnded({ reason, by: person?.label, words, again: share !== null && PASSING.has(reason) ? once(share.code, reason, words) : null });
  };
  client.addEventListener("change", over);
  forgetEnd = () => client.removeEventListener("change", over);
  trap.set();
  setTimeout(fetchLater, LATER_MS);
  // A room that is over already has told so before anybody listened.
  queueMicrotask(over);
  const led = share === null ? null : leadingBack(share, client);
  return /** @type {any} */ (led);
}

/** A function of its own, because closures hold all that stands beside them. */
const fetchLater = () => void later().catch(() => { if (room !== null) setTimeout(fetchLater, AGAIN_MS); });

/**
 * Enters the room; who is using what is in `keptNode`, which is shown already, is not disturbed. `words` are
 * those that one comes back with.
 * @param {RoomClient} client
 * @param {Share|null} share
 * @param {HTMLElement|null} [keptNode]
 * @param {Words[]} [words]
 */
function toRoom(client, share, keptNode = null, words = []) {
  bringAlong(client, words);
  const led = hold(client, share);
  if (keptNode === null) {
    showRoom(client, led);
  } else {
    keepFocus(keptNode, () => showRoom(client, led));
    announce(`${say(PROGRESS.opened.title)}. ${say(PROGRESS.opened.text)}`);
  }
}

/** @param {RoomClient} client  @param {Share|null} share */
function showRoom(client, share) {
  stage.show(() => roomView({ client, share, setTitle, hide: neutral.cover }));
}

/**
 * The person is done with the room, and it isn't with them: the seat stays for whoever has the link back.
 * @param {boolean} waits  whether the message is still to be read
 */
function depart(waits) {
  const client = room;
  letGo();
  if (client === null) return;
  forgetRoom(client);
  client.close({ done: true });
  toEnded({ reason: waits ? "departed" : "departed_after" });
}

function letGo() {
  room = null;
  forgetEnd();
  forgetEnd = () => {};
  trap.release();
}

/**
 * Tries a code once more, with the words that were left; where there are none, giving up leads to the first
 * screen. A function of its own, because closures hold all that stands beside them.
 * @param {string} code
 * @param {EndReason} reason
 * @param {Words[]} words
 * @returns {() => void}
 */
const once = (code, reason, words) => () => void join(code, (problem) => {
  if (words.length === 0) toArriving({ text: code, problem });
  else toEnded({ reason, words, problem, again: once(code, reason, words) });
}, words);

/**
 * The room is over: everything is forgotten here, but for the name of the member `by` whom it was ended, one's own
 * words that nobody has, and the code where it may still help (`again`).
 * @param {{reason: EndReason, by?: string|null, again?: (() => void)|null, words?: Words[], problem?: string|null}} end
 */
function toEnded({ reason, by = null, again = null, words = [], problem = null }) {
  if (again === null) forget();
  showLate(stage, ({ endedScreen }) => endedScreen({ reason, by, again, anew, words, problem }),
    () => plainScreen("ended", { texts: words.map(({ text }) => text), actions: [["ended.again", again], ["ended.anew", words.length === 0 ? anew : null]] }));
}

/** A room was destroyed before it was entered; without a reason, before it was made. @param {EndReason|null} reason */
function toNothing(reason) {
  trap.release();
  if (reason !== null) toEnded({ reason });
  else {
    forget();
    toArriving({ problem: "destroy.nothing" });
  }
}

function forget() {
  Object.assign(choices, usualChoices());
  clearAnnouncements();
  // A browser keeps the last text in which a regular expression found something (`RegExp.input`).
  /./.test(".");
}

function anew() {
  forget();
  toArriving();
}

async function askToLeave() {
  if (!isInside() || isCovered()) return false;
  closePanels();
  const asks = stage.screen()?.asksToLeave?.();
  if (asks !== undefined) return asks;
  const text = room === null ? say("opening.leave") : `${say("leave.text")} ${say("leave.back")}`;
  return confirm({ title: say("leave.title"), text, yes: say("leave.yes"), no: say("leave.no") });
}

/** Whether there is a room to be lost, or one that is being made. */
const isInside = () => room !== null || stage.screen()?.unsaved?.() === true;

function leave() {
  if (room !== null) void room.leave();
  else stage.screen()?.leave?.();
}

/** As the server has written it, for browsers that can't even come so far. */
const tooOld = () => ({ node: /** @type {HTMLElement} */ (part("too-old").firstElementChild?.cloneNode(true)) });

const loadLater = loading(address("later"));
const styleLater = styling(address("style"), app.dataset.integrity ?? "");
laterBy(() => Promise.all([loadLater(), styleLater(), haveAll()]).then(([module]) => module));

function start() {
  const fragment = takeFragment();
  const inTheWay = barrier();
  if (inTheWay === "too_old") return void stage.finish(tooOld);
  if (inTheWay !== null) {
    showLate(stage, ({ barrierScreen }) => barrierScreen(inTheWay), () => plainScreen("barrier", { actions: [] }));
    return;
  }
  if (fragment !== null) toInvited(fragment);
  else if (mayResume()) resume();
  else toArriving();
  title();
  load().catch(() => {});
}

window.addEventListener("hashchange", () => {
  const fragment = takeFragment();
  if (fragment === null) return;
  if (room === null) toInvited(fragment);
  else announce(say("announce.already_inside"));
});

onLanguage(() => {
  // What was said is in the language that the person has just left.
  clearAnnouncements();
  stage.redraw();
  title();
});

guardPage({
  unsaved: () => stage.screen()?.unsaved?.() === true,
  stayed: () => stage.screen()?.stayed?.(),
  empty() {
    stage.empty();
    room?.close({ unloading: true });
    room = null;
  },
});

start();
