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
  && !item.repeated && !(item.gapBefore > 0);

/**
 * The entries with stacks in the place of their oldest card. `keys` remembers the stack of each card, so that one
 * that is being opened leaves the rest where it is, down to the last two.
 * @template {{kind: string, key: string, item?: any}} E
 * @param {E[]} entries
 * @param {Map<string, string>} keys
 * @param {boolean} crowd  whether there are others whose messages are to be found
 * @returns {(E|StackEntry)[]}
 */
export function stacked(entries, keys, crowd) {
  /** @type {Map<string, CardView[]>} */
  const authors = new Map();
  /** @type {CardView[]} */
  let row = [];
  for (const entry of [...entries, null]) {
    // Lines that stand for several messages come between no two of them.
    if (entry !== null && SINGLE.has(entry.kind)) continue;
    const card = entry !== null && isPlain(entry) ? entry.item : null;
    if (row.length > 0 && card?.author !== row[0].author) {
      assign(row, keys, LEAST);
      row = [];
    }
    if (card === null) continue;
    row.push(card);
    const all = authors.get(card.author);
    if (all === undefined) authors.set(card.author, [card]);
    else all.push(card);
  }
  if (crowd) for (const all of authors.values()) if (all.length >= FLOOD) assign(all, keys, FLOOD, true);
  const stacks = gathered([...authors.values()].flat(), keys);
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
 * Gives cards the key of the first stack among them, or of a new one if there are enough.
 * @param {CardView[]} cards  @param {Map<string, string>} keys  @param {number} least
 * @param {boolean} [all]  also those that are in a stack already
 */
function assign(cards, keys, least, all = false) {
  const known = cards.map(({ id }) => keys.get(id)).find((key) => key !== undefined);
  if (known === undefined && cards.length < least) return;
  const key = known ?? `stack:${cards[0].id}`;
  for (const { id } of cards) if (all || !keys.has(id)) keys.set(id, key);
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
