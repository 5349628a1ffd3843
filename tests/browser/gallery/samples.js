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
    text: null, quote: null, view: null, type: null, gapBefore: 0, error: null, holder: null,
    leaseUntil: null, ...more,
  };
}

export const open = (id, text, more = {}) => card(id, { state: "open", type: "text", text, view: 60, ...more });

export function sent(id, state, text, more = {}) {
  sequence += 1;
  return {
    id, text, quote: null, state, error: null, sequence: state === "sending" ? null : sequence,
    postedAt: NOW - 2 * MINUTE, expiresAt: NOW + DAY, counter: sequence, ...more,
  };
}

export const base = {
  phase: "live", ended: null, retryAt: null, room, me: "me", members: [ada, me], typing: [], cards: [],
  sent: [], clockOffset: 0,
};

export const state = (changes) => ({ ...base, ...changes });
/** A room of more seats, with Bo in it. */
export const three = (changes) => state({
  room: { ...room, policy: 2, seats: 3, joins: 3, seatsTaken: 3 }, members: [ada, bo, me], ...changes,
});

export const LOREM = "The reading room closes at six. Leave the key with the porter, take the stairs and not "
  + "the lift, and don’t wait for me if it rains.\n\nBring the small notebook.";
