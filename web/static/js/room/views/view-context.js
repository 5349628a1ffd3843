/**
 * What the views of a room are given of it. Types only; this file has no code.
 *
 * @typedef {import("../room-state.js").CardView} CardView
 * @typedef {import("../room-state.js").SentView} SentView
 *
 * @typedef {object} ViewContext
 * @property {import("../room-client.js").RoomClient} client
 * @property {import("./people.js").People} people
 * @property {import("./room-memory.js").Memory} memory
 * @property {(serverTime: number|null) => number} localTime  a moment by this device's clock; NaN if it is none
 * @property {() => boolean} live  whether the server can be reached
 * @property {() => boolean} everyone  whether messages are for everyone who is there
 * @property {(card: {id: string, attachment: number|null}) => void} open  asks for a card
 * @property {(...ids: string[]) => void} fade  takes the texts of messages of one's own from the page
 * @property {(message: SentView) => void} writeAgain
 * @property {(card: CardView) => void} reply
 * @property {() => void} hold  its reader looks at something that grows
 * @property {() => void} redraw  something in the memory has changed
 *
 * @typedef {object} Share  a code, and how it is handed over
 * @property {string} code
 * @property {() => Promise<string>} link
 * @property {() => {node: HTMLElement}} [panel]
 * @property {() => Promise<string>} [returnLink]  that leads back to one's own seat
 */

export {};
