/** What is on its way in each room: it outlives the views, and goes with the client. */

import { Readings } from "../attachment-reading.js";
import { Sending } from "../attachment-sending.js";

/** @typedef {import("../room-client.js").RoomClient} RoomClient */

/** @type {WeakMap<RoomClient, Readings>} */
const readings = new WeakMap();
/** @type {WeakMap<RoomClient, Sending>} */
const sendings = new WeakMap();

/** What is being received. @param {RoomClient} client */
export function readingsOf(client) {
  const known = readings.get(client) ?? new Readings(client);
  readings.set(client, known);
  return known;
}

/** What is being sent. @param {RoomClient} client */
export function sendingOf(client) {
  const known = sendings.get(client) ?? new Sending(client);
  sendings.set(client, known);
  return known;
}
