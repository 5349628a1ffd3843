/**
 * What the view of a room knows that its client doesn't. It outlives the view, which is drawn anew in another language,
 * and goes with the client; nothing of it is ever written anywhere.
 */

import { Ash } from "./ash.js";
import { Order } from "./log-entries.js";
import { People } from "./people.js";
import { usualWriting } from "./writing-options.js";

/** @typedef {ReturnType<typeof fresh>} Memory */

/** @type {WeakMap<object, Memory>} */
const memories = new WeakMap();

const fresh = () => ({
  order: new Order(),
  /** Ids of messages of one's own whose text has left the page. @type {Set<string>} */
  faded: new Set(),
  /** Who is called what, also those who have left. */
  people: new People(),
  /** Whether one has been told who was there when one came in. */
  greeted: false,
  /** Members whose messages one doesn't want to see. @type {Set<string>} */
  hidden: new Set(),
  /** Cards of theirs that one wanted to see all the same. @type {Set<string>} */
  revealed: new Set(),
  /** Which stack each card is in that is in one. @type {Map<string, string>} */
  stacks: new Map(),
  /** What is gone as it should be, while a line tells of it. */
  ash: new Ash(),
  /** Seconds for which each message of one's own may be read. @type {Map<string, number>} */
  views: new Map(),
  /** How each of these was sent: what `RoomClient.send` was told. @type {Map<string, {view: number, limit: number|null}>} */
  options: new Map(),
  /**
   * The clock of each card and message that is to go.
   * @type {Map<string, import("../../ui/reading-time.js").ReadingClock>}
   */
  ends: new Map(),
  /** What is being written, and what it answers. @type {import("./composer.js").Draft} */
  draft: { text: "", quote: null },
  /** How it is to be sent. */
  writing: usualWriting(),
  typingEnabled: true,
  /** Whether closing the page was a question since something waits unread. */
  askedToStay: false,
  /** How one wants to be told of what comes. @type {import("./telling.js").Wishes} */
  telling: { sound: false, title: false, note: false, stop: null },
  /** Joins that somebody here has called expected. */
  expectedJoins: 0,
});

/** The memory of the room that `client` is in. @param {object} client */
export function memoryOf(client) {
  const memory = memories.get(client) ?? fresh();
  memories.set(client, memory);
  return memory;
}

/** Forgets everything about the room that `client` was in. @param {object} client */
export function forgetRoom(client) {
  const memory = memories.get(client);
  if (memory === undefined) return;
  memory.telling.stop?.();
  Object.assign(memory, fresh());
  memories.delete(client);
}
