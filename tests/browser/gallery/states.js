// Every state in which the page can be, by name: those of the tables in room/views/state-tables.js, those of rooms,
// and screens.

import { ACCOUNT } from "./account-states.js";
import { MESSENGER } from "./messenger-states.js";
import { FakeClient } from "./fake.js";
import { CARDS, NOTICES, RECEIPTS, ROOMS } from "./rooms.js";
import { card, fates, LOREM, returned } from "./samples.js";
import * as drafts from "/static/js/pages/room.js";
import { clearFiles, fileStates } from "./file-states.js";
import { arrivingScreen } from "/static/js/room/views/arriving-screen.js";
import { usualChoices } from "/static/js/room/views/choices.js";
import { leaveScreen } from "/static/js/room/views/leave-screen.js";
import { leftScreen } from "/static/js/room/views/left-screen.js";
import { invitedScreen } from "/static/js/room/views/invited-screen.js";
import { returnDoor } from "/static/js/room/views/return-door.js";
import { returnScreen } from "/static/js/room/views/return-screen.js";
import { openingScreen } from "/static/js/room/views/opening-screen.js";
import { progressScreen } from "/static/js/room/views/progress-screen.js";
import * as passing from "/static/js/room/views/passing-table.js";
import { memoryOf } from "/static/js/room/views/room-memory.js";
import { roomView } from "/static/js/room/views/room-view.js";
import { sharePanel } from "/static/js/room/views/share-panel.js";
import { endedScreen, barrierScreen } from "/static/js/room/views/standing-screens.js";
import * as standing from "/static/js/room/views/standing-tables.js";
import * as usual from "/static/js/room/views/state-tables.js";
import { announce } from "/static/js/ui/announce.js";
import { closePanels } from "/static/js/ui/dialog.js";
import { say } from "/static/js/ui/i18n.js";
import "/static/js/ui/fire.js";
import { later, laterBy } from "/static/js/ui/later.js";
import { isCovered, neutralScreen } from "/static/js/ui/neutral-screen.js";

const tables = { ...standing, ...usual, ...passing };
const CODE = "unmatched-felt-tip-gusto-barometer-nebula-yo-yo-willow";
const SLOW_MS = 12_000;
/** Longer than a room takes to say what has happened (room/views/room-announcer.js). */
const TOLD_MS = 180;

const none = () => {};
const curtain = neutralScreen({ nodes: [document.getElementById("app")], changed: none });
const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const link = async () => `https://ephemeral.example/#1.00000000.${CODE}`;
const panel = () => sharePanel({ code: CODE, link });
const SEAT = "0123456789abcdef0123456789abcdef";
const share = { code: CODE, link, panel, returnLink: async () => `${await link()}.${SEAT}` };
const server = async () => { throw new Error("there is none"); };

const arrive = (more = {}) =>
  arrivingScreen({
    choices: usualChoices(), generate: none, leave: none, enter: none, server, drafts: async () => drafts, ...more,
  });
const joining = (more = {}) => invitedScreen({ choices: usualChoices(), join: none, back: none, ...more });

/** Screens without a room: each shows itself by `show` and may act upon what it has shown. */
const SCREENS = {
  arriving: (show) => show(arrive()),
  options: (show) => show(arrive({ unfolded: true })),
  problem: (show) => show(arrive({ text: "unmatched felt-tip gusto", problem: "refusal.too_many" })),
  no_connection: (show) => {
    Object.defineProperty(navigator, "onLine", { get: () => false, configurable: true });
    show(arrive());
  },
  at_the_door: (show) => show(arrive({ text: "unmatched felt-tip gusto barometer nebula yo-yo willow" })),
  leaving: (show) => show(writing({ text: "The password of the drug cabinet is in the blue folder." })),
  leaving_options: (show) => show(writing({ unfolded: true })),
  leaving_too_long: (show) => {
    show(writing({ text: "Much too long.", seal: async () => { throw { code: "content_size" }; } }));
    document.querySelector(".leaving-form .primary").click();
  },
  left_unsure: (show) => { left(show, "waits"); press(".left .primary"); },
  slow_key: (show) =>
    show(progressScreen("deriving", { back: none, since: Date.now() - SLOW_MS })).phase("deriving", 40),
  misspelt: (show) => entering(show, "unmatched felt-tip gsuto baromter cheepness yo-yo willow",
    { code: "code_word", unknown: [{ position: 3, word: "gsuto", start: 19, end: 24 },
      { position: 4, word: "baromter", start: 25, end: 33 }, { position: 5, word: "cheepness", start: 34, end: 43 }] }),
  misspelt_in_a_link: (show) => entering(show, "https://ephemeral.example/#1.00000000.unmatched-xqzxqz",
    { code: "code_word", unknown: [{ position: 2, word: "xqzxqz", start: 48, end: 54 }] }),
  too_many_words: (show) => entering(show, "unmatched felt-tip gusto barometer zoom yo-yo willow acorn", { code: "code_length" }),
  doubtful: (show) => show(arrive({ text: "unmatched felt-tip gusto cope zoom yo-yo willow", problem: "refusal.room_unknown" })),
  completing: async (show) => {
    show(arrive({ text: "unmatched felt-tip gsuto bar" }));
    await wait(0);
    const field = document.getElementById("code");
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    field.dispatchEvent(new InputEvent("input", { inputType: "insertText" }));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
  },
  short: (show) => entering(show, "unmatched gusto", { code: "code_length" }),
  other_server: (show) => entering(show, `https://ephemeral.example/#1.00000000.${CODE}`, { code: "link_salt" }),
  kept_until: (show) => show(barrierScreen("unreachable", { retry: none, anew: none, until: Date.now() + 1_800_000 })),
  words_left: (show) => over(show, "seat_lost", { again: none }),
  words_left_for_good: (show) => over(show, "destroyed", { again: null }),
  words_not_brought: (show) => over(show, "seat_lost", { again: none, problem: "refusal.room_full" }),
  invited: (show) => show(joining()),
  invited_options: (show) => show(joining({ unfolded: true })),
  invited_problem: (show) => show(joining({ problem: "refusal.room_full" })),
  invited_in_vain: (show) => show(joining({ problem: "refusal.link_salt" })),
  return_door: (show) => show(returnDoor({ look: none, back: none })),
  return_problem: (show) => show(returnDoor({ problem: "refusal.unreachable", look: none, back: none })),
  return_gone: (show) => show(returnDoor({ problem: "refusal.room_unknown", look: none, back: none })),
  return_fates: (show) => back(show, fates),
  return_everyone: (show) => back(show, { ...fates, full: true }, 2),
  return_none: (show) => back(show, { sent: [] }),
  return_locked: (show) => back(show, { ...fates, locked: true }),
  return_seat: (show) => back(show, { sent: [], askedAt: null, members: [], seated: false }),
  return_over: (show) => back(show, { ...fates, over: true, sent: fates.sent.map((message) =>
    (["stored", "opened"].includes(message.state) ? { ...message, state: "room_destroyed" } : message)) }),
};

const back = (show, changes, policy) => {
  const client = returned(changes, policy);
  show(returnScreen({ client, write: none, anew: none }));
  return client;
};

function over(show, reason, more) {
  const kinds = { unsent: "The key is with the porter.", doubtful: LOREM, draft: "And one more thi" };
  const words = Object.entries(kinds).map(([kind, text]) => ({ kind, text, quote: null, send: kind === "unsent", copied: false }));
  show(endedScreen({ reason, anew: none, reload: none, words, ...more }));
}

const writing = (more = {}) =>
  leaveScreen({ choices: usualChoices(), seal: none, back: none, server, ...more });

/** A message that was left, as far as the row says. */
const LEFT = {
  making: { problem: null },
  failed: { problem: "refusal.unreachable" },
  sending: { phase: "live", state: "sending" },
  no_connection: { phase: "offline", state: "sending" },
  waits: { phase: "live", state: "stored" },
  opened: { phase: "live", state: "opened" },
  viewed: { phase: "live", state: "viewed" },
  gone: { phase: "live", state: "expired" },
  refused: { phase: "live", state: "refused" },
};

function left(show, row) {
  const view = leftScreen({ panel: panel(), retry: none, another: none, back: none, destroy: none,
    returnLink: link, taken: none, done: none, stay: none });
  show(view);
  const { problem, phase, state } = LEFT[row];
  if (problem !== undefined) view.state({ problem, beganAt: Date.now() });
  else view.update({ phase, clockOffset: 0, sent: [{ id: "a", state, error: "not_sent", expiresAt: Date.now() + 86_400_000 }] }, "a");
}

function entering(show, text, refusal) {
  show(arrive({ text, enter: async () => { throw refusal; } }));
  document.querySelector(".code-form button").click();
}

const PROGRESS = {
  deriving: (show) => show(progressScreen("deriving", { back: none })),
  connecting: (show) => show(progressScreen("deriving", { back: none, since: Date.now() - SLOW_MS })).phase("connecting"),
  returning: (show) => show(progressScreen("returning", { back: none })),
  loading: (show) => show(progressScreen("loading")),
  asking: (show) => show(progressScreen("asking", { back: none })),
  opening: (show) => show(beginning()),
  // By then the room has taken over, and this is only said (pages/main.js).
  opened(show) {
    const client = inside(show, ROOMS.alone());
    const { title, text } = tables.PROGRESS.opened;
    announce(`${say(title)}. ${say(text)}`);
    return client;
  },
  failed: (show) => show(beginning()).state({ problem: "refusal.unreachable", beganAt: Date.now() }),
};

const beginning = () => openingScreen({ panel: panel(), retry: none, another: none, back: none, destroy: none });

const PEOPLE_TALKING = () => ROOMS.conversation();
const ALONE = () => ROOMS.alone();
const inside = (show, state, { greeted = true, ...more } = {}) => {
  const client = new FakeClient(state);
  // Who comes in is told who is there; what is played here goes on from there.
  memoryOf(client).greeted = greeted;
  show(roomView({ client, share, hide: none, ...more }));
  return client;
};

const press = (selector) => document.querySelector(selector).click();
const until = async (selector) => {
  for (let times = 0; document.querySelector(selector) === null; times += 1) {
    if (times === 2_000) throw new Error(`nothing is ${selector}`);
    await wait(0);
  }
};
const menu = (icon) => {
  press(".menu-button");
  if (icon !== undefined) press(`dialog[open] .row-button:has(.icon-${icon})`);
};

const failing = (does) => async (show) => {
  const client = inside(show, PEOPLE_TALKING());
  await does(client);
  closePanels();
  while (document.querySelector("[data-notice^=not_]") === null) await wait(0);
  return client;
};
const refusing = async () => { throw new Error("nobody is there"); };

/** Notices that something could not be done. */
const FAILURES = {
  not_done: failing((client) => {
    client.lock = refusing;
    menu("locked");
  }),
  not_loaded: failing(() => {
    laterBy(refusing);
    menu();
  }),
};

const people = async () => {
  menu("person");
  while (document.querySelector("dialog[open] .people") === null) await wait(0);
};

/** What a person can do in a room that leads to a state of its own. */
const ACTIONS = {
  menu: (show) => { const client = inside(show, PEOPLE_TALKING()); menu(); return client; },
  menu_without_code: (show) => { const client = inside(show, PEOPLE_TALKING(), { share: null }); menu(); return client; },
  people: async (show) => { const client = inside(show, ROOMS.many_people()); await people(); return client; },
  hidden_messages: (show) => {
    const client = inside(show, ROOMS.cards());
    memoryOf(client).hidden.add("ada");
    client.change({});
    return client;
  },
  people_hidden: async (show) => {
    const client = inside(show, ROOMS.many_people());
    memoryOf(client).hidden.add("m1");
    client.change({});
    await people();
    return client;
  },
  menu_locked: (show) => {
    const state = PEOPLE_TALKING();
    const client = inside(show, { ...state, room: { ...state.room, locked: true } });
    menu();
    return client;
  },
  invite: (show) => { const client = inside(show, PEOPLE_TALKING()); menu("share"); return client; },
  invite_qr: async (show) => {
    const client = inside(show, PEOPLE_TALKING());
    menu("share");
    press("dialog.invite .share-ways button:last-child");
    await until(".qr");
    return client;
  },
  record: async (show) => { const client = inside(show, PEOPLE_TALKING()); menu("eye"); await wait(0); return client; },
  report: (show) => { const client = inside(show, PEOPLE_TALKING()); menu("warning"); return client; },
  report_wrong: (show) => {
    const client = inside(show, PEOPLE_TALKING());
    menu("warning");
    document.querySelector("dialog[open] [type=submit]").click();
    return client;
  },
  record_unanswered: async (show) => {
    const client = inside(show, PEOPLE_TALKING());
    client.record = async () => { throw new Error("nobody is there"); };
    menu("eye");
    await wait(0);
    return client;
  },
  alone_without_code: (show) => inside(show, ALONE(), { share: null }),
  leave: (show) => { const client = inside(show, PEOPLE_TALKING()); menu("leave"); return client; },
  leave_locked: (show) => {
    const state = PEOPLE_TALKING();
    const client = inside(show, { ...state, room: { ...state.room, locked: true } });
    menu("leave");
    return client;
  },
  leave_owed: (show) => { const client = inside(show, RECEIPTS.stored()); menu("leave"); return client; },
  return_link: async (show) => { const client = inside(show, RECEIPTS.stored()); menu("reply"); await until("dialog.return"); press("dialog.return .reveal"); return client; },
  leave_unsent: (show) => { const client = inside(show, NOTICES.offline()); menu("leave"); return client; },
  destroy: (show) => { const client = inside(show, PEOPLE_TALKING()); menu("destroy"); return client; },
  destroying: async (show) => {
    const client = inside(show, PEOPLE_TALKING());
    client.destroy = () => new Promise(none);
    menu("destroy");
    await wait(0);
    press("dialog.question .danger");
    await until(".destroying");
    return client;
  },
  stopped: async (show) => {
    const client = inside(show, ROOMS.open_card());
    while (document.querySelector(".tool[aria-disabled=false]") === null) await wait(20);
    press(".opened .tool[aria-pressed]");
    return client;
  },
  draft: (show) => {
    const client = inside(show, PEOPLE_TALKING());
    draft(Array.from({ length: 12 }, (_, line) => `Line ${line + 1} of a long draft.`).join("\n"));
    return client;
  },
  draft_with_quote: (show) => {
    const client = inside(show, PEOPLE_TALKING());
    press(".opened .card-tools button");
    draft("The green one, then.");
    return client;
  },
  draft_refused: (show) => {
    const client = inside(show, PEOPLE_TALKING());
    client.send = () => { throw { code: "content_size" }; };
    draft("Much too long.");
    press(".composer .send");
    return client;
  },
  writing_options: async (show) => {
    const client = inside(show, PEOPLE_TALKING());
    press(".composer-foot button");
    while (document.querySelector("#writing-title") === null) await wait(0);
    return client;
  },
  telling: async (show) => { const client = inside(show, PEOPLE_TALKING()); menu("voice"); while (document.querySelector("#telling-heading") === null) await wait(0); return client; },
  whole_message: (show) => { const client = inside(show, ROOMS.long_message()); press(".message-body .more"); return client; },
  new_messages: async (show) => {
    const client = inside(show, ROOMS.some_entries());
    const log = document.querySelector(".log");
    await wait(TOLD_MS);
    log.scrollTop = 600;
    log.dispatchEvent(new Event("scroll"));
    await wait(TOLD_MS);
    log.scrollTop = 300;
    await wait(TOLD_MS);
    client.change({ cards: [...client.state.cards, ...["x", "y", "z"].map((id) => card(id, { sequence: 1e6 }))] });
    return client;
  },
  neutral: (show) => {
    const client = inside(show, PEOPLE_TALKING());
    curtain.cover();
    return client;
  },
};

function draft(text) {
  const field = document.getElementById("composer-text");
  field.value = text;
  field.dispatchEvent(new Event("input"));
}

const play = (states, options) => async (show) => {
  const [first, ...rest] = [states()].flat();
  const client = inside(show, first, options);
  for (const next of rest) {
    await wait(TOLD_MS);
    client.change(next);
  }
  if (rest.length > 0) await wait(TOLD_MS);
  return client;
};

const played = (rows) => Object.fromEntries(Object.entries(rows).map(([name, states]) =>
  [name, play(states, { greeted: !name.startsWith("inside") })]));

/** For each table of room/views/state-tables.js: how its rows are called here, and who plays them. */
const TABLES = {
  ENDINGS: ["ended", (name) => (show) => show(endedScreen({ reason: name, again: none, anew: none, reload: none }))],
  BARRIERS: ["barrier", (name) => (show) => show(barrierScreen(name, {
    retry: none, anew: none, back: none, at: Date.now() + 40_000,
  }))],
  LEFT: ["left", (name) => (show) => left(show, name)],
  PROGRESS: ["progress", (name) => PROGRESS[name]],
  NOTICES: ["notice", (name) => FAILURES[name] ?? played(NOTICES)[name]],
  PASSING: ["notice", (name) => played(NOTICES)[name]],
  CARDS: ["card", (name) => played(CARDS)[name]],
  RECEIPTS: ["receipt", (name) => played(RECEIPTS)[name]],
};

const rows = new Map();
const players = new Map();
for (const [table, entries] of Object.entries(tables)) {
  const [kind, player] = TABLES[table];
  for (const [name, row] of Object.entries(entries)) {
    players.set(`${kind}:${name}`, player(name));
    rows.set(`${kind}:${name}`, row);
  }
}
for (const [kind, group] of Object.entries({ screen: SCREENS, room: { ...played(ROOMS), ...ACTIONS }, files: fileStates(inside), account: ACCOUNT, messenger: MESSENGER })) {
  for (const [name, player] of Object.entries(group)) players.set(`${kind}:${name}`, player);
}

const playable = (name) => players.get(name) !== undefined;

/** The names of all states, and of those rows of the tables that nobody here can play. */
export const names = [...players.keys()].filter(playable);
export const forgotten = [...players.keys()].filter((name) => !playable(name));

/** The row of the table that a state comes from, or undefined. */
export const rowOf = (name) => rows.get(name);

/** The states of rooms that a client can have, by name. */
export const clientStates = Object.fromEntries(
  [["card", CARDS], ["receipt", RECEIPTS], ["notice", NOTICES], ["room", ROOMS]].flatMap(([kind, rows]) =>
    Object.entries(rows).map(([name, states]) => [`${kind}:${name}`, () => [states()].flat().at(-1)])),
);

const part = async () => ({ ...await import("/static/js/pages/later.js"), ...await import("/static/js/pages/account-later.js") });

/** Takes away what a state has left behind in the page. */
export function clear() {
  laterBy(part);
  if (isCovered()) press(".neutral button");
  delete navigator.onLine;
}

/** Shows one state by `show(screen)`; gives the room's client, if it is a room. */
export async function perform(name, show) {
  if (!playable(name)) throw new Error(`Nobody can play ${name}.`);
  // What is loaded later is there: each state is shown at once.
  await later();
  clearFiles();
  return (await players.get(name)(show)) ?? null;
}
