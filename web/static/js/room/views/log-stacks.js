/** Stacks: closed cards of one author in a row, and what one member floods, as one entry of the log. */

/**
 * @typedef {import("../room-state.js").CardView} CardView
 * @typedef {{kind: "card", key: string, item: CardView}} CardEntry
 *
 * @typedef {object} StackEntry
 * @property {"stack"} kind
 * @property {string} key
 * @property {string} author
 * @property {string[]} ids  of all its cards, oldest first
 * @property {string|null} next  id of the oldest that can be opened
 * @property {number} size  of that one, in bytes
 * @property {number} count  of those that can be opened
 * @property {number} taken  how many of the others are being read
 * @property {string|null} holder  by whom, if by one member alone
 * @property {number} postedAt  of the oldest
 * @property {number} latest  when the newest was posted
 */

/** So many in a row are a stack. */
const LEAST = 3;
/**
 * So many of one author are one in a room of several, wherever they stand: between them the others' messages are found.
 */
const FLOOD = 8;
const SINGLE = new Set(["ash", "hidden", "fates"]);

/** @param {{kind: string, item?: any}} entry  @returns {boolean} whether nothing about its card needs a line of its own */
const isPlain = ({ kind, item }) =>
  kind === "card" && (item.state === "closed" || item.state === "taken") && item.error === null
  && !item.repeated && item.gapBefore === 0 && !item.attachment;

/**
 * The entries with stacks in the place of their oldest card. `keys` remembers the stack of each card, so that one
 * that is being opened leaves the rest where it is, down to the last two.
 * @template {{kind: string, key: string, item?: any, author?: string|null}} E
 * @param {E[]} entries
 * @param {Map<string, string>} keys
 * @param {boolean} crowd  whether there are others whose messages are to be found
 * @returns {(E|StackEntry)[]}
 */
export function stacked(entries, keys, crowd) {
  const rows = rowsOf(entries);
  /** @type {Map<string, CardView[]>} */
  const authors = new Map();
  for (const card of rows.flat()) {
    const all = authors.get(card.author);
    if (all === undefined) authors.set(card.author, [card]);
    else all.push(card);
  }
  /** @type {Set<string>} */
  const floods = new Set();
  for (const [author, all] of crowd ? authors : []) {
    const known = all.map(({ id }) => keys.get(id)).find((key) => key?.startsWith("flood:"));
    if (known === undefined && all.length < FLOOD) continue;
    floods.add(author);
    for (const { id } of all) keys.set(id, known ?? `flood:${all[0].id}`);
  }
  /** @type {Set<string>} */
  const used = new Set();
  for (const row of rows) if (!floods.has(row[0].author)) assign(row, keys, used);
  const stacks = gathered(rows.flat(), keys);
  /** @type {(E|StackEntry)[]} */
  const result = [];
  for (const entry of entries) {
    const key = isPlain(entry) ? keys.get(entry.item.id) : undefined;
    const cards = key === undefined ? undefined : stacks.get(key);
    if (key === undefined || cards === undefined) result.push(entry);
    else if (cards[0] === entry.item) result.push(stackOf(key, cards));
  }
  return result;
}

/**
 * The cards of one author in a row, between which nobody else speaks.
 * @param {{kind: string, item?: any, author?: string|null}[]} entries
 */
function rowsOf(entries) {
  /** @type {CardView[][]} */
  const rows = [];
  /** @type {CardView[]} */
  let row = [];
  for (const entry of entries) {
    // Lines that stand for several messages come between no two of them.
    if (SINGLE.has(entry.kind)) continue;
    const author = entry.kind === "card" ? entry.item.author : entry.author ?? null;
    if (row.length > 0 && author !== row[0].author) row = [];
    if (!isPlain(entry)) continue;
    if (row.length === 0) rows.push(row);
    row.push(entry.item);
  }
  return rows;
}

/**
 * Gives the cards of a row the key of the stack that some were in, or of a new one if there are enough. What came
 * between two of a stack, which had no place yet, parts it.
 * @param {CardView[]} row  @param {Map<string, string>} keys  @param {Set<string>} used
 */
function assign(row, keys, used) {
  const known = row.map(({ id }) => keys.get(id)).find((key) => key !== undefined && !used.has(key));
  let key = known ?? `stack:${row[0].id}`;
  if (used.has(key)) key += ":";
  if (known === undefined && row.length < LEAST) for (const { id } of row) keys.delete(id);
  else for (const { id } of row) keys.set(id, key);
  used.add(key);
}

/**
 * The cards by their keys; one alone is no stack, and what waits no longer is forgotten.
 * @param {CardView[]} cards  @param {Map<string, string>} keys
 */
function gathered(cards, keys) {
  /** @type {Map<string, CardView[]>} */
  const stacks = new Map();
  for (const card of cards) {
    const key = keys.get(card.id);
    if (key === undefined) continue;
    const all = stacks.get(key);
    if (all === undefined) stacks.set(key, [card]);
    else all.push(card);
  }
  for (const [key, all] of stacks) if (all.length === 1) stacks.delete(key);
  keys.clear();
  for (const [key, all] of stacks) for (const { id } of all) keys.set(id, key);
  return stacks;
}

/** @param {string} key  @param {CardView[]} cards  @returns {StackEntry} */
function stackOf(key, cards) {
  const closed = cards.filter(({ state }) => state === "closed");
  const holders = new Set(cards.filter(({ state }) => state === "taken").map(({ holder }) => holder));
  return {
    kind: "stack", key, author: cards[0].author, ids: cards.map(({ id }) => id), next: closed[0]?.id ?? null,
    size: closed[0]?.size ?? 0,
    count: closed.length, taken: cards.length - closed.length,
    holder: holders.size === 1 ? [...holders][0] : null,
    postedAt: cards[0].postedAt, latest: cards[cards.length - 1].postedAt,
  };
}
