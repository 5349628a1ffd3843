// Announces to a screen reader what has changed in a room since the last announcement; never a text.

import { announce } from "../../ui/announce.js";
import { say } from "../../ui/i18n.js";
import { called } from "./people.js";
import { receipt } from "./receipt.js";

const ANNOUNCE_DELAY_MS = 150;
/** More cards than this at once are counted instead of named. */
const MOST_NAMED = 3;

/**
 * `context` is what the views of the room are given; `pass(row, values, person)` shows and says a
 * passing notice.
 */
export function roomAnnouncer({ people, context, pass }) {
  let state = null;
  let announced = null;
  let timer = 0;

  function announceChanges() {
    timer = 0;
    const now = {
      cards: new Set(state.cards.map((card) => card.id)),
      here: new Map(people.here().filter((person) => !person.me).map((person) => [person.id, person.present])),
      sent: new Map(state.sent.map((message) => [message.id, message.state])),
      locked: state.room?.locked,
    };
    if (announced !== null && announced.locked !== undefined) {
      announceCards(announced.cards);
      announcePeople(announced.here, now.here);
      announceReceipts(announced.sent);
      if (announced.locked !== now.locked) pass(now.locked ? "locked" : "unlocked");
    }
    announced = now;
  }

  function announceCards(before) {
    const fresh = state.cards.filter((card) => !before.has(card.id));
    if (fresh.length > MOST_NAMED) announce(say("announce.cards", { count: fresh.length }));
    else for (const card of fresh) announce(say("announce.card", { name: called(people.get(card.author)) }));
  }

  function announcePeople(before, now) {
    for (const [id, present] of now) {
      const person = people.get(id);
      if (!before.has(id)) pass("joined", { count: state.room.joins }, person);
      else if (before.get(id) !== present) announce(say(present ? "announce.back" : "announce.away", { name: called(person) }));
    }
    for (const id of before.keys()) {
      if (!now.has(id)) pass("left", {}, people.get(id));
    }
  }

  function announceReceipts(before) {
    for (const message of state.sent) {
      const earlier = before.get(message.id);
      // That it is opened is said a moment later by the end, which is what counts.
      if (earlier === undefined || earlier === message.state || message.state === "opened") continue;
      announce(receipt(message, context));
    }
  }

  return {
    /** Takes the newest state; what is new in it is announced a little later, when names are decrypted. */
    update(newest) {
      state = newest;
      timer ||= setTimeout(announceChanges, ANNOUNCE_DELAY_MS);
    },
    close: () => clearTimeout(timer),
  };
}
