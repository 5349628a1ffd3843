// Words of one's own that nobody has when a room is over: they are offered where the end is told, and
// come along when one comes back.

import { isBlank } from "../../ui/graphemes.js";
import { memoryOf } from "./room-memory.js";
import { usualWriting } from "./writing-options.js";

/**
 * @typedef {object} Words
 * @property {"draft"|"unsent"|"doubtful"} kind  being written; never sent; on its way without an answer
 * @property {string} text
 * @property {import("../room-state.js").Quote|null} quote
 * @property {{view: number, limit: number|null}} options  how they were to be sent
 * @property {boolean} send  whether to send them after coming back; a draft is put where one writes
 * @property {boolean} copied
 *
 * @typedef {import("../room-client.js").RoomClient} RoomClient
 */

/** Whoever ends it so wants to see nothing of it. */
const OWN_END = ["left", "destroyed_by_you", "destroy_unconfirmed"];

/**
 * What is left of a client's room that is over. To be asked before the room is forgotten.
 * @param {RoomClient} client
 * @returns {Words[]}
 */
export function wordsLeft(client) {
  const { ended } = client.state;
  if (ended === null || OWN_END.includes(ended.reason)) return [];
  const { draft, writing, options } = memoryOf(client);
  const now = { view: writing.view, limit: writing.limit };
  /** @type {Words[]} */
  const found = ended.unsent.map(({ id, text, quote, doubtful }) => ({
    kind: doubtful ? "doubtful" : "unsent", text, quote, options: options.get(id) ?? now, send: !doubtful, copied: false,
  }));
  if (!isBlank(draft.text)) {
    found.push({ kind: "draft", text: draft.text, quote: draft.quote, options: now, send: false, copied: false });
  }
  return found;
}

/** Whether some would be lost with the page. @param {Words[]} words */
export const wouldBeLost = (words) => words.some(({ copied }) => !copied);

/**
 * Sends what was to be sent after coming back, and puts a draft where one writes. What can't be sent is
 * put there too.
 * @param {RoomClient} client
 * @param {Words[]} words
 */
export function bringAlong(client, words) {
  const memory = memoryOf(client);
  for (const { kind, text, quote, options, send } of words) {
    if (kind !== "draft" && !send) continue;
    if (kind === "draft" || !sent(client, memory, { text, quote, options })) {
      memory.draft.text += memory.draft.text === "" ? text : `\n${text}`;
      memory.draft.quote ??= quote;
      Object.assign(memory.writing, { ...usualWriting(), ...options });
    }
  }
}

/**
 * @param {RoomClient} client
 * @param {ReturnType<typeof memoryOf>} memory
 * @param {Pick<Words, "text"|"quote"|"options">} words
 */
function sent(client, memory, { text, quote, options }) {
  try {
    const id = client.send(text, { ...options, quote });
    memory.views.set(id, options.view);
    memory.options.set(id, options);
    return true;
  } catch {
    return false;
  }
}
