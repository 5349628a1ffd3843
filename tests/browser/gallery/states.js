// Every state in which the page can be, by name. A state gives the screen to show; rooms are played
// by a FakeClient.

import { FakeClient } from "./fake.js";

const NOW = Date.now();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const CODE = "unlatched-felt-tip-gusto-barometer-nebula-yo-yo-willow";

const room = {
  policy: 1, seats: 2, messageTtl: 86400, roomTtl: 604800, locked: false, joins: 2, seatsTaken: 2,
  createdAt: NOW - HOUR, expiresAt: NOW + 7 * DAY,
};
const member = (id, name, colour, more = {}) =>
  ({ id, name, colour, present: true, me: false, joinedAt: NOW - HOUR, seenAt: NOW - 20 * MINUTE, ...more });
const me = member("me", null, null, { me: true });
const ada = member("ada", "Ada", 6);

let sequence = 0;
const card = (id, more = {}) => {
  sequence += 1;
  return {
    id, author: "ada", authorName: null, authorColour: null, sequence, size: 512, postedAt: NOW - 3 * MINUTE, expiresAt: NOW + DAY - 3 * MINUTE,
    audience: null, state: "closed", fate: null, text: null, view: null, type: null, gapBefore: 0,
    error: null, holder: null, leaseUntil: null, ...more,
  };
};
const open = (id, text, more = {}) => card(id, { state: "open", type: "text", text, view: 30, ...more });
const sent = (id, state, text, more = {}) => {
  sequence += 1;
  return {
    id, text, state, error: null, sequence: state === "sending" ? null : sequence,
    postedAt: NOW - 2 * MINUTE, expiresAt: NOW + DAY, counter: sequence, ...more,
  };
};

export const base = {
  phase: "live", ended: null, retryAt: null, room, me: "me", members: [ada, me], typing: [], cards: [],
  sent: [], clockOffset: 0,
};
const state = (changes) => ({ ...base, ...changes });

const LOREM = "The reading room closes at six. Leave the key with the porter, take the stairs and not "
  + "the lift, and don’t wait for me if it rains.\n\nBring the small notebook.";

/** The states of rooms. */
export const ROOMS = {
  alone: () => state({ members: [me], room: { ...room, joins: 1, seatsTaken: 1 } }),
  together: () => state({}),
  closed_cards: () => state({ typing: ["ada"], cards: [card("a"), card("b", { size: 2048 })] }),
  conversation: () => state({
    cards: [
      card("a", { state: "shown_gone" }),
      open("b", "Did you find the address? The door is the green one, left of the bakery.", { view: 60 }),
      card("d"),
    ],
    sent: [
      sent("s1", "viewed", "I have it. Which door?"),
      sent("s2", "stored", "On my way. Ten minutes."),
    ],
    typing: ["ada"],
  }),
  open_card: () => state({ cards: [open("a", LOREM)] }),
  open_until_closed: () => state({ cards: [open("a", "Stays until you close it.", { view: 0 })] }),
  opening: () => state({ cards: [card("a", { state: "opening" })] }),
  returned: () => state({ cards: [card("a", { state: "returned" })] }),
  broken: () => state({ cards: [card("a", { state: "broken", error: "envelope_open" })] }),
  unknown_type: () => state({ cards: [open("a", null, { type: "hologram" })] }),
  gap: () => state({ cards: [card("a", { gapBefore: 2 }), card("b", { state: "shown_gone", gapBefore: 1 })] }),
  card_error: () => state({ cards: [card("a", { error: "unreachable" })] }),
  taken: () => state({
    room: { ...room, seats: 3, joins: 3, seatsTaken: 3 },
    members: [ada, member("bo", "Bo", 2), me],
    cards: [card("a", { state: "taken", holder: "bo", leaseUntil: NOW + 2 * MINUTE })],
  }),
  traces: () => state({
    cards: [
      card("a", { state: "shown_gone" }), card("b", { state: "shown_gone" }),
      card("c", { state: "gone", fate: "viewed" }), card("d", { state: "gone", fate: "expired" }),
      card("e", { state: "gone", fate: "unconfirmed" }),
    ],
    sent: [sent("s1", "viewed", null), sent("s2", "viewed", null), sent("s3", "expired", null)],
  }),
  receipts: () => state({
    sent: [
      sent("s2", "stored", "Stored and waiting."),
      sent("s3", "opened", "Being read right now."),
      sent("s4", "acknowledged", "For everyone who was here."),
      sent("s5", "viewed", "Read."),
      sent("s6", "unconfirmed", "Nobody confirmed this one."),
      sent("s7", "expired", "Too late."),
      sent("s8", "false_receipt", "The server says this was viewed."),
      sent("s9", "refused", "This was not accepted.", { error: "room_crowded" }),
      sent("s1", "sending", "On its way."),
    ],
  }),
  away: () => state({ members: [{ ...ada, present: false }, me], sent: [sent("s1", "stored", "Read this when you are back.")] }),
  reconnecting: () => state({
    phase: "reconnecting", retryAt: NOW + 8000, members: [{ ...ada, present: false }, me],
    sent: [sent("s1", "sending", "Written in a tunnel."), sent("s2", "sending", "And one more.")],
  }),
  offline: () => state({ phase: "offline", sent: [sent("s1", "sending", "Written in a tunnel.")] }),
  locked: () => state({ room: { ...room, locked: true } }),
  third_join: () => state({ room: { ...room, joins: 3 }, members: [member("eve", null, null), me], cards: [card("a", { author: "eve" })] }),
  clock_off: () => state({ clockOffset: 7 * MINUTE }),
  many_people: () => state({
    room: { ...room, policy: 2, seats: 12, joins: 8, seatsTaken: 8 },
    members: [...["Ada", "Bo", "Chi", "Dag", null, null, "Ada"].map((name, index) => member(`m${index}`, name, index % 3)), me],
    typing: ["m1", "m2"],
    cards: [..."0123456"].map((index) => card(`c${index}`, { author: `m${index}`, audience: ["me"] })),
  }),
  hostile: () => state({
    members: [member("ada", "\u202e<b>gnp.exe</b>\u202e", 99), member("zal", "Z" + "\u0301".repeat(30), -1),
      member("long", "W".repeat(64), 3), member("odd", { toString: null }, "7"), me],
    room: { ...room, seats: 5, joins: 5, seatsTaken: 5 },
    cards: [
      open("a", "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>", { view: 300 }),
      open("b", "\u202eright to left override, then a very long line: " + "x".repeat(60_000), { view: 300, author: "zal" }),
      open("c", "Z" + "\u0335\u0321\u0489".repeat(200), { view: 300, author: "long" }),
      card("d", { author: "long", postedAt: Number.NaN, expiresAt: Infinity }),
      open("e", { text: "no string" }, { view: "soon", author: "odd" }),
      card("f", { author: "nobody" }), card("g", { author: "left", authorName: "Lin", authorColour: 4 }),
    ],
  }),
};

/** Shows one state; gives what a test wants to hold on to. */
export async function play(name, { show, screens }) {
  const choices = screens.usualChoices();
  const none = () => {};
  const refuse = (details) => async () => { throw details; };
  const link = async () => `https://ephemeral.example/#1.00000000.${CODE}`;
  const share = { code: CODE, link };
  if (Object.hasOwn(ROOMS, name)) {
    const client = new FakeClient(ROOMS[name]());
    show(screens.roomView({ client, share, setWaiting: none }));
    return client;
  }
  const [kind, detail] = name.split(":");
  const arrive = (more) => show(screens.arriving({ choices, generate: none, enter: none, ...more }));
  const entering = (text, refusal) => {
    arrive({ text, enter: refuse(refusal) });
    document.querySelector(".code-form button").click();
  };
  switch (kind) {
    case "arriving": arrive({}); break;
    case "options": arrive({}); document.querySelector("details").open = true; break;
    case "problem": arrive({ text: "a b c", problem: screens.say("refusal.room_unknown") }); break;
    case "misspelt":
      entering("unlatched felt-tip gusto baromter nebula yo-yo willow",
        { code: "code_word", position: 4, word: "baromter", nearest: "barometer" });
      break;
    case "short": entering("unlatched gusto", { code: "code_length" }); break;
    case "sharing": show(screens.sharing({ code: CODE, bits: 90.4, link, open: none, another: none, back: none })); break;
    case "invited": show(screens.invited({ choices, join: none, back: none })); break;
    case "progress": show(screens.progress(detail)); break;
    case "ended": show(screens.ended({ reason: detail, again: none, anew: none })); break;
    case "unable": show(screens.unable(detail)); break;
    case "menu": case "leave": case "destroy": case "forgotten": {
      const client = new FakeClient(ROOMS.conversation());
      show(screens.roomView({ client, share: kind === "forgotten" ? null : share, setWaiting: none }));
      document.querySelector(".menu-button").click();
      if (kind === "leave") document.querySelectorAll(".menu .row-button")[2].click();
      if (kind === "destroy") document.querySelector(".menu .danger-text").click();
      return client;
    }
    default: throw new Error(`There is no state ${name}.`);
  }
  return null;
}

/** The names of all states. */
export const names = (endings) => [
  "arriving", "options", "problem", "misspelt", "short", "sharing", "invited",
  "progress:deriving", "progress:connecting", "progress:returning", "unable:insecure",
  ...Object.keys(ROOMS), "menu", "forgotten", "leave", "destroy",
  ...endings.map((reason) => `ended:${reason}`),
];
