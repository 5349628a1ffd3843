// The states of rooms. Those of the tables in room/views/state-tables.js are named after their rows; a function gives
// the state, or a list of states of which each follows upon the one before.

import { ada, bo, card, inMinutes, LOREM, me, member, MINUTE, open, room, sent, state, three } from "./samples.js";

const shown = (more) => state({ cards: [card("a", more), card("b", { size: 2048 })] });
const CONVERSATION = () => state({
  cards: [
    card("a", { state: "shown_gone" }),
    open("b", "Did you find the address? The door is the green one, left of the bakery."),
    card("d"),
  ],
  sent: [sent("s1", "viewed", "I have it. Which door?"), sent("s2", "stored", "On my way. Ten minutes.")],
  typing: ["ada"],
});

export const CARDS = {
  closed: () => shown({}),
  opening: () => shown({ state: "opening" }),
  taken: () => three({ cards: [card("a", { state: "taken", holder: "bo", leaseUntil: inMinutes(2) }), card("b")] }),
  returned: () => shown({ state: "returned" }),
  failed: () => shown({ error: "something_new" }),
  unknown_type: () => shown({ state: "open", type: "hologram" }),
  empty: () => shown({ state: "open", type: "text", text: "\u200b\u2060 \ufeff", view: 60 }),
  broken: () => shown({ state: "broken", error: "envelope_open" }),
};

const receipt = (name, more = {}, around = {}) => () => state({
  sent: [sent("s0", "stored", "The first one."), sent("s1", name, "On my way. Ten minutes.", more)], ...around,
});

const MANY = { room: { ...room, policy: 2, seats: 12 } };

export const RECEIPTS = {
  sending: receipt("sending"),
  waits_here: receipt("sending", {}, { phase: "offline" }),
  waits_because: receipt("sending", { error: "room_crowded" }),
  stored: receipt("stored"),
  stored_first: receipt("stored", { first: true }, { room: { ...room, policy: 2 } }),
  opened: receipt("opened"),
  acknowledged: receipt("acknowledged", { of: 9, readers: ["ada", "bo", "chi"], audience: [..."012345"] }, MANY),
  acknowledged_least: receipt("acknowledged", { of: 9, readers: ["ada"], audience: ["chi"] }, MANY),
  viewed: receipt("viewed"),
  viewed_by: receipt("viewed", { reader: "ada" }),
  viewed_all: receipt("viewed", { reader: "ada", readers: ["bo"], of: 2 }, MANY),
  viewed_untimed: receipt("viewed", { endedAt: null }),
  unconfirmed: receipt("unconfirmed"),
  expired: receipt("expired"),
  expired_partly: receipt("expired", { of: 9, readers: ["ada", "bo"], audience: [..."0123456"] }, MANY),
  expired_least: receipt("expired", { of: 9, readers: ["ada", "bo"] }, MANY),
  expired_unsure: receipt("expired", { of: 9 }, MANY),
  withdrawn: receipt("withdrawn"),
  withdrawn_opened: receipt("withdrawn", { opened: 2 }),
  withdrawn_read: receipt("withdrawn", { opened: 3, of: 9, readers: ["ada", "bo"], proved: true, reader: "bo" }, MANY),
  room_destroyed: receipt("room_destroyed"),
  false_receipt: receipt("false_receipt"),
  refused: receipt("refused", { error: "content_size" }),
};

const waiting = [sent("s1", "sending", "Written in a tunnel."), sent("s2", "sending", "And one more.")];
const gone = { ...ada, present: false };
const MANY_TAKEN = { ...room, policy: 2, seats: 3, joins: 3, seatsTaken: 3 };
const after = (before, then) => () => {
  const talk = CONVERSATION();
  return [{ ...talk, ...before }, { ...talk, ...then }];
};

/** A state in which one waits for what is told a moment later. */
const waited = (now) => [now, now];

export const NOTICES = {
  connecting: () => state({ phase: "connecting", room: null, members: [] }),
  reconnecting: () => state({ phase: "reconnecting", retryAt: inMinutes(-1), members: [gone, me], sent: waiting, seatUntil: inMinutes(0.7) }),
  reconnecting_in: () => state({ phase: "reconnecting", retryAt: inMinutes(0.4), members: [gone, me], sent: waiting, seatUntil: inMinutes(0.7) }),
  offline: () => state({ phase: "offline", retryAt: null, members: [gone, me], sent: waiting, seatUntil: inMinutes(-3) }),
  not_ours: () => state({ phase: "connecting", trouble: "not_ours", members: [gone, me], sent: waiting }),
  slow: () => state({ ...CONVERSATION(), slow: true }),
  no_storage: () => state({ ...CONVERSATION(), noStorage: true }),
  joins: () => state({ room: { ...room, joins: 3 }, members: [member("eve", null, null), me], cards: [card("a", { author: "eve" })] }),
  joined: after({ members: [me] }, { members: [ada, me] }),
  joined_many: after({ members: [me] }, { members: [ada, bo, me], room: { ...room, policy: 2, seats: 3, joins: 3, seatsTaken: 3 } }),
  left: after({}, { members: [me], room: { ...room, seatsTaken: 1 } }),
  left_many: after({ members: [ada, bo, me] }, { members: [me], room: { ...room, policy: 2, seats: 3, joins: 3, seatsTaken: 1 } }),
  left_full: after({}, { members: [bo, me] }),
  left_many_full: after(
    { members: [ada, bo, me], room: MANY_TAKEN }, { members: [member("eve"), member("dag"), me], room: MANY_TAKEN },
  ),
  inside: () => waited(state({})),
  inside_some: () => waited(three({ members: [gone, bo, me], cards: [card("a"), card("b")] })),
  inside_away: () => waited(three({ members: [gone, { ...bo, present: false }, me] })),
  locked: after({}, { room: { ...room, locked: true } }),
  locked_by: after({}, { room: { ...room, locked: true }, lockedBy: "ada" }),
  locked_by_you: after({}, { room: { ...room, locked: true }, lockedBy: "me" }),
  unlocked: after({ room: { ...room, locked: true } }, { room }),
  unlocked_by: after({ room: { ...room, locked: true } }, { room, lockedBy: "ada" }),
  unlocked_by_you: after({ room: { ...room, locked: true } }, { room, lockedBy: "me" }),
  away: () => state({ members: [gone, me], sent: [sent("s1", "stored", "Read this when you are back.")] }),
  all_away: () => three({ members: [gone, { ...bo, present: false }, me], sent: [sent("s1", "stored", "Read this when you are back.")] }),
  clock_ahead: () => state({ clockOffset: -7 * MINUTE }),
  clock_behind: () => state({ clockOffset: 7 * MINUTE }),
};

const CODE = "Run this on the new machine:\n```sh\ncurl --silent https://ephemeral.example/install.sh | sh -s -- "
  + "--data-dir /var/lib/ephemeral --port 3000\nephemeral check\n```\nThen `ephemeral serve`, and tell me what it prints.";
const LINKS = "The map: https://maps.example/green-door?floor=2 (closed on Mondays), and http://old.example/notes. "
  + "This one pretends: https://аррlе.example/login";
const LONG = Array.from({ length: 12 }, () => LOREM).join("\n\n");
const ARABIC = "سأصل بعد عشر دقائق. الباب الأخضر، على يسار المخبز. الرمز 4711، ولا تنتظرني إذا أمطرت.";
const NAMES = ["Ada", "Bo", "Chi", "Dag", null, null, "Ada", "Emmanuelle-Constance de la Tour"];

/** A talk of many entries: cards in all states between messages of one's own; nobody has written so many as to flood. */
const talk = (count) => ({
  cards: Array.from({ length: count }, (_, index) => {
    if (index % 11 === 3) return card(`c${index}`, { state: "gone", fate: "expired", sequence: 2 * index });
    return index % 4 === 1
      ? open(`c${index}`, `Number ${index}: the door is still the green one.`, { sequence: 2 * index, view: 0 })
      : card(`c${index}`, { sequence: 2 * index, author: count > 20 ? `m${index % 20}` : index % 3 === 0 ? "bo" : "ada" });
  }),
  sent: Array.from({ length: count }, (_, index) =>
    sent(`s${index}`, ["viewed", "stored", "opened"][index % 3], `Answer ${index}.`, { sequence: 2 * index + 1 })),
});

/** The other states in which a room can be. */
export const ROOMS = {
  alone: () => state({ members: [me], room: { ...room, joins: 1, seatsTaken: 1 } }),
  alone_and_writing: () => state({
    members: [me], room: { ...room, joins: 1, seatsTaken: 1 }, sent: [sent("s1", "stored", "Ring twice when you are here.")],
  }),
  alone_again: () => state({ members: [me], room: { ...room, joins: 2, seatsTaken: 1 } }),
  alone_of_many: () => state({ members: [me], room: { ...room, policy: 2, seats: 4, joins: 1, seatsTaken: 1 } }),
  many_fates: () => state({
    sent: Array.from({ length: 12 }, (_, index) => sent(`s${index}`, "viewed", null, { reader: index % 2 === 0 ? "ada" : null })),
  }),
  group: () => state({
    cards: [
      open("a", "The green one.", { view: 0 }), open("b", "Left of the bakery.", { view: 0 }), card("c"),
      card("d", { author: "bo" }),
    ],
    sent: [sent("s1", "stored", "Which door?"), sent("s2", "stored", "And when?"), sent("s3", "stored", "I am near.")],
  }),
  seats_left: () => three({ room: { ...room, policy: 2, seats: 5, joins: 3, seatsTaken: 3 } }),
  seats_left_and_writing: () => three({
    room: { ...room, policy: 2, seats: 5, joins: 3, seatsTaken: 3 }, cards: [card("a")], sent: [sent("s1", "stored", "Who is missing?")],
  }),
  together: () => state({}),
  cards: () => state({ typing: ["ada"], cards: [card("a"), card("b", { size: 2048 })] }),
  conversation: CONVERSATION,
  open_card: () => state({ cards: [open("a", LOREM)] }),
  open_limited: () => state({ cards: [open("a", "For your eyes, and not for long.", { view: 20, viewLimit: 20 })] }),
  open_with_little_left: () => state({ cards: [open("a", "The door is green.", { view: 5 }), card("b")] }),
  open_until_closed: () => state({ cards: [open("a", "Stays until you close it.", { view: 0 })] }),
  long_message: () => state({ cards: [open("a", LONG, { view: 300 })], sent: [sent("s1", "stored", LONG)] }),
  code: () => state({ cards: [open("a", CODE, { view: 0 })], sent: [sent("s1", "stored", "It printed `http://localhost:3000`.")] }),
  links: () => state({ cards: [open("a", LINKS, { view: 0 })] }),
  quotes: () => three({
    cards: [
      open("a", "The green one. Ring twice.", { view: 0, quote: { text: "Which door?", author: "me" } }),
      open("b", "I never said that.", { view: 0, author: "bo", quote: { text: LOREM, author: "somebody" } }),
    ],
    sent: [sent("s1", "stored", "Then I ring three times.", { quote: { text: "The green one. Ring twice.", author: "ada" } })],
  }),
  right_to_left: () => state({
    members: [member("ada", "ليلى", 6), me],
    cards: [open("a", ARABIC, { view: 0 }), open("b", `${ARABIC}\n\nAnd the same in English, with a code: 4711.`, { view: 0 })],
    sent: [sent("s1", "stored", "שלום, אני בדרך.", { quote: { text: ARABIC, author: "ada" } })],
  }),
  emoji: () => state({
    cards: [open("a", "👋🏽", { view: 0 }), open("b", "🏳️‍🌈👨‍👩‍👧‍👦🇩🇪", { view: 0 }), open("c", "Good night 🌙 see you 🚲", { view: 0 })],
    sent: [sent("s1", "stored", "❤️")],
  }),
  gap: () => state({ cards: [card("a", { gapBefore: 2 }), card("c", { repeated: true }), card("b", { state: "shown_gone", gapBefore: 1 })] }),
  unreachable: () => shown({ error: "unreachable" }),
  traces: () => state({
    cards: [
      card("a", { state: "shown_gone" }), card("b", { state: "shown_gone" }), card("c", { state: "gone", fate: "viewed" }),
      card("d", { state: "gone", fate: "expired" }), card("e", { state: "gone", fate: "unconfirmed" }),
      card("f", { state: "gone", fate: "room_destroyed" }), card("g", { state: "gone", fate: "withdrawn" }),
    ],
    sent: ["viewed", "viewed", "expired", "unconfirmed", "withdrawn", "false_receipt", "refused", "room_destroyed"]
      .map((fate, index) => sent(`s${index}`, fate, null)),
  }),
  stacks: () => three({
    cards: [
      ...["a", "b", "c", "d"].map((id) => card(id)), ...["e", "f", "g"].map((id) => card(id, { author: "bo" })),
      ...["h", "i", "j"].map((id, index) => card(id, index === 0 ? {} : { state: "taken", holder: "bo", leaseUntil: inMinutes(2) })),
    ],
  }),
  fates: () => state({
    interrupted: [{ id: "a", author: "ada" }],
    sent: [
      sent("s1", "viewed", null, { reader: "ada" }), sent("s2", "withdrawn", null, { opened: 1 }), sent("s3", "stored", null),
    ],
  }),
  receipts: () => state({ sent: ["sending", "stored", "opened", "acknowledged", "viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed",
    "false_receipt", "refused"].map((name) => sent(name, name, `Message that is ${name}.`)) }),
  author_has_left: () => state({
    members: [me], room: { ...room, joins: 2, seatsTaken: 1 },
    cards: [card("a", { author: "lin", authorName: "Lin", authorColour: 4 }), card("b", { author: "nobody" })],
  }),
  same_name_twice: () => three({
    members: [ada, member("ada2", "Ada", 6), me],
    cards: [card("a"), open("b", "This is my phone.", { author: "ada2", view: 0 })],
  }),
  many_people: () => state({
    room: { ...room, policy: 2, seats: 12, joins: 9, seatsTaken: 9 },
    members: [...NAMES.map((name, index) => member(`m${index}`, name, index % 3, { present: index !== 2 })), me],
    typing: ["m1", "m3"],
    cards: [..."01234567"].map((index) => card(`c${index}`, { author: `m${index}`, audience: ["me"] })),
  }),
  some_entries: () => three(talk(12)),
  many_entries: () => three(talk(100)),
  turned_code: () => state({
    cards: [open("a", "Run `rm -r \u202e\u2066pmt/\u2069\u2066` now, or this:\n```js\n"
      + "if (level !== \"user\u202e \u2066// only for admins\u2069 \u2066\") {\n  grant();\n}\n```", { view: 300 })],
  }),
  hostile: () => state({
    members: [member("ada", "\u202e<b>gnp.exe</b>\u202e", 99), member("zal", `Z${"\u0301".repeat(30)}`, -1),
      member("long", "W".repeat(64), 3), me],
    room: { ...room, seats: 5, joins: 5, seatsTaken: 4 },
    cards: [
      open("a", "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>", { view: 300 }),
      open("b", `\u202eright to left override, then a very long line: ${"x".repeat(60_000)}`, { view: 300, author: "zal" }),
      open("c", `Z${"\u0335\u0321\u0489".repeat(200)}`, { view: 300, author: "long" }),
      card("d", { author: "long", postedAt: Number.NaN, expiresAt: Infinity }), card("f", { author: "nobody" }),
    ],
  }),
};
