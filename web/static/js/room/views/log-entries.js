/** What the log shows, and in which order: a reading of the state, which keeps in `memory` what it has shown. */

import { readersAreKnown, readersOf } from "./receipt-state.js";

/**
 * @typedef {import("../room-state.js").RoomState} RoomState
 * @typedef {import("../room-state.js").CardView} CardView
 * @typedef {import("../room-state.js").SentView} SentView
 *
 * Neighbours of one author within some minutes stand closer to each other.
 * @typedef {"first"|"inner"|"last"|"only"} Group
 *
 * @typedef {{kind: "card", key: string, item: CardView, group?: Group}} CardEntry
 * @typedef {{kind: "sent", key: string, item: SentView, group?: Group}} SentEntry
 * @typedef {import("./log-stacks.js").StackEntry & {group?: Group}} StackEntry
 *
 * Neighbours that were lost in the same way; `author` is null for one's own.
 * @typedef {{kind: "trace", key: string, what: string, author: string|null, count: number, gap: number}} TraceEntry
 *
 * All that is gone as it should be, in the place of the last of it; `elsewhere` counts what others have read.
 * @typedef {{kind: "ash", key: string, count: number, elsewhere: number, until: number}} AshEntry
 *
 * What became of messages of one's own whose texts a reload took.
 * @typedef {{kind: "fates", key: string, items: SentView[]}} FatesEntry
 *
 * What somebody has written whom one doesn't want to see.
 * @typedef {{kind: "hidden", key: string, author: string, ids: string[]}} HiddenEntry
 *
 * Cards that were open when the page was reloaded.
 * @typedef {{kind: "interrupted", key: string, items: {id: string, author: string}[]}} InterruptedEntry
 *
 * @typedef {CardEntry|SentEntry|StackEntry|TraceEntry|AshEntry|FatesEntry|HiddenEntry|InterruptedEntry} Entry
 */

const GROUP_MS = 5 * 60_000;

/** Fates that end a message of one's own for good. */
const ENDED = new Set([
  "viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed", "false_receipt", "refused",
]);

/** What a message becomes that ends as its author wanted. */
const MEANT = new Set(["viewed", "withdrawn"]);

/** @param {{state: string}} message  whether a message of one's own has reached its end */
export const isEnded = (message) => ENDED.has(message.state);

/**
 * What is left of a card that can't be read any more, or null while it is there. That is "gone" if somebody has read
 * it, or nobody knows what became of it.
 * @param {CardView} card
 */
export function traceOfCard(card) {
  if (card.state === "shown_gone") return "gone";
  if (card.state !== "gone") return null;
  const { fate } = card;
  return fate !== null && ["unconfirmed", "expired", "withdrawn", "room_destroyed"].includes(fate) ? fate : "gone";
}

/** Whether there is more of a message of one's own than what became of it. @param {SentView} message */
export const hasContent = ({ text, file }) => (text ?? file ?? null) !== null;

/**
 * The same of a message of one's own. "told": only what became of it is left, since a reload took the text.
 * @param {SentView} message  @param {Set<string>} faded
 */
function traceOfSent(message, faded) {
  if (!isEnded(message)) return null;
  const left = faded.has(message.id);
  if (!left && hasContent(message)) return null;
  if (MEANT.has(message.state)) return left ? "gone" : "told";
  const read = readersOf(message).size > 0 || (Number.isInteger(message.of) && !readersAreKnown(message));
  if (message.state === "expired" && read) return "sent_expired_partly";
  return `sent_${message.state}`;
}

/**
 * Whether a message is gone as it should be.
 * @param {"card"|"sent"} kind  @param {any} item  @param {{faded: Set<string>}} memory
 */
export const isAsh = (kind, item, { faded }) =>
  (kind === "card" ? traceOfCard(item) : traceOfSent(item, faded)) === "gone";

/**
 * Keeps the order of messages: by the server's sequence; what has none yet stands at the end in
 * order of sending, and nothing moves back when a sequence is forgotten after destruction.
 */
export class Order {
  /** @type {Map<string, {sequence: number, arrival: number}>} */
  #ranks = new Map();
  #arrivals = 0;

  /** @param {string} key  @param {{sequence: number|null}} item */
  rank(key, item) {
    let rank = this.#ranks.get(key);
    if (rank === undefined) {
      this.#arrivals += 1;
      rank = { sequence: Infinity, arrival: this.#arrivals };
      this.#ranks.set(key, rank);
    }
    if (Number.isInteger(item.sequence)) rank.sequence = /** @type {number} */ (item.sequence);
    return rank;
  }
}

/** @typedef {ReturnType<Order["rank"]>} Rank */
/** @param {{rank: Rank}} a  @param {{rank: Rank}} b */
const before = (a, b) =>
  a.rank.sequence === b.rank.sequence
    ? a.rank.arrival - b.rank.arrival
    : a.rank.sequence - b.rank.sequence;

/**
 * @param {RoomState} state  @param {Order} order
 * @returns {({rank: Rank} & (CardEntry|SentEntry))[]}
 */
const inOrder = ({ cards, sent }, order) => [
  ...cards.map((item) => {
    const key = `card:${item.id}`;
    return { kind: /** @type {const} */ ("card"), key, item, rank: order.rank(key, item) };
  }),
  ...sent.map((item) => {
    const key = `sent:${item.id}`;
    return { kind: /** @type {const} */ ("sent"), key, item, rank: order.rank(key, item) };
  }),
].sort(before);

/**
 * Whether nothing is shown of a card: of what its author has written one sees no more than its number. What was
 * opened already stays until it is read.
 * @param {CardView} card  @param {Memory} memory
 */
const isHidden = (card, { hidden, revealed }) =>
  hidden.has(card.author) && !revealed.has(card.id) && card.state !== "open" && card.state !== "opening";

/**
 * @typedef {Pick<import("./room-memory.js").Memory, "order"|"faded"|"hidden"|"revealed"|"stacks"|"ash">} Memory
 */

/**
 * The entries of the log, from the oldest. `stacked` makes stacks (log-stacks.js), where it is here already.
 * @param {RoomState} state  @param {Memory} memory  @param {number} now  by this device's clock
 * @param {typeof import("./log-stacks.js").stacked} [stacked]
 * @returns {Entry[]}
 */
export function logEntries(state, memory, now, stacked) {
  /** @type {Entry[]} */
  const found = [];
  /** @type {AshEntry} */
  const ash = { kind: "ash", key: "ash", count: 0, elsewhere: 0, until: 0 };
  /** @type {FatesEntry} */
  const fates = { kind: "fates", key: "fates", items: [] };
  /** @type {Map<string, HiddenEntry>} */
  const unseen = new Map();
  let trace = /** @type {TraceEntry|null} */ (null);
  for (const { kind, key, item } of inOrder(state, memory.order)) {
    if (kind === "card" && isHidden(item, memory)) {
      if (traceOfCard(item) === null) found.push(hide(unseen, item));
      continue;
    }
    const what = kind === "card" ? traceOfCard(item) : traceOfSent(item, memory.faded);
    if (what === null) {
      found.push(/** @type {CardEntry|SentEntry} */ ({ kind, key, item }));
      trace = null;
    } else if (what === "gone") {
      if (!memory.ash.holds(key, now)) continue;
      ash.count += 1;
      if (kind === "card" && item.state === "gone" && item.fate === "viewed") ash.elsewhere += 1;
      found.push(ash);
    } else if (kind === "sent" && what === "told") {
      fates.items.push(item);
      found.push(fates);
    } else {
      const author = kind === "card" ? item.author : null;
      const gap = kind === "card" && Number.isInteger(item.gapBefore) ? item.gapBefore : 0;
      // Missing messages are said where they are missing, so such a trace begins a line of its own.
      if (trace?.what === what && trace.author === author && gap === 0) trace.count += 1;
      else {
        trace = { kind: "trace", key: `trace:${item.id}`, what, author, count: 1, gap };
        found.push(trace);
      }
    }
  }
  ash.until = memory.ash.until;
  const single = onlyLast(found);
  /** @type {Entry[]} */
  const entries = stacked?.(single, memory.stacks, state.room?.seats !== 2) ?? single;
  group(entries);
  if (state.interrupted?.length > 0) {
    entries.unshift({ kind: "interrupted", key: "interrupted", items: state.interrupted });
  }
  return entries;
}

/** @param {Map<string, HiddenEntry>} unseen  @param {CardView} card */
function hide(unseen, { id, author }) {
  const entry = unseen.get(author) ?? { kind: "hidden", key: `hidden:${author}`, author, ids: [] };
  unseen.set(author, entry);
  entry.ids.push(id);
  return entry;
}

/** Whether there may be a stack among them: three closed cards. @param {Entry[]} entries */
export const mayStack = (entries) =>
  entries.filter((entry) => entry.kind === "card" && entry.item.state === "closed").length > 2;

/** Each entry once, in the last of its places. @param {Entry[]} entries */
const onlyLast = (entries) => [...new Set(entries.reverse())].reverse();

/** @param {Entry} entry  who speaks in it, and from when to when */
function speech(entry) {
  if (entry.kind === "stack") return { author: entry.author, from: entry.postedAt, to: entry.latest };
  if (entry.kind !== "card" && entry.kind !== "sent") return null;
  const { postedAt } = entry.item;
  return { author: entry.kind === "card" ? entry.item.author : null, from: postedAt, to: postedAt };
}

/** @param {Entry|undefined} one  @param {Entry|undefined} other */
function belong(one, other) {
  const [a, b] = [one && speech(one), other && speech(other)];
  if (!a || !b || a.author !== b.author) return false;
  // What is on its way is as new as can be.
  if (a.to === null || b.from === null) return true;
  // A server may name moments that are none.
  return Number.isFinite(a.to) && Number.isFinite(b.from) && b.from - a.to <= GROUP_MS;
}

/** @param {Entry[]} entries */
function group(entries) {
  for (const [at, entry] of entries.entries()) {
    if (entry.kind !== "card" && entry.kind !== "sent" && entry.kind !== "stack") continue;
    const after = belong(entries[at - 1], entry);
    const on = belong(entry, entries[at + 1]);
    entry.group = after ? (on ? "inner" : "last") : on ? "first" : "only";
  }
}

/**
 * How many cards wait to be opened, but for those of members whom one doesn't want to see.
 * @param {RoomState} state  @param {Set<string>} [hidden]
 */
export const waiting = (state, hidden) =>
  state.cards.filter(({ state: now, author }) => (now === "closed" || now === "returned") && !hidden?.has(author)).length;

/**
 * Whether the room ends if one leaves it: nobody else is in it, and nobody can enter (7.3).
 * @param {RoomState} state
 */
export const isLast = ({ room, members }) => Boolean(room?.locked) && members.length === 1;

/** How many messages of one's own the server does not have yet. @param {RoomState} state */
export const unsent = (state) => state.sent.filter((message) => message.state === "sending").length;
