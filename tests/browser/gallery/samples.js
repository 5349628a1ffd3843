// What the states of rooms are made of: members, cards and messages as a client gives them.

const NOW = Date.now();
export const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const inMinutes = (count) => NOW + count * MINUTE;

export const room = {
  policy: 1, seats: 2, messageTtl: 86400, roomTtl: 604800, locked: false, joins: 2, seatsTaken: 2,
  createdAt: NOW - HOUR, expiresAt: NOW + 7 * DAY,
};

export const member = (id, name, colour, more = {}) =>
  ({ id, name, colour, present: true, me: false, joinedAt: NOW - HOUR, seenAt: NOW - 20 * MINUTE, ...more });

export const me = member("me", null, null, { me: true });
export const ada = member("ada", "Ada", 6);
export const bo = member("bo", "Bo", 2);

let sequence = 0;

export function card(id, more = {}) {
  sequence += 1;
  return {
    id, author: "ada", authorName: null, authorColour: null, sequence, size: 512,
    postedAt: NOW - 3 * MINUTE, expiresAt: NOW + DAY - 3 * MINUTE, audience: null, state: "closed", fate: null,
    text: null, quote: null, view: null, viewLimit: null, type: null, attachment: null, file: null, gapBefore: 0, repeated: false, error: null, holder: null,
    leaseUntil: null, ...more,
  };
}

export const open = (id, text, more = {}) => card(id, { state: "open", type: "text", text, view: 60, ...more });

const ENDED = new Set(["viewed", "unconfirmed", "expired", "withdrawn"]);

export function sent(id, state, text, more = {}) {
  sequence += 1;
  return {
    id, text, quote: null, file: null, state, error: null, sequence: state === "sending" ? null : sequence,
    postedAt: NOW - 2 * MINUTE, expiresAt: NOW + DAY, first: false, counter: sequence, opened: 0, returns: 0,
    audience: null, of: null, readers: [], proved: state === "viewed", reader: null,
    endedAt: ENDED.has(state) ? NOW - MINUTE : null, ...more,
  };
}

export const base = {
  phase: "live", ended: null, retryAt: null, seatUntil: null, room, lockedBy: null, me: "me", members: [ada, me],
  typing: [], cards: [], interrupted: [], sent: [], owed: 0, clockOffset: 0,
};

const OWED = new Set(["stored", "opened", "acknowledged"]);

export const state = (changes) => {
  const whole = { ...base, ...changes };
  return { ...whole, owed: whole.sent.filter((message) => OWED.has(message.state)).length };
};
/** What a return link shows. */
export const fates = {
  sent: [
    sent("f2", "viewed", null, { counter: 2, postedAt: null, sequence: null, reader: "bo", opened: 1 }),
    sent("f3", "viewed", null, { counter: 3, postedAt: null, sequence: null, reader: "away", opened: 2 }),
    sent("f4", "withdrawn", null, { counter: 4, postedAt: null, opened: 1 }),
    sent("f5", "expired", null, { counter: 5, postedAt: null }),
    sent("f6", "unconfirmed", null, { counter: 6, postedAt: null, opened: 3 }),
    sent("f7", "false_receipt", null, { counter: 7, postedAt: null }),
    sent("f8", "opened", null, { counter: 8, opened: 1 }),
    sent("f9", "stored", null, { counter: 9 }),
  ],
  forgotten: 1,
};

/** Who came back by a return link, as `ReturnClient` is. */
export const returned = (changes = {}, policy = 1) => ({
  calls: [], policy, tombstoneSeconds: 86400,
  state: {
    seated: true, over: false, locked: false, full: false, expiresAt: NOW + 7 * DAY, askedAt: NOW,
    members: [member("bo", "Bo", 2), member("me", "Nadia", 9, { me: true, present: false })], sent: [], forgotten: 0, clockOffset: 0, ...changes,
  },
  async ask() { this.calls.push(["ask"]); },
  async takeBack(id) {
    this.calls.push(["takeBack", id]);
    this.state = { ...this.state, sent: this.state.sent.map((message) =>
      (message.id === id ? { ...message, state: "withdrawn", endedAt: NOW } : message)) };
  },
  async takeSeat() {
    this.calls.push(["takeSeat"]);
    this.state = { ...this.state, ...returned(fates).state };
  },
});

/** A room of more seats, with Bo in it. */
export const three = (changes) => state({
  room: { ...room, policy: 2, seats: 3, joins: 3, seatsTaken: 3 }, members: [ada, bo, me], ...changes,
});

export const LOREM = "The reading room closes at six. Leave the key with the porter, take the stairs and not "
  + "the lift, and don’t wait for me if it rains.\n\nBring the small notebook.";

const shown = (value, more = {}) => ({ value, bytes: null, time: null, sha256: null, ...more });
const column = (name, type, explained, hidden = null) => ({ name, type, explained, hidden });

/** What a server holds, as `RoomClient.record` gives it; the last text is one that no server should send. */
export const RECORD = {
  tables: [
    {
      name: "rooms", explained: "Rooms that live. A destroyed or expired room has no row.", rest: 0, apart: null,
      columns: [
        column("room", "bytea", "HMAC-SHA-256 of the locator under index.key.", "A keyed hash: it can't be turned back without the server's key."),
        column("locked", "boolean", "No new members while true."),
        column("joins", "integer", "How many seats have ever been taken, so that a leaked code is noticed."),
        column("created_at", "bigint", "When the room was made."),
      ],
      rows: [[shown(undefined, { bytes: 32 }), shown(false), shown(2), shown(NOW, { time: "2026-03-01T12:00:00.000Z" })]],
    },
    {
      name: "payloads", explained: "Sealed bytes. Written once, never updated.", rest: 12, apart: null,
      columns: [column("id", "bytea", "16 random bytes drawn by the server."), column("body", "bytea", null)],
      rows: ["Q9rO3kXgEAAgAADhAAAVGA", "tP2a5h1A7cPOjCkZ1m3ZC0"].map((name) =>
        [shown(name, { bytes: 16 }), shown(undefined, { bytes: 605, sha256: "0123456789abcdef" })]),
    },
    {
      name: "deployment", explained: null, rest: 0, rows: [], columns: [column("suite", "smallint", null)],
      apart: "The same for all rooms of this server; it says nothing about yours.",
    },
    { name: `visits${"s".repeat(60)}`, explained: "<b>Bold</b>", rest: 0, apart: null, columns: [column("note", "text", null)], rows: [[shown(null)]] },
  ],
  elsewhere: [
    { place: "memory", name: "sockets", count: 2, explained: "Open connections of members to this process of the server." },
    { place: "memory", name: "limits", count: null, explained: "How often was asked, counted under keyed hashes." },
  ],
};
