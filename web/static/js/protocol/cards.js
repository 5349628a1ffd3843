/**
 * Cards: the messages of others, as one member sees them (docs/protocol.md, 8.6 to 8.10).
 *
 * A card holds what is *wanted* of the server (`want`); the session asks for it whenever there is
 * a connection, again and again, until an answer has come. That is why a lost answer loses nothing:
 * opening again under one's lease, and acknowledging or releasing twice, are harmless.
 */

import { UNREAD, cardView, newCard } from "./card.js";
import { Counters } from "./counters.js";
import { retryAt } from "./errors.js";
import { Interrupted } from "./interrupted.js";
import { FATES, isViewing } from "./objects.js";
import { Seen } from "./seen.js";

/** How many cards that are gone are kept. */
const GONE_KEPT = 200;
/** @typedef {import("./card.js").Card} Card */

export class Cards {
  #me;
  /** @type {Map<string, Card>} */
  #cards = new Map();
  counters = new Counters();
  seen = new Seen();
  /** Opened but not acknowledged before a reload. @type {Set<string>} */
  #unread = new Set();

  interrupted = new Interrupted();

  /** @param {string} me  member id */
  constructor(me) {
    this.#me = me;
  }

  /** @param {string} id */
  get(id) {
    return this.#cards.get(id);
  }

  /** Every card that is kept. */
  all() {
    return [...this.#cards.values()];
  }

  /** What is wanted of the server, oldest card first. */
  wanted() {
    return this.all().filter((card) => card.want !== null);
  }

  /** The connection has gone: whatever was asked has to be asked again. */
  disconnected() {
    for (const card of this.#cards.values()) {
      card.asked = false;
      card.notBefore = 0;
    }
  }

  // What the server says

  /** @param {import("./objects.js").Notice} notice */
  notice(notice) {
    const { leased, opened, returns, ...facts } = notice;
    // Under "everyone" it may wait for others alone: what one had opened is gone all the same.
    if (facts.audience === null || facts.audience.includes(this.#me)) this.interrupted.waits(notice.id);
    const card = this.#cards.get(notice.id);
    if (card === undefined) {
      const fresh = newCard(facts);
      if (this.#unread.delete(notice.id)) fresh.state = "returned";
      this.#cards.set(notice.id, fresh);
      this.#rest(fresh);
      return;
    }
    // An id belongs to its author for ever: everything read so far was bound to this one.
    if (card.author !== notice.author) return;
    Object.assign(card, facts);
    if (card.state === "gone" && card.fate === null) card.state = "closed";
    // Under first view, whoever isn't named as holder has no lease any more.
    const lost = notice.audience === null && notice.holder !== this.#me;
    if (lost && card.state === "open" && !card.shown) this.#giveBack(card);
    this.#rest(card);
  }

  /**
   * A notice that can't be read, of which at least the id can.
   * @param {string} id
   */
  malformedNotice(id) {
    if (this.#cards.has(id)) return;
    const facts = {
      id, sequence: 0, author: "", size: 0, postedAt: 0, expiresAt: 0, holder: null,
      leaseUntil: null, audience: null, attachment: null,
    };
    this.#cards.set(id, { ...newCard(facts), state: "broken", error: "malformed" });
  }

  /**
   * The complete list of what waits has come: the rest has been destroyed.
   * @param {Set<string>} waiting  message ids
   * @param {number} serverNow
   */
  onlyThese(waiting, serverNow) {
    this.interrupted.complete();
    for (const card of this.#cards.values()) {
      if (waiting.has(card.id)) continue;
      this.#destroy(card, card.expiresAt <= serverNow ? "expired" : null);
    }
    this.#forgetOldest();
  }

  /**
   * @param {string} id
   * @param {string} member
   * @param {number} leaseUntil
   */
  leased(id, member, leaseUntil) {
    const card = this.#cards.get(id);
    // Under "everyone" another's lease is no concern of ours.
    if (card === undefined || (card.audience !== null && member !== this.#me)) return;
    card.holder = member;
    card.leaseUntil = leaseUntil;
    if (member !== this.#me && card.state === "open" && !card.shown) this.#giveBack(card);
    this.#rest(card);
  }

  /**
   * A lease of this message has ended and it waits again. Under "everyone" this doesn't say whose.
   * @param {string} id
   * @param {number} serverNow
   */
  leaseEnded(id, serverNow) {
    const card = this.#cards.get(id);
    if (card === undefined) return;
    if (card.audience !== null && (card.leaseUntil ?? 0) > serverNow) return;
    card.holder = null;
    card.leaseUntil = null;
    if (card.state === "open" && !card.shown) this.#giveBack(card);
    this.#rest(card);
  }

  /**
   * @param {string} id
   * @param {string} member
   */
  viewedBy(id, member) {
    const card = this.#cards.get(id);
    if (card?.audience) card.audience = card.audience.filter((one) => one !== member);
  }

  /**
   * @param {string} id
   * @param {string[]|null} audience
   */
  audience(id, audience) {
    const card = this.#cards.get(id);
    if (card !== undefined) card.audience = audience;
  }

  /**
   * @param {string} id
   * @param {string} fate
   */
  destroyed(id, fate) {
    const card = this.#cards.get(id);
    if (card !== undefined) this.#destroy(card, fate);
    this.#forgetOldest();
  }

  // What the page wants

  /**
   * @param {string} id
   * @returns {boolean} whether it is being opened
   */
  open(id) {
    const card = this.#cards.get(id);
    if (card === undefined || !["closed", "returned", "taken", "broken"].includes(card.state)) {
      return card?.state === "opening";
    }
    card.state = "opening";
    card.error = null;
    this.#wants(card, "open");
    return true;
  }

  /** @param {string} id */
  shown(id) {
    const card = this.#cards.get(id);
    if (card?.state !== "open" || card.shown) return;
    card.shown = true;
    this.seen.add(card.author, Number(card.counter));
    this.#wants(card, "ack");
  }

  /** @param {string} id */
  release(id) {
    const card = this.#cards.get(id);
    if (card === undefined || card.shown || !["opening", "open"].includes(card.state)) return;
    this.#giveBack(card);
    this.#wants(card, "release");
  }

  /** @param {string} id */
  discard(id) {
    const card = this.#cards.get(id);
    if (card?.state !== "open") return;
    if (!card.shown) return void this.release(id);
    card.state = "shown_gone";
    card.text = card.quote = card.file = null;
  }

  // What became of it

  /**
   * @param {string} id
   * @param {number} leaseUntil
   * @returns {Card|null} a card to decrypt, unless it is no longer wanted
   */
  opened(id, leaseUntil) {
    const card = this.#cards.get(id);
    if (card?.want !== "open") return null;
    this.#wants(card, null);
    card.holder = this.#me;
    card.leaseUntil = leaseUntil;
    return card;
  }

  /**
   * @param {string} id
   * @param {{viewing: string, counter: number, type: string}
   *   & Pick<Card, "text"|"view"|"quote"> & Partial<Pick<Card, "viewLimit"|"file">>} message
   * @returns {boolean} whether it is open now
   */
  decrypted(id, { viewing, counter, type, text, view, viewLimit = null, quote, file = null }) {
    const card = this.#cards.get(id);
    if (card?.state !== "opening" || !isViewing(viewing)) return false;
    // A counter has one message: another with the same is a copy, or the same after its end.
    const repeated = this.seen.has(card.author, counter) || this.all().some(
      (one) => one !== card && one.author === card.author && one.counter === counter,
    );
    Object.assign(card, {
      state: "open", viewing, counter, repeated, type, text, view, viewLimit, quote, file, error: null,
    });
    return true;
  }

  /**
   * It can't be decrypted or understood: it is given back, so that another may try.
   * @param {string} id
   * @param {string} code
   */
  unreadable(id, code) {
    const card = this.#cards.get(id);
    if (card?.state !== "opening") return;
    card.state = "broken";
    card.error = code;
    this.#wants(card, "release");
  }

  /** @param {string} id @param {boolean} everyone  whether all of the audience have viewed it */
  acknowledged(id, everyone) {
    const card = this.#cards.get(id);
    if (card?.want !== "ack") return;
    this.#wants(card, null);
    card.viewing = null;
    if (everyone) card.fate = "viewed";
    else this.viewedBy(id, this.#me);
  }

  /** @param {string} id */
  released(id) {
    const card = this.#cards.get(id);
    if (card?.want !== "release") return;
    this.#wants(card, null);
    if (card.holder === this.#me) card.holder = card.leaseUntil = null;
    this.#rest(card);
  }

  /**
   * The server refused what was wanted.
   * @param {string} id
   * @param {import("./errors.js").Refusal} refusal
   * @param {number} now  by this device's clock
   * @returns {boolean} whether that is the last word
   */
  refused(id, refusal, now) {
    const card = this.#cards.get(id);
    if (card === undefined || card.want === null) return false;
    const again = retryAt(refusal, now);
    // Who clicks hears at once; what has been read is acknowledged, and a lease given back, later.
    if (again !== null && card.want !== "open") {
      card.asked = false;
      card.notBefore = again;
      return false;
    }
    const opening = card.want === "open";
    if (card.want === "ack") card.viewing = null;
    this.#wants(card, null);
    if (refusal.code === "message_gone" || refusal.code === "message_unknown") {
      this.#destroy(card, refusal.state);
    } else if (refusal.code === "message_done") {
      // It waits for others alone (8.6).
      this.viewedBy(id, this.#me);
      if (!card.shown) this.#giveBack(card);
    } else if (opening) {
      card.state = "closed";
      card.error = refusal.code;
      this.#rest(card);
    }
    return true;
  }

  // What is remembered

  /** What a reloaded tab needs to go on counting, and to know what it had opened. */
  save() {
    const cards = this.all();
    const unread = cards.filter((card) => card.viewing !== null).map((card) => card.id);
    return { read: this.counters.save(cards), unread, open: this.interrupted.save(cards) };
  }

  /**
   * @param {{read: [string, number, number][], unread: string[], open?: [string, string][]}} saved  by
   *   an earlier version of this page without the last
   */
  restore({ read, unread, open = [] }) {
    this.interrupted.restore(open);
    this.counters.restore(read);
    for (const [author, , counter] of read) if (counter > 0) this.seen.add(author, counter);
    this.#unread = new Set(unread);
  }

  /** Cards as pages see them, in order of sequence. */
  views() {
    const cards = this.all().sort((a, b) => a.sequence - b.sequence);
    const gaps = this.counters.gaps(cards);
    return cards.filter((card) => !this.#isHidden(card)).map((card) => cardView(card, gaps.get(card)));
  }

  /** Drops what was decrypted. */
  clear() {
    this.#cards.clear();
    this.counters = new Counters();
    this.seen = new Seen();
    this.#unread.clear();
    this.interrupted.clear();
  }

  /** @param {Card} card  @returns {boolean} whether it is for others (8.6) */
  #isHidden(card) {
    const ours = card.audience === null || card.audience.includes(this.#me);
    return !ours && ["closed", "returned", "taken"].includes(card.state);
  }

  /** Settles a card that nobody here reads into the state that its lease gives it. */
  #rest(/** @type {Card} */ card) {
    if (!["closed", "taken", "returned"].includes(card.state)) return;
    const others = card.holder !== null && card.holder !== this.#me;
    if (others && card.audience === null) card.state = "taken";
    else if (card.state === "taken") card.state = "closed";
  }

  #giveBack(/** @type {Card} */ card) {
    Object.assign(card, UNREAD, { state: "returned" });
    this.#wants(card, null);
  }

  /** @param {Card} card  @param {string|null} fate */
  #destroy(card, fate) {
    if (card.fate === null && fate !== null && FATES.includes(fate)) {
      card.fate = /** @type {Card["fate"]} */ (fate);
    }
    if (card.shown) return;
    this.#giveBack(card);
    card.holder = card.leaseUntil = null;
    card.state = "gone";
  }

  /** @param {Card} card  @param {Card["want"]} want */
  #wants(card, want) {
    Object.assign(card, { want, asked: false, notBefore: 0 });
  }

  #forgetOldest() {
    const over = this.all().filter(
      (card) => card.want === null && ["gone", "shown_gone"].includes(card.state),
    );
    for (const card of over.slice(0, Math.max(0, over.length - GONE_KEPT))) {
      this.counters.forget(card);
      this.#cards.delete(card.id);
    }
  }
}
