/**
 * The outbox: one's own messages, from the key press to the receipt (docs/protocol.md, 8.5, 8.11).
 *
 * A message is posted with the same id and bytes until an answer comes, for at most twelve hours.
 * `viewed` is believed only with the bytes whose hash was posted; that is computed outside, so such
 * a claim first becomes a check (`takeChecks`, `checked`).
 */

import { retryAt } from "./errors.js";
import { RETRY_SECONDS, SEATS } from "./limits.js";
import { FATES } from "./objects.js";
import { audienceOf, counts, deadlineOf, newSent, restoreSent, saveSent, sentView, unsentOf } from "./sent.js";

/** A crowded room has space again when others have read: no answer tells when. */
const CROWDED_RETRY_SECONDS = 10;

/** They wait at the server. */
const OWED = Object.freeze(["stored", "opened", "acknowledged"]);

/**
 * @typedef {import("./sent.js").Sent} Sent
 * @typedef {import("./sent.js").SentState} SentState
 * @typedef {import("./sent.js").Told} Told
 */

const FINAL = Object.freeze([
  "viewed", "unconfirmed", "expired", "withdrawn", "room_destroyed", "refused",
]);

export class Outbox {
  /** @type {Map<string, Sent>} */
  #sent = new Map();
  #counter = 0;
  /** Of how many messages the id was drawn. */
  #drawn = 0;
  /** @type {{id: string, viewing: string|null, hash: string}[]} */
  #checks = [];

  /** The number of the next message (8.1). */
  nextCounter() {
    this.#counter += 1;
    return this.#counter;
  }

  /** Which id is the next message's (4.3): one that waits for its attachment has it before it has a number. */
  nextDraw() {
    this.#drawn += 1;
    return this.#drawn;
  }

  /**
   * @param {{id: string, text: string, quote?: Sent["quote"], counter: number, now: number}} message
   */
  add({ id, text, quote = null, counter, now }) {
    this.#sent.set(id, newSent({ id, text, quote, counter }, now));
  }

  /**
   * A message whose attachment is on its way; it has no number and isn't posted.
   * @param {string} id  @param {import("./sent.js").SentFile} file  @param {number} now
   */
  begin(id, file, now) {
    this.#sent.set(id, { ...newSent({ id, text: null, quote: null, counter: 0, file }, now), want: null });
  }

  /**
   * All of its attachment is there: it is the next to be posted.
   * @param {string} id  @param {string} attachment
   * @returns {number|null} its number; null if it is wanted no more
   */
  ready(id, attachment) {
    const sent = this.#sent.get(id);
    if (sent?.state !== "sending") return null;
    this.#sent.delete(id);
    const counter = this.nextCounter();
    this.#sent.set(id, { ...sent, attachment, counter, want: "post" });
    return counter;
  }

  /** One that was never posted is wanted no more. @param {string} id */
  drop(id) {
    if (this.#sent.get(id)?.envelope === null) this.#sent.delete(id);
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
  notice({ leased, ...facts }) {
    const ended = { viewing: null, reader: null, endedAt: null };
    this.receipt({ ...facts, ...ended, state: leased ? "opened" : "stored" });
  }

  /** @param {import("./objects.js").Receipt} receipt */
  receipt(receipt) {
    const { id, state, sequence, postedAt, expiresAt, opened, returns, audience } = receipt;
    const sent = this.#open(id, state);
    if (sent === undefined) return;
    sent.sequence ??= sequence;
    sent.postedAt ??= postedAt;
    sent.expiresAt = expiresAt ?? sent.expiresAt;
    if (state === "unknown") return this.#unknown(sent);
    if (FATES.includes(state)) {
      // Nobody tells who was still to view it, and what was known of that may be old.
      sent.audience = null;
      return this.fate(receipt, true);
    }
    this.#wants(sent, null);
    sent.envelope = sent.error = null;
    sent.first = audience === null;
    counts(sent, opened, returns);
    audienceOf(sent, audience);
    // Somebody's having viewed it isn't undone by another's opening it.
    if (sent.state !== "acknowledged") sent.state = state === "opened" ? "opened" : "stored";
  }

  /**
   * @param {Told} told
   * @param {boolean} [asked]  whether the server answered a question about this message
   */
  fate({ id, state, viewing = null, reader = null, endedAt = null, opened = null }, asked = false) {
    const sent = this.#open(id, state);
    if (sent === undefined) return;
    sent.envelope = sent.error = null;
    counts(sent, opened, null);
    if (state === "viewed" && viewing === null && !asked) {
      // The news came without a proof; the proof can be asked for.
      this.#question(sent);
      return;
    }
    this.#wants(sent, null);
    if (state !== "viewed") {
      sent.state = /** @type {SentState} */ (state);
      sent.endedAt ??= endedAt;
      // Nobody had acknowledged it.
      if (viewing === null) return;
    }
    sent.told = { reader, endedAt };
    this.#checks.push({ id, viewing, hash: sent.hash ?? "" });
  }

  /** It was taken back; when, and whether somebody had viewed it, the server tells when asked (8.13). @param {string} id  @param {number} opened */
  takenBack(id, opened) {
    this.fate({ id, state: "withdrawn", opened });
    const sent = this.#sent.get(id);
    if (sent?.state === "withdrawn") this.#question(sent);
  }

  /** Claims of having been viewed, to be checked against the hash. */
  takeChecks() {
    return this.#checks.splice(0);
  }

  /** @param {string} id  @param {boolean} genuine */
  checked(id, genuine) {
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    const ended = FINAL.includes(sent.state) && sent.state !== "refused";
    // That somebody had viewed what was taken back is said with a proof alone.
    if (ended && (sent.state !== "withdrawn" || !genuine)) return;
    if (!ended) sent.state = genuine ? "viewed" : "false_receipt";
    if (!genuine) return;
    sent.proved = true;
    sent.reader = sent.told.reader;
    sent.endedAt = sent.told.endedAt ?? sent.endedAt;
    if (sent.state === "viewed" && sent.audience !== null) sent.audience = [];
  }

  /** A lease has begun, or was prolonged. @param {string} id  @param {string} member */
  opened(id, member) {
    const sent = this.#sent.get(id);
    if (sent === undefined || !OWED.includes(sent.state) || sent.holders.includes(member)) return;
    sent.holders = [...sent.holders, member].slice(-SEATS[1]);
    sent.opened += 1;
    if (sent.state === "stored") sent.state = "opened";
  }

  /** A lease has ended. @param {string} id  @param {number|null} returns  so far  @param {string|null} member  whose, if told */
  leaseEnded(id, returns, member) {
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    sent.holders = sent.holders.filter((one) => member !== null && one !== member);
    counts(sent, null, returns);
    if (sent.state === "opened") sent.state = "stored";
  }

  /** One of several readers has viewed it. @param {string} id  @param {string} member */
  viewedByOne(id, member) {
    const sent = this.#sent.get(id);
    if (sent === undefined || !OWED.includes(sent.state)) return;
    sent.state = "acknowledged";
    sent.holders = sent.holders.filter((one) => one !== member);
    if (!sent.readers.includes(member)) sent.readers = [...sent.readers, member].slice(-SEATS[1]);
    sent.audience = sent.audience?.filter((one) => one !== member) ?? null;
  }

  /** @param {string} id  @param {string[]|null} audience */
  audience(id, audience) {
    const sent = this.#sent.get(id);
    if (sent !== undefined && OWED.includes(sent.state)) audienceOf(sent, audience);
  }

  /** How many of one's own messages wait unread. */
  get owed() {
    return [...this.#sent.values()].filter(({ state }) => OWED.includes(state)).length;
  }

  /** What the server may not have, with the words. */
  unsent() {
    return [...this.#sent.values()].flatMap(unsentOf);
  }

  /**
   * The complete list of what waits has come: of one's own messages that aren't on it the server
   * has to say what became.
   * @param {Set<string>} waiting  message ids
   */
  onlyThese(waiting) {
    for (const sent of this.#sent.values()) {
      if (!waiting.has(sent.id) && OWED.includes(sent.state)) this.#question(sent);
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
    // Neither is said of a message that stands already (8.5).
    if (crowded || refusal.code === "storage_full") sent.tried = false;
    const again = crowded ? now + 1000 * CROWDED_RETRY_SECONDS : retryAt(refusal, now);
    if (sent.want === "status") {
      // No answer to a question is no fate: it is asked again with the next complete state.
      if (again === null) this.#wants(sent, null);
      else sent.notBefore = again;
    } else if (refusal.code === "message_gone") {
      this.fate({ id, state: refusal.state ?? "unconfirmed" });
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
    if (sent !== undefined && sent.state !== "sending") sent.text = sent.quote = sent.file = null;
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
      sent.text = sent.quote = sent.file = sent.envelope = sent.hash = null;
      this.#wants(sent, null);
    }
  }

  /** When something is due by time alone, or Infinity. */
  nextDeadline() {
    return Math.min(...[...this.#sent.values()].map(deadlineOf), Infinity);
  }

  // What is remembered

  /** What a reloaded tab needs. No texts. */
  save() {
    const all = [...this.#sent.values()];
    const waiting = all.filter(({ state }) => !FINAL.includes(state));
    const ended = all.filter(({ state }) => FATES.includes(state));
    return { counter: this.#counter, drawn: this.#drawn, ...saveSent(waiting, ended) };
  }

  /** @param {{counter: number, drawn?: number} & Parameters<typeof restoreSent>[0]} saved  an earlier version of this page knew no `drawn`  @param {number} now */
  restore({ counter, drawn = counter, ...saved }, now) {
    this.#counter = counter;
    this.#drawn = drawn;
    this.#sent = new Map(restoreSent(saved, now).map((sent) => [sent.id, sent]));
  }

  views() {
    return [...this.#sent.values()].map(sentView);
  }

  /**
   * A message of which there can be news. After a false receipt only a true one counts; what a reload
   * took for not sent may have been under way; that somebody had viewed what was taken back is told later.
   * @param {string} id
   * @param {string} news
   */
  #open(id, news) {
    const sent = this.#sent.get(id);
    const late = sent?.error === "not_sent" && news !== "unknown";
    const proof = sent?.state === "withdrawn" && news === "withdrawn";
    if (sent === undefined || (FINAL.includes(sent.state) && !late && !proof)) return undefined;
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
