// The page: one screen at a time, and at most one room.

import { announce } from "../ui/announce.js";
import { arriving } from "../ui/arriving.js";
import { closePanels } from "../ui/dialog.js";
import { ended, unable } from "../ui/ended.js";
import { invited } from "../ui/invited.js";
import { usualChoices } from "../ui/options.js";
import { progress } from "../ui/progress.js";
import { roomView } from "../ui/room.js";
import { has, say } from "../ui/say.js";
import { sharing } from "../ui/sharing.js";

const base = new URL(`${document.documentElement.dataset.base}/`, location.origin).href;
const app = document.getElementById("app");
const choices = usualChoices();
let screen = null;
let room = null;

/** Takes the fragment and removes it from the address bar and from this entry of the history. */
function takeFragment() {
  const fragment = location.hash;
  if (fragment !== "") history.replaceState(history.state, "", location.pathname + location.search);
  return fragment.length > 1 ? fragment : null;
}

/** What needs the word list and the protocol is loaded while the person reads the first screen. */
let machinery = null;
function load() {
  machinery ??= Promise.all([
    import("../net/room.js"),
    import("../net/api.js"),
    import("../protocol/codes.js"),
    import("../protocol/config.js"),
    import("../protocol/links.js"),
    import("../device/random.js"),
  ]).then((modules) => Object.assign({}, ...modules));
  return machinery;
}

function show(next) {
  screen?.close?.();
  closePanels();
  screen = next;
  app.replaceChildren(next.node);
  next.focus?.focus();
  if (room === null) title(0);
}

function title(waiting) {
  document.title = waiting > 0 ? say("title.waiting", { count: waiting, name: say("name") }) : say("name");
}

/** What went wrong, in the page's own words. */
function problemOf(error) {
  const code = error?.code;
  return typeof code === "string" && has(`refusal.${code}`) ? say(`refusal.${code}`) : say("refusal.other");
}

function toArriving({ text = "", problem = null } = {}) {
  show(arriving({ choices, text, problem, generate, enter }));
}

async function generate() {
  try {
    const { makeCode, randomBelow } = await load();
    toSharing(makeCode(randomBelow));
  } catch (error) {
    toArriving({ problem: problemOf(error) });
  }
}

function linkOf(code) {
  return async () => {
    const { RoomClient } = await load();
    return RoomClient.link({ base, page: base, code });
  };
}

async function toSharing(code, problem = null) {
  const { CODE_BITS } = await load();
  show(sharing({
    code, bits: CODE_BITS, link: linkOf(code), problem,
    open: () => create(code),
    another: generate,
    back: () => toArriving(),
  }));
}

/** Reads what was typed or pasted, and joins; throws the Refusal that says what can't be read. */
async function enter(text) {
  const code = await readEntry(text);
  join(code, (problem) => toArriving({ text, problem }));
}

async function readEntry(text) {
  const { Api, readCode, readConfig, readLink } = await load();
  if (!text.includes("#")) return readCode(text);
  return readLink(text.trim(), readConfig(await new Api(base).config()));
}

function toInvited(fragment, problem = null) {
  show(invited({
    choices, problem,
    async join() {
      try {
        join(await readEntry(fragment), (trouble) => toInvited(fragment, trouble));
      } catch (error) {
        toInvited(fragment, problemOf(error));
      }
    },
    back: () => toArriving(),
  }));
}

/** What is said about oneself; the colour is drawn, so that two people seldom have the same. */
function profile() {
  const colour = crypto.getRandomValues(new Uint8Array(1))[0] % 12;
  return choices.name === "" ? {} : { name: choices.name, colour };
}

async function create(code) {
  const { policy, seats, messageTtl, roomTtl, resumable } = choices;
  const options = { policy: { policy, seats, messageTtl, roomTtl }, resumable, ...profile() };
  await derive("create", code, options, (problem) => toSharing(code, problem));
}

async function join(code, giveUp) {
  const { resumable } = choices;
  await derive("join", code, { resumable, ...profile() }, giveUp);
}

/** Derives, connects, and enters the room; `giveUp(problem)` goes back to where the person was. */
async function derive(how, code, options, giveUp) {
  const waiting = progress("deriving");
  show(waiting);
  try {
    const { RoomClient } = await load();
    const client = await RoomClient[how]({ base, code, ...options, onProgress: waiting.phase });
    toRoom(client, code);
  } catch (error) {
    giveUp(problemOf(error));
  }
}

function toRoom(client, code) {
  room = client;
  const share = code === null ? null : { code, link: linkOf(code) };
  const over = () => {
    if (client.state.phase !== "ended") return;
    client.removeEventListener("change", over);
    room = null;
    toEnded(client.state.ended?.reason, code);
  };
  client.addEventListener("change", over);
  show(roomView({ client, share, setWaiting: title }));
  over();
}

function toEnded(reason, code) {
  const again = code === null
    ? null
    : () => join(code, (problem) => toArriving({ text: code, problem }));
  show(ended({ reason, again, anew: () => toArriving() }));
}

/** Whether this tab may have kept what a reload needs; asking loads nothing. */
function mayResume() {
  try {
    return sessionStorage.length > 0;
  } catch {
    return false;
  }
}

async function resume() {
  const waiting = progress("returning");
  show(waiting);
  try {
    const { RoomClient } = await load();
    const client = await RoomClient.resume({ base });
    if (client === null) toArriving({ problem: say("arriving.seat_gone") });
    else toRoom(client, null);
  } catch (error) {
    toArriving({ problem: problemOf(error) });
  }
}

function start() {
  const fragment = takeFragment();
  if (!window.isSecureContext || crypto.subtle === undefined) {
    show(unable("insecure"));
    return;
  }
  if (fragment !== null) toInvited(fragment);
  else if (mayResume()) resume();
  else toArriving();
  load().catch(() => { machinery = null; });
}

window.addEventListener("hashchange", () => {
  const fragment = takeFragment();
  if (fragment === null) return;
  if (room === null) toInvited(fragment);
  else announce(say("announce.already_inside"));
});

window.addEventListener("beforeunload", (event) => {
  if (screen?.unsaved?.()) event.preventDefault();
});

// A page that the browser has put away and brings back would show what was to be forgotten.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

start();
