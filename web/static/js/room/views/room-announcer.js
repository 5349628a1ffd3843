/**
 * Tells what has changed in a room: shows for a while who came and went, and says to a screen reader what
 * else there is; never a text. What is shown is shown at once. What many can cause is said less often the
 * more of it there is (ui/pace.js), and then in numbers.
 */

import { announce } from "../../ui/announce.js";
import { say } from "../../ui/i18n.js";
import { Pace } from "../../ui/pace.js";
import { waiting } from "./log-entries.js";
import { PASSING } from "./passing-table.js";
import { called, calledAll } from "./people.js";
import { changesBetween, momentOf } from "./room-changes.js";
import { receipt } from "./receipt.js";

/** Names are decrypted a moment after their owners are known. */
const SOON_MS = 150;
/** More receipts than this at once are counted. */
const MOST_RECEIPTS = 3;

/**
 * @typedef {import("./people.js").Person} Person
 * @typedef {keyof typeof PASSING} Row
 * @typedef {{row: Row, values: Record<string, string|number>, person?: Person}} Notice
 */

/**
 * `context` is what the views of the room are given; `pass(row, values, person, look)` shows a passing notice.
 * @param {{people: import("./people.js").People, memory: {hidden: Set<string>, greeted: boolean}, context: import("./receipt.js").ReceiptRoom,
 *   pass: import("./notices.js").Pass}} options
 */
export function roomAnnouncer({ people, memory, context, pass: show }) {
  /** @type {import("../room-state.js").RoomState|null} */
  let state = null;
  const pace = new Pace();
  const own = lane(() => SOON_MS, (changes, now) => {
    for (const notice of comings(changes, now)) pass(notice);
    if (changes.locked !== null) {
      const notice = locking(changes.locked, now);
      pass(notice);
      announce(sentence(notice));
    }
    receipts(changes.sent, now);
  });
  const others = lane(() => pace.wait(Date.now()), (changes, now) => {
    const said = [...comings(changes, now).map(sentence), ...goings(changes), ...arrivals(changes)];
    if (said.length > 0) pace.tell(Date.now());
    for (const one of said) announce(one);
  });

  /** @param {Notice} notice */
  const pass = ({ row, values, person }) => show(row, values, person, PASSING[row]);

  /**
   * Compares every now and then with the time before.
   * @param {() => number} wait  milliseconds
   * @param {(changes: import("./room-changes.js").Changes, now: import("../room-state.js").RoomState) => void} tell
   */
  function lane(wait, tell) {
    /** @type {import("./room-changes.js").Moment|null} */
    let before = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let timer;

    function look() {
      timer = undefined;
      if (state === null || state.room === null) return;
      const after = momentOf(state, memory.hidden);
      if (before !== null) tell(changesBetween(before, after), state);
      else greet(state);
      before = after;
    }

    return {
      update() { timer ??= setTimeout(look, wait()); },
      close: () => clearTimeout(timer),
    };
  }

  /** Whoever comes in is told once who is there. @param {import("../room-state.js").RoomState} now */
  function greet(now) {
    if (memory.greeted) return;
    memory.greeted = true;
    const inside = people.here().filter((person) => !person.me);
    const [here, away] = [true, false].map((present) => inside.filter((person) => person.present === present));
    if (inside.length > 0) {
      /** @type {Row} */
      const row = away.length === 0 ? "inside" : here.length === 0 ? "inside_away" : "inside_some";
      const notice = { row, values: { names: calledAll(here), away: calledAll(away) } };
      pass(notice);
      announce(sentence(notice));
    } else if (now.room !== null && now.room.joins > 1) {
      announce(say("room.alone"));
    }
    const waits = waiting(now, memory.hidden);
    if (waits > 0) announce(say("announce.cards", { count: waits }));
  }

  /**
   * @param {import("./room-changes.js").Changes} changes
   * @param {import("../room-state.js").RoomState} now
   * @returns {Notice[]}
   */
  function comings({ joined, left }, { room }) {
    const places = { taken: room?.seatsTaken ?? 0, seats: room?.seats ?? 0 };
    // Somebody else may have taken the place meanwhile.
    const full = places.taken >= places.seats;
    return [
      ...comingOf(["joined", "joined_many"], joined, places),
      ...comingOf(full ? ["left_full", "left_many_full"] : ["left", "left_many"], left, {}),
    ];
  }

  /** @param {[Row, Row]} rows  for one, and for several  @param {string[]} ids  @param {Record<string, number>} values  @returns {Notice[]} */
  function comingOf([row, many], ids, values) {
    const found = ids.map((id) => people.get(id));
    if (found.length === 0) return [];
    return found.length === 1
      ? [{ row, values, person: found[0] }]
      : [{ row: many, values: { ...values, names: calledAll(found) } }];
  }

  /** @param {boolean} locked  @param {import("../room-state.js").RoomState} now  @returns {Notice} */
  function locking(locked, { lockedBy, me }) {
    if (lockedBy === null) return { row: locked ? "locked" : "unlocked", values: {} };
    if (lockedBy === me) return { row: locked ? "locked_by_you" : "unlocked_by_you", values: {} };
    return { row: locked ? "locked_by" : "unlocked_by", values: {}, person: people.get(lockedBy) };
  }

  /** @param {import("./room-changes.js").Changes} changes */
  function goings({ away, back }) {
    const [gone, returned] = [away, back].map((ids) => calledAll(ids.map((id) => people.get(id))));
    return [
      ...(away.length > 0 ? [say("announce.away", { name: gone, count: away.length })] : []),
      ...(back.length > 0 ? [say("announce.back", { name: returned, count: back.length })] : []),
    ];
  }

  /** @param {import("./room-changes.js").Changes} changes */
  function arrivals({ cards }) {
    const [[author, count] = ["", 0], ...more] = cards;
    if (count === 0) return [];
    if (more.length === 0) return [say("announce.cards_of", { name: called(people.get(author)), count })];
    return [say("announce.cards", { count: more.reduce((sum, [, one]) => sum + one, count) })];
  }

  /** @param {string[]} ids  @param {import("../room-state.js").RoomState} now */
  function receipts(ids, { sent }) {
    // That it is opened is said a moment later by the end, which is what counts.
    const changed = sent.filter((message) => ids.includes(message.id) && message.state !== "opened");
    if (changed.length > MOST_RECEIPTS) announce(say("announce.receipts", { count: changed.length }));
    else for (const message of changed) announce(receipt(message, context));
  }

  return {
    /** Takes the newest state. @param {import("../room-state.js").RoomState} newest */
    update(newest) {
      state = newest;
      own.update();
      others.update();
    },
    close() {
      own.close();
      others.close();
    },
  };
}

/** What is said of a notice. @param {Notice} notice */
const sentence = ({ row, values, person }) =>
  say(PASSING[row].text, { ...values, ...(person && { name: called(person) }) });
