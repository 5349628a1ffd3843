/** What became of a message of one's own, in words. */

import { parts, say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { called } from "./people.js";
import { readersOf, receiptState } from "./receipt-state.js";
import { RECEIPTS } from "./state-tables.js";

/**
 * @typedef {import("../room-state.js").SentView} SentView
 * @typedef {import("./people.js").Person} Person
 * @typedef {Pick<import("./view-context.js").ViewContext, "people"|"live"|"everyone"|"localTime">} ReceiptRoom
 *
 * @typedef {{tone: string, icon: string, text: string, actions?: ("back"|"again"|"remove")[]}} Row
 */

export const RECEIPT_ROWS = /** @type {Record<string, Row>} */ (RECEIPTS);

/**
 * The row of the table, and the sentence in pieces.
 * @param {SentView} message
 * @param {ReceiptRoom} room
 * @param {(person: Person) => string|Node} [name]  how somebody is named in it
 * @returns {{row: string, words: (string|Node)[]}}
 */
export function receiptParts(message, room, name = called) {
  const reader = message.reader === null ? null : room.people.met(message.reader);
  const time = moment(room.localTime(message.endedAt));
  const row = receiptState(message, {
    live: room.live(), everyone: room.everyone(), named: reader !== null, timed: time !== "",
  });
  const until = moment(room.localTime(message.expiresAt));
  if (row === "stored" && until === "") return { row, words: [say("sent.stored")] };
  const read = readersOf(message).size;
  const values = {
    until, time, read, of: message.of, name: reader === null ? null : name(reader),
    reason: row === "refused" || row === "waits_because" ? say(`refusal.${message.error}`) : "",
    // A sentence chooses its form by this.
    count: row === "withdrawn_opened" ? message.opened : Math.max(read, 1),
  };
  return { row, words: parts(RECEIPT_ROWS[row].text, values) };
}

/** The receipt as one string. @param {SentView} message  @param {ReceiptRoom} room */
export const receipt = (message, room) => receiptParts(message, room).words.join("");
