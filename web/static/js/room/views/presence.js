/** Whether somebody is there, in words: for the head of the room and for the list of its people. */

import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";

/**
 * @typedef {object} Sight  with what eyes one looks at the others
 * @property {boolean} known  false while one is not connected oneself: then nobody's presence is
 * @property {Set<string>} hidden  members whose messages one doesn't want to see
 * @property {(serverTime: number) => number} localTime
 */

/** @param {import("./people.js").Person} person  @param {Sight} sight */
export function presence(person, { known, hidden, localTime }) {
  if (person.me) return person.label === say("people.you") ? "" : say("people.you");
  if (person.id !== null && hidden.has(person.id)) return say("people.hidden");
  if (!person.here) return say("people.has_left");
  if (!known) return say("room.unknown");
  if (person.present) return say("room.here");
  const since = moment(localTime(person.seenAt));
  return since === "" ? say("room.away") : say("room.away_since", { since });
}
