// What the log shows, and in which order: a pure reading of the state.

/** Fates that end a message of one's own for good. */
const ENDED = new Set([
  "viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed", "false_receipt", "refused",
]);

/** Whether a message of one's own has reached its end. */
export const isEnded = (message) => ENDED.has(message.state);

/** What is left of a card that can't be read any more, or null while it is there. */
export function traceOfCard(card) {
  if (card.state === "shown_gone") return "read";
  if (card.state !== "gone") return null;
  return ["viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed"].includes(card.fate)
    ? card.fate
    : "viewed";
}

/**
 * Keeps the order of messages: by the server's sequence; what has none yet stands at the end in
 * order of sending, and nothing moves back when a sequence is forgotten after destruction.
 */
export class Order {
  #ranks = new Map();
  #arrivals = 0;

  rank(kind, item) {
    const key = `${kind}:${item.id}`;
    let rank = this.#ranks.get(key);
    if (rank === undefined) {
      this.#arrivals += 1;
      rank = { sequence: Infinity, arrival: this.#arrivals };
      this.#ranks.set(key, rank);
    }
    if (Number.isInteger(item.sequence)) rank.sequence = item.sequence;
    return rank;
  }
}

const before = (a, b) =>
  a.rank.sequence === b.rank.sequence
    ? a.rank.arrival - b.rank.arrival
    : a.rank.sequence - b.rank.sequence;

/**
 * The entries of the log: `{kind: "card" | "sent", key, item}` and, for neighbours of which nothing
 * is left to read, one `{kind: "trace", key, what, author, count, gap}`. `faded` holds the ids of
 * messages of one's own whose text has left the page.
 */
export function logEntries(state, order, faded) {
  const all = [
    ...state.cards.map((item) => ({ kind: "card", item, rank: order.rank("card", item) })),
    ...state.sent.map((item) => ({ kind: "sent", item, rank: order.rank("sent", item) })),
  ].sort(before);
  const result = [];
  for (const { kind, item } of all) {
    const what = kind === "card" ? traceOfCard(item) : traceOfSent(item, faded);
    if (what === null) {
      result.push({ kind, key: `${kind}:${item.id}`, item });
      continue;
    }
    const author = kind === "card" ? item.author : null;
    const last = result.at(-1);
    // Missing messages are said where they are missing, so such a trace begins a line of its own.
    const joins = last?.kind === "trace" && last.what === what && last.author === author
      && !(kind === "card" && item.gapBefore > 0);
    if (joins) {
      last.count += 1;
    } else {
      const gap = kind === "card" ? item.gapBefore : 0;
      result.push({ kind: "trace", key: `trace:${item.id}`, what, author, count: 1, gap });
    }
  }
  return result;
}

function traceOfSent(message, faded) {
  if (!isEnded(message)) return null;
  return faded.has(message.id) || message.text === null ? `sent_${message.state}` : null;
}

/** How many cards wait to be opened. */
export const waiting = (state) =>
  state.cards.filter((card) => card.state === "closed" || card.state === "returned").length;

/** Whether the room ends if one leaves it: nobody else is in it, and nobody can enter (7.3). */
export const isLast = ({ room, members }) => Boolean(room?.locked) && members.length === 1;

/** How many messages of one's own the server does not have yet. */
export const unsent = (state) => state.sent.filter((message) => message.state === "sending").length;
