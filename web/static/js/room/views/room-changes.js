/** What has happened in a room between two moments, as far as others should be told of it; never a text. */

/**
 * @typedef {object} Moment
 * @property {Map<string, string>} cards  the author of each
 * @property {Map<string, boolean|null>} others  whether each of the other members is present; null: nobody cares
 * @property {Map<string, string>} sent  the state of each message of one's own
 * @property {boolean} locked
 *
 * @typedef {object} Changes
 * @property {Map<string, number>} cards  how many new ones of each author
 * @property {string[]} joined  member ids
 * @property {string[]} left
 * @property {string[]} away
 * @property {string[]} back
 * @property {string[]} sent  ids of messages of one's own that are in another state
 * @property {boolean|null} locked  null: as it was
 */

/**
 * What counts of a state. Of members whom one doesn't want to see, only that they are there.
 * @param {import("../room-state.js").RoomState} state
 * @param {Set<string>} hidden
 * @returns {Moment}
 */
export const momentOf = ({ cards, members, sent, room }, hidden) => ({
  cards: new Map(cards.filter(({ author }) => !hidden.has(author)).map(({ id, author }) => [id, author])),
  others: new Map(members.filter(({ me }) => !me).map(({ id, present }) => [id, hidden.has(id) ? null : present])),
  sent: new Map(sent.map(({ id, state }) => [id, state])),
  locked: room?.locked === true,
});

/**
 * @param {Moment} before
 * @param {Moment} after
 * @returns {Changes}
 */
export function changesBetween(before, after) {
  /** @type {Map<string, number>} */
  const cards = new Map();
  for (const [id, author] of after.cards) {
    if (!before.cards.has(id)) cards.set(author, (cards.get(author) ?? 0) + 1);
  }
  const others = [...after.others];
  /** @param {boolean} then  @param {boolean} now */
  const turned = (then, now) =>
    others.filter(([id, present]) => before.others.get(id) === then && present === now).map(([id]) => id);
  return {
    cards,
    joined: others.filter(([id]) => !before.others.has(id)).map(([id]) => id),
    left: [...before.others.keys()].filter((id) => !after.others.has(id)),
    away: turned(true, false),
    back: turned(false, true),
    sent: [...after.sent].filter(([id, state]) => before.sent.has(id) && before.sent.get(id) !== state).map(([id]) => id),
    locked: before.locked === after.locked ? null : after.locked,
  };
}
