/** From what a member knows of its room to what its page sees: one plain object (room-state.js). */

/**
 * @typedef {import("./room-state.js").RoomState} RoomState
 *
 * @param {import("../protocol/room.js").Room} room
 * @param {Pick<RoomState, "phase"|"ended"|"retryAt"|"trouble"|"slow"|"noStorage"|"seatUntil">
 *   & {rules: import("../protocol/charter.js").Charter}} connection
 * @returns {RoomState}
 */
export function snapshot({ me, cards, outbox, roster, lockedBy, clockOffset }, connection) {
  const { rules, ...rest } = connection;
  const { policy, seats, messageTtl, roomTtl } = rules;
  const { room } = roster;
  const members = roster.views();
  return {
    ...rest,
    room: room && {
      policy,
      seats,
      messageTtl,
      roomTtl,
      locked: room.locked,
      joins: room.joins,
      seatsTaken: members.length,
      createdAt: room.createdAt,
      expiresAt: room.expiresAt,
    },
    lockedBy,
    me,
    members,
    typing: roster.typing(),
    cards: cards.views().map((card) => {
      const { name, colour } = roster.profile(card.author);
      return { ...card, authorName: name, authorColour: colour };
    }),
    interrupted: cards.interrupted.views(),
    sent: outbox.views(),
    owed: outbox.owed,
    clockOffset,
  };
}
