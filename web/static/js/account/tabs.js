/**
 * The tabs of this browser in which the account is open. All of them may ask and show; one of them, which holds
 * a lock, does the daily work and looks for what is new. Whoever is frozen for five seconds is robbed of it.
 */

const CHANNEL = "ephemeral-account";
const LEADER = "ephemeral-account/socket";
const FROZEN_MS = 5000;

/**
 * @typedef {import("./storage-keys.js").Locks} Locks
 * @typedef {Pick<BroadcastChannel, "postMessage"|"close"|"addEventListener">} Channel
 *
 * @typedef {{kind: "token", access: import("./tokens.js").Access}
 *   |{kind: "changed"|"signed_out"|"signed_in"|"anybody"|"here"}
 *   |{kind: "conversations", ids: string[]}|{kind: "conversation_event", event: Record<string, any>}
 *   |{kind: "typing", conversation: string}|{kind: "signal", conversation: string, sealed: string}|{kind: "presence"}} Told
 *   changed: look anew; anybody, here: whether one does the work, and that it does; conversations: what is kept of
 *   these is another than before; conversation_event: what the socket has told of which nothing is kept; typing,
 *   signal: somebody writes, or says something, in a tab that has no socket; presence: a tab that has come wants to know who is here
 */

export class Tabs {
  #channel;
  /** @type {((told: Told) => void)[]} */
  #listeners = [];

  /** @param {Channel} [channel] */
  constructor(channel = new BroadcastChannel(CHANNEL)) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => {
      for (const listener of this.#listeners) listener(data);
    });
  }

  /** @param {Told} told  to all others */
  tell(told) {
    this.#channel.postMessage(told);
  }

  /** @param {(told: Told) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  close() {
    this.#listeners = [];
    this.#channel.close();
  }
}

/** Whether this tab is the one that works. */
export class Leadership {
  #locks;
  #tabs;
  /** @type {((signal: AbortSignal) => Promise<void>)[]} */
  #works;
  #isSeen;
  /** Ends the waiting for the lock. @type {AbortController|null} */
  #waiting = null;
  /** Ends the work. @type {AbortController|null} */
  #leading = null;
  #isClosed = false;
  #hasHeard = true;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #watch;

  /**
   * @param {{locks: Locks, tabs: Tabs, lead: (signal: AbortSignal) => Promise<void>, isSeen: () => boolean}} parts
   *   `lead` works until its signal says to stop; `isSeen`: whether somebody looks at this tab
   */
  constructor({ locks, tabs, lead, isSeen }) {
    this.#locks = locks;
    this.#tabs = tabs;
    this.#works = [lead];
    this.#isSeen = isSeen;
    tabs.listen(({ kind }) => {
      if (kind === "anybody" && this.#leading !== null) tabs.tell({ kind: "here" });
      if (kind === "here") this.#hasHeard = true;
    });
  }

  get isLeading() {
    return this.#leading !== null;
  }

  /** What else the tab does that works. @param {(signal: AbortSignal) => Promise<void>} work  as `lead` */
  join(work) {
    this.#works.push(work);
    if (this.#leading !== null) void work(this.#leading.signal);
  }

  begin() {
    this.#campaign(false);
    this.#watch = setInterval(() => this.look(), FROZEN_MS);
  }

  /** Asks whether there is one that works; if the last question had no answer, it is robbed. */
  look() {
    if (this.#leading !== null || this.#isClosed || !this.#isSeen()) {
      this.#hasHeard = true;
      return;
    }
    if (!this.#hasHeard) {
      this.#hasHeard = true;
      this.#waiting?.abort();
      this.#campaign(true);
      return;
    }
    this.#hasHeard = false;
    this.#tabs.tell({ kind: "anybody" });
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#waiting?.abort();
    this.#leading?.abort();
  }

  /** @param {boolean} steal */
  async #campaign(steal) {
    const waiting = new AbortController();
    this.#waiting = waiting;
    /** @type {AbortController|null} */
    let leading = null;
    try {
      // Who steals doesn't wait, and may not say for how long.
      await this.#locks.request(LEADER, steal ? { steal: true } : { signal: waiting.signal }, async () => {
        leading = new AbortController();
        this.#leading = leading;
        const { signal } = leading;
        await Promise.all(this.#works.map((work) => work(signal)));
      });
    } catch {
      // Robbed, or called away from waiting.
    }
    /** @type {AbortController|null} */ (leading)?.abort();
    if (this.#leading === leading) this.#leading = null;
    const isCalledAway = waiting.signal.aborted;
    if (!this.#isClosed && !isCalledAway) this.#campaign(false);
  }
}
