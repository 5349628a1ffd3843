/**
 * The outbox: one's own messages, from the key press to the receipt (docs/protocol.md, 8.5, 8.11).
 *
 * A message is posted with the same id and bytes until an answer comes, for at most twelve hours.
 * `viewed` is believed only with the bytes whose hash was posted; that is computed outside, so such
 * a claim first becomes a check (`takeChecks`, `checked`).
 */

import { retryAt } from "./errors.js";
import { RETRY_SECONDS } from "./limits.js";
import { FATES } from "./objects.js";

/** A crowded room has space again when others have read: no answer tells when. */
const CROWDED_RETRY_SECONDS = 10;

/**
 * @typedef {"sending"|"stored"|"opened"|"acknowledged"|"viewed"|"unconfirmed"|"expired"
 *   |"withdrawn"|"room_destroyed"|"false_receipt"|"refused"} SentState
 *
 * @typedef {object} Sent
 * @property {string} id
 * @property {string|null} text
 * @property {import("./quotes.js").Quote|null} quote
 * @property {SentState} state
 * @property {string|null} error
 * @property {number|null} sequence
 * @property {number|null} postedAt
 * @property {number|null} expiresAt
 * @property {boolean} first  whoever opens it first is the only one
 * @property {number} counter
 * @property {string|null} envelope  base64url; null before it is sealed and after it was stored
 * @property {string|null} hash  of the viewing bytes, base64url
 * @property {number} writtenAt  by this device's clock
 * @property {"post"|"status"|null} want
 * @property {boolean} asked  the want is on its way
 * @property {number} notBefore  by this device's clock
 */

const FINAL = Object.freeze([
  "viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed", "refused",
]);

export class Outbox {
  /** @type {Map<string, Sent>} */
  #sent = new Map();
  #counter = 0;
  /** @type {{id: string, viewing: string|null, hash: string}[]} */
  #checks = [];

  /** The number of the next message (8.1). */
  nextCounter() {
    this.#counter += 1;
    return this.#counter;
  }

  /**
   * @param {{id: string, text: string, quote?: Sent["quote"], counter: number, now: number}} message
   */
  add({ id, text, quote = null, counter, now }) {
    this.#sent.set(id, {
      id, text, quote, counter, state: "sending", error: null, sequence: null, postedAt: null,
      expiresAt: null, first: true, envelope: null, hash: null, writtenAt: now, want: "post", asked: false,
      notBefore: 0,
    });
  }

  /** @param {string} id  @param {string} hash  of its viewing bytes, base64url */
  hashed(id, hash) {
    const sent = this.#sent.get(id);
    if (sent?.want === "post") sent.hash = hash;
  }

  /** @param {string} id  @param {string} envelope  base64url */
  sealed(id, envelope) {
    const sent = this.#sent.get(id);
    if (sent?.want === "post") sent.envelope = envelope;
  }

  /** @param {string} id */
  get(id) {
    return this.#sent.get(id);
  }

  /** What may be posted now, in the order of writing. @param {number} now */
  posts(now) {
    const ready = [];
    for (const sent of this.#sent.values()) {
      if (sent.want !== "post") continue;
      // A later message waits for an earlier one to be ready, or they would arrive in another order.
      if (sent.envelope === null || (!sent.asked && sent.notBefore > now)) break;
      if (!sent.asked) ready.push(sent);
    }
    return ready;
  }

  /** Messages whose state has to be asked for. @param {number} now */
  questions(now) {
    return [...this.#sent.values()].filter(
      (sent) => sent.want === "status" && !sent.asked && sent.notBefore <= now,
    );
  }

  disconnected() {
    for (const sent of this.#sent.values()) {
      sent.asked = false;
      sent.notBefore = 0;
    }
  }

  // What the server says

  /** @param {import("./objects.js").Notice} notice  of one's own message */
  notice({ id, opened, sequence, postedAt, expiresAt, audience }) {
    const state = opened ? "opened" : "stored";
    this.receipt({ id, state, sequence, postedAt, expiresAt, viewing: null, audience });
  }

  /** @param {import("./objects.js").Receipt} receipt */
  receipt({ id, state, sequence, postedAt, expiresAt, viewing, audience }) {
    const sent = this.#open(id, state);
    if (sent === undefined) return;
    sent.sequence ??= sequence;
    sent.postedAt ??= postedAt;
    sent.expiresAt = expiresAt ?? sent.expiresAt;
    if (state === "unknown") return this.#unknown(sent);
    if (FATES.includes(state)) return this.fate(id, state, viewing, true);
    this.#wants(sent, null);
    sent.envelope = sent.error = null;
    sent.first = audience === null;
    // Somebody's having viewed it isn't undone by another's opening it.
    if (sent.state !== "acknowledged") sent.state = state === "opened" ? "opened" : "stored";
  }

  /**
   * @param {string} id
   * @param {string} fate  one of FATES
   * @param {string|null} viewing
   * @param {boolean} [asked]  whether the server answered a question about this message
   */
  fate(id, fate, viewing, asked = false) {
    const sent = this.#open(id, fate);
    if (sent === undefined) return;
    sent.envelope = sent.error = null;
    if (fate !== "viewed") {
      sent.state = /** @type {SentState} */ (fate);
      this.#wants(sent, null);
    } else if (viewing === null && !asked) {
      // The news came without a proof; the proof can be asked for.
      this.#question(sent);
    } else {
      this.#wants(sent, null);
      this.#checks.push({ id, viewing, hash: sent.hash ?? "" });
    }
  }

  /** Claims of having been viewed, to be checked against the hash. */
  takeChecks() {
    return this.#checks.splice(0);
  }

  /** @param {string} id  @param {boolean} genuine */
  checked(id, genuine) {
    const sent = this.#sent.get(id);
    if (sent !== undefined && !FINAL.includes(sent.state)) {
      sent.state = genuine ? "viewed" : "false_receipt";
    }
  }

  /** A lease has begun. @param {string} id */
  opened(id) {
    const sent = this.#sent.get(id);
    if (sent?.state === "stored") sent.state = "opened";
  }

  /** A lease has ended. @param {string} id */
  leaseEnded(id) {
    const sent = this.#sent.get(id);
    if (sent?.state === "opened") sent.state = "stored";
  }

  /** One of several readers has viewed it. @param {string} id */
  viewedByOne(id) {
    const sent = this.#sent.get(id);
    if (sent !== undefined && ["stored", "opened"].includes(sent.state)) {
      sent.state = "acknowledged";
    }
  }

  /**
   * The complete list of what waits has come: of one's own messages that aren't on it the server
   * has to say what became.
   * @param {Set<string>} waiting  message ids
   */
  onlyThese(waiting) {
    for (const sent of this.#sent.values()) {
      if (!waiting.has(sent.id) && ["stored", "opened", "acknowledged"].includes(sent.state)) {
        this.#question(sent);
      }
    }
  }

  /** A message was destroyed: there is space again. */
  roomAgain() {
    for (const sent of this.#sent.values()) {
      if (sent.error === "room_crowded") sent.notBefore = 0;
    }
  }

  /**
   * The server refused to store a message, or to say what became of it.
   * @param {string} id
   * @param {import("./errors.js").Refusal} refusal
   * @param {number} now
   */
  refused(id, refusal, now) {
    const sent = this.#sent.get(id);
    if (sent === undefined || sent.want === null) return;
    sent.asked = false;
    const crowded = refusal.code === "room_crowded";
    const again = crowded ? now + 1000 * CROWDED_RETRY_SECONDS : retryAt(refusal, now);
    if (sent.want === "status") {
      // No answer to a question is no fate: it is asked again with the next complete state.
      if (again === null) this.#wants(sent, null);
      else sent.notBefore = again;
    } else if (refusal.code === "message_gone") {
      this.fate(id, refusal.state ?? "unconfirmed", null);
    } else if (again !== null) {
      sent.error = refusal.code;
      sent.notBefore = again;
    } else {
      this.#refuse(sent, refusal.code);
    }
  }

  /** Drops the words of a message that need not be written again. @param {string} id */
  discard(id) {
    const sent = this.#sent.get(id);
    if (sent !== undefined && sent.state !== "sending") sent.text = sent.quote = null;
  }

  /** @param {string} id  @param {string} code  it can't even be sealed */
  failed(id, code) {
    const sent = this.#sent.get(id);
    if (sent?.state === "sending") this.#refuse(sent, code);
  }

  /** Stops retrying after twelve hours (8.5). @param {number} now */
  giveUp(now) {
    for (const sent of this.#sent.values()) {
      const waiting = sent.state === "sending" && sent.want === "post";
      if (waiting && now >= sent.writtenAt + 1000 * RETRY_SECONDS) this.#refuse(sent, "not_sent");
    }
  }

  /** The room is no more. */
  roomEnded() {
    for (const sent of this.#sent.values()) {
      if (!FINAL.includes(sent.state)) sent.state = "room_destroyed";
      sent.text = sent.quote = sent.envelope = sent.hash = null;
      this.#wants(sent, null);
    }
  }

  /** When something is due by time alone, or Infinity. */
  nextDeadline() {
    let next = Infinity;
    for (const sent of this.#sent.values()) {
      if (sent.want === "post") next = Math.min(next, sent.writtenAt + 1000 * RETRY_SECONDS);
      if (sent.want !== null && !sent.asked && sent.notBefore > 0) {
        next = Math.min(next, sent.notBefore);
      }
    }
    return next;
  }

  // What is remembered

  /** What a reloaded tab needs: the counter, and the hashes of what still waits. No texts. */
  save() {
    const sent = [...this.#sent.values()].filter(({ state }) => !FINAL.includes(state));
    return {
      counter: this.#counter,
      sent: sent.filter(({ hash }) => hash !== null).map(({ id, hash, counter }) =>
        /** @type {[string, string, number]} */ ([id, hash, counter])),
    };
  }

  /**
   * @param {{counter: number, sent: [string, string, number][]}} saved
   * @param {number} now
   */
  restore({ counter, sent }, now) {
    this.#counter = counter;
    for (const [id, hash, number] of sent) {
      this.add({ id, text: "", quote: null, counter: number, now });
      Object.assign(this.#sent.get(id) ?? {}, { text: null, hash, want: "status" });
    }
  }

  /** @returns {Omit<Sent, "envelope"|"hash"|"writtenAt"|"want"|"asked"|"notBefore">[]} */
  views() {
    return [...this.#sent.values()].map(
      ({ id, text, quote, state, error, sequence, postedAt, expiresAt, first, counter }) =>
        ({ id, text, quote, state, error, sequence, postedAt, expiresAt, first, counter }),
    );
  }

  /**
   * A message of which there can be news. After a false receipt only a true one counts; what a reload
   * took for not sent may have been under way.
   * @param {string} id
   * @param {string} news
   */
  #open(id, news) {
    const sent = this.#sent.get(id);
    const late = sent?.error === "not_sent" && news !== "unknown";
    if (sent === undefined || (FINAL.includes(sent.state) && !late)) return undefined;
    return sent.state === "false_receipt" && news !== "viewed" ? undefined : sent;
  }

  /** The server knows nothing of a message. @param {Sent} sent */
  #unknown(sent) {
    if (sent.state === "sending" && sent.envelope === null) {
      // Its bytes were lost in a reload, before the server had them.
      this.#refuse(sent, "not_sent");
    } else if (sent.state !== "sending") {
      sent.state = "unconfirmed";
      this.#wants(sent, null);
    }
  }

  /** @param {Sent} sent  @param {string} code */
  #refuse(sent, code) {
    Object.assign(sent, { state: "refused", error: code, envelope: null });
    this.#wants(sent, null);
  }

  /** Asks what became of a message, once at a time however often a server gives cause. @param {Sent} sent */
  #question(sent) {
    if (sent.want !== "status") this.#wants(sent, "status");
  }

  /** @param {Sent} sent  @param {Sent["want"]} want */
  #wants(sent, want) {
    Object.assign(sent, { want, asked: false, notBefore: 0 });
  }
}
