/**
 * Whoever comes back by a return link (docs/protocol.md, 4.4): it asks what became of the seat's first
 * messages, checks what is called viewed, and takes back what waits. It reads nothing and writes nothing.
 */

import { Refusal } from "../protocol/errors.js";
import { RETURN_MESSAGES, SEATS } from "../protocol/limits.js";
import { FATES, integer, list, object, readMember, readReceipt, readRoom } from "../protocol/objects.js";
import { toBase64url } from "../protocol/encoding.js";

/**
 * @typedef {import("./entry.js").OldSeat} OldSeat
 * @typedef {import("./room-state.js").SentView} SentView
 * @typedef {import("./room-state.js").MemberView} MemberView
 * @typedef {ReturnType<typeof readReceipt>} Receipt
 *
 * @typedef {object} ReturnState
 * @property {boolean} seated  false: somebody else has the seat, or it was given up
 * @property {boolean} over  the room is no more
 * @property {boolean} locked  nobody new can come in
 * @property {boolean} full  every seat is taken
 * @property {number|null} expiresAt  of the room
 * @property {number|null} askedAt  by the server's clock; null: it has not answered yet
 * @property {MemberView[]} members
 * @property {SentView[]} sent  what is known of one's messages, in the order of writing; no texts
 * @property {number} forgotten  how many were written before the last of these of which nothing is known
 * @property {number} clockOffset
 */

const WAITING = Object.freeze(["stored", "opened"]);

/** @type {ReturnState} */
const NOTHING_KNOWN = Object.freeze({
  seated: true, over: false, locked: false, full: false, expiresAt: null, askedAt: null, members: [],
  sent: [], forgotten: 0, clockOffset: 0,
});

export class ReturnClient {
  /** @type {ReturnState} */
  state = NOTHING_KNOWN;
  #seat;
  /** Id and proof of each message that there may be. @type {{id: string, proof: string}[]} */
  #drawn;
  /** What has been learnt; what was proved stays so (8.11). @type {Map<string, SentView>} */
  #known = new Map();

  /** @param {OldSeat} seat  as `RoomClient.back` finds it */
  constructor(seat) {
    this.#seat = seat;
    this.#drawn = Array.from({ length: RETURN_MESSAGES }, (_, at) => {
      const { id, viewing } = seat.crypto.draw(at + 1);
      return { id, proof: toBase64url(viewing) };
    });
  }

  get policy() {
    return this.#seat.rules.policy;
  }

  /** The room's words, for whoever wants to write again; nothing once closed. */
  get code() {
    return this.#seat.code;
  }

  /** So many seconds after its end nobody knows any more what became of a message. */
  get tombstoneSeconds() {
    return this.#seat.tombstoneSeconds;
  }

  /**
   * Asks what became of all messages.
   * @throws {Refusal} the server's, but for `seat_unknown` and `room_unknown`, which the state tells
   */
  async ask() {
    const { api, who } = this.#seat;
    try {
      const answer = object(await api.status(who, this.#drawn.map(({ id }) => id)));
      const room = object(await api.room(who));
      const receipts = list(answer.receipts).map(readReceipt);
      if (receipts.length !== this.#drawn.length) throw new Refusal("malformed");
      const { locked, expiresAt, seatsTaken } = this.#same(readRoom(room));
      const members = await this.#people(list(room.members));
      const now = integer(answer.now);
      for (const [at, receipt] of receipts.entries()) this.#learn(at, receipt);
      const sent = this.#sent();
      this.state = {
        seated: true, over: false, locked, full: seatsTaken >= this.#seat.rules.seats, expiresAt, askedAt: now,
        members, sent, forgotten: (sent.at(-1)?.counter ?? 0) - sent.length, clockOffset: now - Date.now(),
      };
    } catch (error) {
      const { code } = /** @type {Refusal} */ (error);
      if (code === "seat_unknown") this.state = { ...this.state, seated: false };
      else if (code === "room_unknown") this.#roomEnded();
      else throw error;
    }
  }

  /**
   * Takes a message back, and asks what is known then.
   * @param {string} id
   * @throws {Refusal} `message_leased`: somebody reads it; `message_gone`; the server's
   */
  async takeBack(id) {
    const { api, who } = this.#seat;
    try {
      await api.withdraw(who, id);
    } finally {
      await this.ask();
    }
  }

  /**
   * Takes the seat again: it counts as any join, and the others see it.
   * @throws {Refusal} `room_full`, `room_locked`, the server's
   */
  async takeSeat() {
    const { api, who } = this.#seat;
    await api.join(who, {});
    await this.ask();
  }

  /**
   * Gives the seat up, if there is no other for whoever wants to join anew. Under "everyone" what others
   * have written for this seat may end with it.
   */
  async makeWay() {
    const { api, who } = this.#seat;
    const { seated, locked, full } = this.state;
    if (seated && full && !locked) await api.leave(who).catch(() => undefined);
  }

  /** Forgets everything. */
  close() {
    this.#seat.crypto.forget();
    this.#seat = { ...this.#seat, who: { locator: "" }, code: "" };
    this.#drawn = [];
    this.#known.clear();
    this.state = NOTHING_KNOWN;
  }

  #sent() {
    return [...this.#known.values()].sort((one, other) => one.counter - other.counter);
  }

  /** Whatever still waited in it is destroyed. */
  #roomEnded() {
    for (const [id, message] of this.#known) {
      if (WAITING.includes(message.state)) this.#known.set(id, { ...message, state: "room_destroyed" });
    }
    this.state = { ...this.state, over: true, sent: this.#sent() };
  }

  /** Whoever is shown other rules than before believes nothing any more (5.4). @param {ReturnType<typeof readRoom>} room */
  #same(room) {
    const { charter, mac } = this.#seat.shown;
    if (room.charter !== charter || room.mac !== mac) throw new Refusal("charter_mac");
    return room;
  }

  /** @param {unknown[]} values  @returns {Promise<MemberView[]>} */
  async #people(values) {
    if (values.length > SEATS[1]) throw new Refusal("malformed");
    const { crypto, me } = this.#seat;
    return Promise.all(values.map(readMember).map(async ({ id, profile: sealed, ...rest }) => {
      const profile = sealed === null ? null : await crypto.profile(id, sealed);
      return { ...rest, id, me: id === me, name: profile?.name ?? null, colour: profile?.colour ?? null };
    }));
  }

  /** @param {number} at  @param {Receipt} receipt */
  #learn(at, receipt) {
    const { id, proof } = this.#drawn[at];
    if (receipt.id !== id) throw new Refusal("malformed");
    const before = this.#known.get(id);
    const isFinal = before !== undefined && FATES.includes(before.state);
    // A later answer may know less: the server forgets. It may bring a proof, and can't take one back.
    if (receipt.state === "unknown" || (isFinal && (before.proved || receipt.viewing !== proof))) return;
    this.#known.set(id, factsOf(receipt, at + 1, { proof, everyone: this.policy === 2 }));
  }
}

/**
 * @param {Receipt} receipt
 * @param {number} counter
 * @param {{proof: string, everyone: boolean}} room  what it must show if somebody has viewed the message; the rule
 * @returns {SentView}
 */
function factsOf(receipt, counter, { proof, everyone }) {
  const { id, state, viewing, sequence, postedAt, expiresAt, audience, reader, endedAt } = receipt;
  const proved = viewing === proof;
  return {
    id, counter, text: null, quote: null, file: null, error: null, sequence, postedAt, expiresAt, audience, endedAt,
    state: state === "viewed" && !proved ? "false_receipt" : /** @type {SentView["state"]} */ (state),
    opened: receipt.opened ?? 0, returns: receipt.returns ?? 0, of: null,
    // For whom it was, nobody tells of one that has ended.
    first: audience === null && !(everyone && FATES.includes(state)),
    readers: [], proved, reader: proved ? reader : null,
  };
}
