// What may be chosen before entering a room, and what holds where nobody chooses.

/**
 * @typedef {object} Choices
 * @property {string} name
 * @property {boolean} resumable
 * @property {number|null} messageTtl  seconds
 * @property {number|null} roomTtl  seconds
 * @property {number|null} seats
 * @property {1|2|null} policy  null: what suits the number of people
 *
 * @typedef {{messageTtl: [number, number], roomTtl: [number, number], seats: [number, number]}} Limits  least and most
 * @typedef {{messageTtl: number, roomTtl: number, seats: number}} Defaults
 * @typedef {{limits: Readonly<Limits>, defaults: Readonly<Defaults>}} Settings  what a server says of itself
 */

/**
 * The choices with which everybody begins; null is left to the server, or follows from the rest. Only
 * this page's memory keeps them.
 * @returns {Choices}
 */
export const usualChoices = () => ({
  name: "", resumable: true, messageTtl: null, roomTtl: null, seats: null, policy: null,
});

/**
 * Between two a message is for the other one. Among more, one who reads it first would take it from the
 * others.
 * @param {number} seats
 * @returns {1|2}
 */
export const usualPolicy = (seats) => (seats > 2 ? 2 : 1);

/**
 * The policy of a new room: what was chosen, and the server's defaults for the rest.
 * @param {Choices} choices  @param {{defaults: Defaults}} server
 */
export function chosenPolicy({ policy, messageTtl, roomTtl, seats: wanted }, { defaults }) {
  const seats = wanted ?? defaults.seats;
  return {
    policy: policy ?? usualPolicy(seats),
    messageTtl: messageTtl ?? defaults.messageTtl,
    roomTtl: roomTtl ?? defaults.roomTtl,
    seats,
  };
}
