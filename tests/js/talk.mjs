/** A session in conversation with a server that the test plays by hand. */

import assert from "node:assert/strict";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { Session } from "../../web/static/js/protocol/session.js";

export const bytes = (fill, size = 16) => toBase64url(new Uint8Array(size).fill(fill));
export const ME = bytes(1);
export const ANNA = bytes(2);
export const BEN = bytes(3);
export const CHARTER = bytes(7, 45);
export const MAC = bytes(8, 32);
export const VIEWING = bytes(9, 32);
export const HASH = bytes(10, 32);
export const T0 = 1_790_000_000_000;
/** The server's clock is ahead of this device's. */
export const OFFSET = 5000;
export const CREDENTIALS = { locator: bytes(11, 32), token: bytes(12, 32) };

export const message = (n) => bytes(100 + n);

export const room = (more = {}) => ({
  now: T0 + OFFSET, charter: CHARTER, mac: MAC, locked: false, joins: 2, seats_taken: 2,
  created_at: T0, expires_at: T0 + 1e9, ...more,
});

export const member = (id, more = {}) =>
  ({ member: id, profile: null, joined_at: T0, seen_at: T0, present: true, ...more });

export const notice = (id, more = {}) => ({
  type: "notice", id, sequence: 1, author: ANNA, size: 512, posted_at: T0, expires_at: T0 + 1e8,
  state: "stored", holder: null, lease_until: null, audience: null, opened: 0, returns: 0, ...more,
});

export const leased = (id, holder, more = {}) =>
  notice(id, { state: "opened", holder, lease_until: T0 + 120_000, ...more });

export const receipt = (id, state, more = {}) => ({
  id, state, sequence: 1, posted_at: T0, expires_at: T0 + 1e8, viewing: null, opened: 0,
  returns: 0, audience: null, reader: null, ended_at: null, ...more,
});

export const envelopeOf = (id, more = {}) => ({
  id, envelope: bytes(50, 512), author: ANNA, sequence: 1, posted_at: T0, expires_at: T0 + 1e8,
  lease_until: T0 + 120_000, now: T0, ...more,
});

export class Talk {
  now = T0;
  /** Everything the session has sent, and not yet been answered. */
  asked = [];
  effects = [];

  constructor({ saved, ...options } = {}) {
    this.session = new Session({
      me: ME, charter: CHARTER, mac: MAC, roomTtl: 1e6, generation: 0, ...options,
    });
    if (saved !== undefined) this.session.restore(saved, this.now);
  }

  /** Opens a socket and is welcomed. */
  connect(state = {}) {
    this.session.hello(CREDENTIALS, this.now);
    this.#take();
    const hello = this.only("hello");
    const welcome = { type: "welcome", ref: hello.ref, now: this.now + OFFSET, member: ME,
      room: room(), members: [member(ME), member(ANNA)], notices: [], ...state };
    return this.hears(welcome);
  }

  disconnect() {
    this.session.disconnected();
    this.asked = [];
    this.#take();
    return this;
  }

  hears(...frames) {
    return this.hearsRaw(frames);
  }

  hearsRaw(value) {
    this.session.receive(value, this.now);
    this.#take();
    return this;
  }

  call(name, ...args) {
    const result = this.session[name](...args, this.now);
    this.#take();
    return result;
  }

  passes(milliseconds) {
    this.now += milliseconds;
    this.call("tick");
    return this;
  }

  /** The one frame of this type without an answer; answered by the caller. */
  only(type) {
    const found = this.asked.filter((frame) => frame.type === type);
    assert.equal(found.length, 1, `${found.length} frames of type ${type}`);
    this.asked = this.asked.filter((frame) => frame !== found[0]);
    return found[0];
  }

  /** Answers the one frame of this type. */
  answer(type, fields = {}) {
    const { ref } = this.only(type);
    return this.hears({ type: "ok", ref, ...fields });
  }

  refuse(type, code, more = {}) {
    const { ref } = this.only(type);
    const error = { code, message: "no", retry_after: null, ...more };
    return this.hears({ type: "error", ref, error });
  }

  /** Writes, hashes and seals a message. */
  writes(id, text = "hello", quote = null) {
    const counter = this.session.room.outbox.nextCounter();
    this.call("write", { id, text, quote, counter });
    this.session.room.outbox.hashed(id, HASH);
    this.call("sealed", id, bytes(60, 512));
    return counter;
  }

  /** Opens a card to the point where its text is here. */
  opens(id, counter = 1, quote = null) {
    this.call("open", id);
    const { author } = this.session.room.cards.get(id);
    this.answer("open", envelopeOf(id, { author }));
    this.effect("decrypt");
    this.decrypts(id, counter, quote);
    return this;
  }

  decrypts(id, counter = 1, quote = null) {
    const content = { type: "text", text: `text ${counter}`, view: null, quote };
    this.call("decrypted", id, { viewing: VIEWING, counter, ...content });
  }

  effect(type) {
    const found = this.effects.filter((effect) => effect.type === type);
    assert.equal(found.length, 1, `${found.length} effects of type ${type}`);
    this.effects = this.effects.filter((effect) => effect !== found[0]);
    return found[0];
  }

  card(id) {
    return this.cards.find((card) => card.id === id);
  }

  get cards() {
    return this.session.room.cards.views();
  }

  sent(id) {
    return this.session.room.outbox.views().find((one) => one.id === id);
  }

  get silent() {
    return this.asked.length === 0;
  }

  #take() {
    this.asked.push(...this.session.takeFrames());
    this.effects.push(...this.session.takeEffects().filter(({ type }) => type !== "save"));
  }
}
