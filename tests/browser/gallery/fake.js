// A RoomClient that has no room: states are put into it, and what the page asks of it is written down.

import { RECORD } from "./samples.js";

export class FakeClient extends EventTarget {
  calls = [];
  /** What late parts of a client go on with. */
  inner = null;

  constructor(state) {
    super();
    this.state = state;
  }

  change(changes) {
    this.state = { ...this.state, ...changes };
    this.dispatchEvent(new Event("change"));
  }

  changeCard(id, changes) {
    this.change({ cards: this.state.cards.map((card) => (card.id === id ? { ...card, ...changes } : card)) });
  }

  #record(name, ...values) {
    this.calls.push([name, ...values]);
    // Where a test can wait for it: the page's policy lets no test evaluate strings again and again.
    document.documentElement.dataset.calls = this.calls.map(([called]) => called).join(" ");
  }

  send(text, options) {
    this.#record("send", text, options);
    return `sent-${this.calls.length}`;
  }

  async open(id) { this.#record("open", id); }
  shown(id) { this.#record("shown", id); }
  release(id) { this.#record("release", id); }
  discard(id) { this.#record("discard", id); }
  async withdraw(id) { this.#record("withdraw", id); return { opened: 0 }; }
  seatSecret() { return "0123456789abcdef0123456789abcdef"; }
  returnTaken() { this.#record("returnTaken"); }
  get isOwed() { return this.state.owed > 0 && !this.calls.some(([name]) => name === "returnTaken"); }
  setTyping(on) { this.#record("typing", on); }
  setTypingEnabled(on) { this.#record("typingEnabled", on); }
  async lock(locked) { this.#record("lock", locked); }
  async destroy() { this.#record("destroy"); }
  async leave() { this.#record("leave"); }
  async record() { this.#record("record"); return RECORD; }
  close() { this.#record("close"); }
}
