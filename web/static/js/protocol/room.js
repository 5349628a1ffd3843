/** What one member knows of its room: complete states and events in, as servers send them (11.4, 11.6). */

import { Cards } from "./cards.js";
import { isBase64url, isInteger, isObject } from "./encoding.js";
import { Refusal } from "./errors.js";
import { ID_BYTES, SEATS, WAITING_MESSAGES } from "./limits.js";
import * as read from "./objects.js";
import { Outbox } from "./outbox.js";
import { Roster } from "./roster.js";
import { Withdrawals } from "./withdrawals.js";

const { readOr } = read;

/** Events of one server's processes can overtake each other: twice as much is no lie yet. */
const SLACK = 2;
/** States of cards that don't wait. */
const READ = ["open", "gone", "shown_gone"];

/** @typedef {import("./session.js").Effect} Effect */

export class Room {
  me;
  #charter;
  #mac;
  #emit;
  cards;
  outbox = new Outbox();
  withdrawals = new Withdrawals();
  roster;
  /** Who locked or unlocked the room last, as far as told. @type {string|null} */
  lockedBy = null;
  /** The server's clock minus this device's, in milliseconds. */
  clockOffset = 0;

  /**
   * @param {{me: string, charter: string, mac: string, roomTtl: number,
   *   emit: (effect: Effect) => void}} options
   */
  constructor({ me, charter, mac, roomTtl, emit }) {
    this.me = me;
    this.#charter = charter;
    this.#mac = mac;
    this.#emit = emit;
    this.cards = new Cards(me);
    this.roster = new Roster(me, roomTtl);
  }

  /** @param {Record<string, unknown>} frame  @param {number} now */
  welcome(frame, now) {
    if (frame.member === this.me) this.complete(frame, now);
    else this.#end("protocol");
  }

  /**
   * Nothing in an event can raise an error: what can't be read becomes a broken card or is ignored.
   * @param {Record<string, unknown>} frame
   * @param {number} now
   */
  event(frame, now) {
    try {
      this.#take(frame, now);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    this.#keepWithinBounds();
  }

  /** Drops everything decrypted. */
  clear() {
    this.cards.clear();
    this.outbox.roomEnded();
    this.withdrawals.clear();
    this.roster.nobodyTypes();
  }

  /**
   * The complete present state replaces what was known.
   * @param {Record<string, unknown>} frame  `welcome`, `backlog`, or the answer to joining; without
   *   `notices`, what is known of messages stays
   * @param {number} now
   */
  complete(frame, now) {
    const room = readOr(read.readRoom, frame.room);
    if (room === null) return this.#end("protocol");
    if (!this.sameRules(room)) return;
    this.clockOffset = (isInteger(frame.now) ? frame.now : room.now) - now;
    const members = Array.isArray(frame.members) ? frame.members : [];
    const notices = Array.isArray(frame.notices) ? frame.notices : null;
    const tooMany = members.length > SEATS[1] || (notices ?? []).length > WAITING_MESSAGES;
    if (tooMany) return this.#end("protocol");
    const seated = members.map((one) => readOr(read.readMember, one)).filter((one) => one !== null);
    if (this.roster.room?.locked !== room.locked) this.lockedBy = null;
    this.#toName(this.roster.replace(room, seated));
    for (const author of this.roster.cameAfterMe()) this.cards.counters.startsNow(author);
    this.#emit({ type: "save" });
    if (notices !== null) {
      const waiting = new Set(notices.map((one) => this.#notice(one)).filter((id) => id !== null));
      this.cards.onlyThese(waiting, now + this.clockOffset);
      this.outbox.onlyThese(waiting);
    }
    this.#keepWithinBounds();
  }

  /**
   * Another charter or mac than the verified ones ends it (5.4).
   * @param {{charter?: unknown, mac?: unknown}} shown  one that is missing is no other
   */
  sameRules({ charter = this.#charter, mac = this.#mac }) {
    const same = charter === this.#charter && mac === this.#mac;
    if (!same) this.#end("policy_changed", true);
    return same;
  }

  // What a member does itself it is told by the answer alone (11.6)

  /** The server has stored a message, or says what became of it. @param {read.Receipt} receipt  @param {number} now */
  posted(receipt, now) {
    this.outbox.receipt(receipt);
    this.roster.used(now + this.clockOffset);
  }

  /**
   * @param {string} id
   * @param {boolean} everyone  whether nobody is left to view it
   * @param {number} now
   */
  acknowledged(id, everyone, now) {
    this.cards.acknowledged(id, everyone);
    this.roster.used(now + this.clockOffset);
    if (everyone) this.outbox.roomAgain();
  }

  /** The answer to what changes the room is the room (section 9). @param {Record<string, unknown>} frame */
  answered(frame) {
    if (this.sameRules(frame) && typeof frame.locked === "boolean") this.#locked(frame.locked, this.me);
  }

  /**
   * The server has done what was asked for.
   * @param {string} kind
   * @param {string} id  of the message that it was about
   * @param {Record<string, unknown>} frame
   * @param {number} now
   */
  done(kind, id, frame, now) {
    if (kind === "open") {
      this.#opened(id, readOr(read.readOpened, { ...frame, id }));
    } else if (kind === "ack") {
      this.acknowledged(id, frame.state === "viewed", now);
      this.#emit({ type: "save" });
    } else if (kind === "release") {
      this.cards.released(id);
    } else if (kind === "post") {
      const receipt = readOr(read.readReceipt, { ...frame, id });
      if (receipt === null) this.outbox.refused(id, new Refusal("internal"), now);
      else this.posted(receipt, now);
      // For how many it was at first nobody tells later.
      if (receipt?.audience) this.#emit({ type: "save" });
    } else if (kind === "withdraw") {
      // What isn't a number counts as opened: that nobody had is said on the server's word alone.
      const opened = isInteger(frame.opened) ? frame.opened : 1;
      this.withdrawals.done(id);
      this.outbox.takenBack(id, opened);
      this.outbox.roomAgain();
      this.#emit({ type: "withdrawn", id, opened, refusal: null });
      this.#emit({ type: "save" });
    } else if (kind === "status") {
      for (const value of Array.isArray(frame.receipts) ? frame.receipts : []) {
        const receipt = readOr(read.readReceipt, value);
        if (receipt !== null) this.outbox.receipt(receipt);
      }
      this.#emit({ type: "save" });
    }
  }

  /**
   * The server has refused what was asked for.
   * @param {string} kind
   * @param {string[]} ids  of the messages that it was about
   * @param {Refusal} refusal
   * @param {number} now
   */
  refused(kind, ids, refusal, now) {
    const [id] = ids;
    if (kind === "post" || kind === "status") {
      for (const one of ids) this.outbox.refused(one, refusal, now);
    } else if (kind === "withdraw") {
      if (!this.withdrawals.refused(id, refusal, now)) return;
      if (refusal.code === "message_gone" && refusal.state !== null) {
        this.outbox.fate({ id, state: refusal.state });
      }
      this.#emit({ type: "withdrawn", id, opened: null, refusal });
    } else if (this.cards.refused(id, refusal, now)) {
      this.#emit({ type: "save" });
    }
  }

  /** @param {string} id  @param {read.Opened|null} opened  null: not in the protocol's form */
  #opened(id, opened) {
    const card = this.cards.opened(id, opened?.leaseUntil ?? 0);
    if (card === null) return;
    if (opened === null) return this.cards.unreadable(id, "malformed");
    const { author, envelope } = opened;
    // The author is whom the notice named (8.4).
    if (author !== card.author) return this.cards.unreadable(id, "envelope_open");
    this.#emit({ type: "decrypt", id, author, envelope });
  }

  /** @param {boolean} locked  @param {string|null} member  by whom */
  #locked(locked, member) {
    this.roster.locked(locked);
    this.lockedBy = member;
  }

  /** @param {unknown} value  @returns {string|null} its id */
  #notice(value) {
    const notice = readOr(read.readNotice, value);
    if (notice === null) {
      const id = isObject(value) ? value.id : null;
      if (!isBase64url(id, ID_BYTES) || this.outbox.get(id) !== undefined) return null;
      this.cards.malformedNotice(id);
      return id;
    }
    if (notice.author === this.me) this.outbox.notice(notice);
    else this.cards.notice(notice);
    return notice.id;
  }

  /** @param {Record<string, unknown>} frame  @param {number} now */
  #take(frame, now) {
    const serverNow = now + this.clockOffset;
    switch (frame.type) {
      case "notice":
        this.#notice(frame);
        this.roster.used(serverNow);
        break;
      case "opened": {
        const [id, member] = [read.id(frame.id), read.id(frame.member)];
        this.cards.leased(id, member, read.integer(frame.lease_until));
        this.outbox.opened(id, member);
        break;
      }
      case "stored":
        this.cards.leaseEnded(read.id(frame.id), serverNow);
        this.outbox.leaseEnded(read.id(frame.id), isInteger(frame.returns) ? frame.returns : null, memberOrNull(frame.member));
        break;
      case "acknowledged":
        this.cards.viewedBy(read.id(frame.id), read.id(frame.member));
        this.outbox.viewedByOne(read.id(frame.id), read.id(frame.member));
        this.#emit({ type: "save" });
        this.roster.used(serverNow);
        break;
      case "audience":
        this.cards.audience(read.id(frame.id), read.audience(frame.audience));
        this.outbox.audience(read.id(frame.id), read.audience(frame.audience));
        break;
      case "destroyed": {
        const told = read.readDestroyed(frame);
        this.cards.destroyed(told.id, told.state);
        this.outbox.fate(told);
        this.outbox.roomAgain();
        this.#emit({ type: "save" });
        break;
      }
      case "joined": {
        const member = read.readMember(frame.member);
        this.#toName(this.roster.joined(member, read.integer(frame.joins)));
        if (member.id !== this.me) this.cards.counters.startsNow(member.id);
        break;
      }
      case "left":
        this.roster.left(read.id(frame.member));
        break;
      case "presence":
        this.roster.present(read.id(frame.member), read.boolean(frame.present), serverNow);
        break;
      case "typing":
        this.roster.types(read.id(frame.member), read.boolean(frame.typing), now);
        break;
      case "locked":
        this.#locked(read.boolean(frame.locked), memberOrNull(frame.member));
        break;
      case "backlog":
        this.complete(frame, now);
        break;
      case "closed":
        if (frame.reason === "expired") this.#end("expired");
        else this.#end("destroyed", false, memberOrNull(frame.member));
        break;
      default: // a later version's: ignored (1.5)
    }
  }

  /** A server that never ends must not fill this device's memory. */
  #keepWithinBounds() {
    const cards = this.cards.all();
    const waiting = cards.filter(({ state }) => !READ.includes(state)).length;
    if (waiting > SLACK * WAITING_MESSAGES || this.roster.ids().length > SLACK * SEATS[1]) {
      return this.#end("protocol");
    }
    const known = new Set([...this.roster.ids(), ...cards.map(({ author }) => author)]);
    this.roster.forgetStrangers(known);
    this.cards.counters.forgetStrangers(known);
    this.cards.seen.forgetStrangers(known);
  }

  /** @param {read.Member[]} members */
  #toName(members) {
    for (const { id, profile } of members) {
      if (profile !== null) this.#emit({ type: "profile", member: id, envelope: profile });
    }
  }

  /**
   * @param {string} reason
   * @param {boolean} [leave]  whether the seat must be given up
   * @param {string|null} [by]  who ended it, if told
   */
  #end(reason, leave = false, by = null) {
    this.#emit({ type: "end", reason, leave, by });
  }
}

/** Who did it is an addition to what was done: that it can't be read spoils nothing. @param {unknown} value */
const memberOrNull = (value) => readOr(read.id, value);
