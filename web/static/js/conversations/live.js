/**
 * The conversations of a device in all tabs of its browser. All of them read what is kept, and write and send; one,
 * which holds a lock, has the account's socket, reads what comes and tells the others. While there is no socket it
 * asks over HTTP.
 */

import { WorkerHpke } from "../device/worker-hpke.js";
import { pause } from "../account/pause.js";
import { AccountSocket } from "../net/account-socket.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { BrowserStore } from "./browser-store.js";
import { Conversations } from "./conversations.js";
import { memberOf } from "./member.js";
import { OUTBOX } from "./store.js";
import { onWaking } from "./waking.js";

/** Without a socket so long after the first attempt, it is asked over HTTP; then again and again. */
const FIRST_MS = 3000;
const AGAIN_MS = 15_000;
/** What couldn't be read is read on so much later, and if that fails twice as much, but no more than this. */
const MEND_MS = 2000;
const MOST_MS = 60_000;
/** What was to be sent, here or in another tab, and still waits after so long is sent by the tab that works. */
const UNSENT_MS = 10_000;
/** That one is here and couldn't be said is said so much later. */
const SHOW_AGAIN_MS = 5000;
/** Timers stand still while a machine sleeps: whoever wakes it with the page in sight waits no longer than this. */
const LONGEST_MS = 60_000;

/** In the facts of the account's storage. */
const WISHES = "telling";

/**
 * @typedef {import("../account/parts.js").Parts} Parts
 * @typedef {Pick<import("../account/device-work.js").DeviceWork, "join"|"look">} Work
 * @typedef {import("./conversation-api.js").Line} Line
 */

/** The account's socket where this tab has it, for whoever posts. @implements {Line} */
class SocketLine {
  /** @type {AccountSocket|null} */
  socket = null;

  get isLive() {
    return this.socket?.isLive ?? false;
  }

  /** @param {string} type  @param {object} fields  @returns {Promise<Record<string, any>>} */
  async ask(type, fields) {
    if (this.socket === null) throw new Refusal("unreachable");
    return this.socket.ask(/** @type {"post"|"ack"} */ (type), fields);
  }
}

export class LiveConversations {
  #parts;
  #work;
  #store;
  #crypto;
  #line;
  /** By which the last greeting was made. */
  #token = "";
  /** What other tabs are told next. @type {Set<string>} */
  #changed = new Set();
  /** It is another tab that says so: nobody has to be told. */
  #isEcho = false;
  /** @type {Promise<void>|null} */
  #syncing = null;
  /** Whether it is to be read on once more when that is done. */
  #isStale = false;
  #mendMs = MEND_MS;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #mending;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #minding;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #expiring;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #showing;
  /** What the server was told last on this connection: whether one is here. */
  #isShown = false;
  #isClosed = false;
  #stopWaking = () => {};
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /**
   * @param {Parts} parts
   * @param {Work} work
   * @param {{store: BrowserStore, crypto: WorkerHpke, line: SocketLine, talk: Conversations}} own
   */
  constructor(parts, work, { store, crypto, line, talk }) {
    this.#parts = parts;
    this.#work = work;
    this.#store = store;
    this.#crypto = crypto;
    this.#line = line;
    this.talk = talk;
  }

  /**
   * @param {Parts} parts  of an account that is open in this browser
   * @param {Work} work  of it as a device
   * @returns {Promise<LiveConversations>} what is past its deadline is gone by then
   * @throws {Refusal} `device_required`, `locked`
   */
  static async open(parts, work) {
    const crypto = new WorkerHpke();
    const line = new SocketLine();
    const store = new BrowserStore(parts.rows, parts.storage, parts.random);
    const member = await memberOf(parts, { hpke: async (priority) => crypto.at(priority), line });
    const live = new LiveConversations(parts, work, { store, crypto, line, talk: new Conversations(member, store) });
    await live.#begin();
    return live;
  }

  /** Whether this tab has the socket, and the server has welcomed it. */
  get isLive() {
    return this.#line.isLive;
  }

  /** Whether this tab is the one that reads what comes. */
  get isLeading() {
    return this.#line.socket !== null;
  }

  /**
   * Tells when this tab has got the socket, has lost it, or is welcomed by the server.
   * @param {() => void} watcher
   * @returns {() => void} ends it
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** What this device is to do when something comes, as its owner has asked. @returns {Promise<{sound?: boolean, note?: boolean}>} */
  wishes() {
    return this.#parts.storage.read(async (within) => await within.get("facts", WISHES) ?? {});
  }

  /** @param {{sound?: boolean, note?: boolean}} wishes */
  wish(wishes) {
    return this.#parts.storage.write((within) => within.put("facts", WISHES, wishes));
  }

  /** Somebody writes here. @param {string} conversation */
  typing(conversation) {
    if (this.isLeading) this.#line.socket?.typing(conversation);
    else this.#parts.tabs.tell({ kind: "typing", conversation });
  }

  /** Says something to whoever listens in it now, and to nobody later. @param {string} conversation  @param {string} sealed */
  signal(conversation, sealed) {
    if (this.isLeading) this.#line.socket?.signal(conversation, sealed);
    else this.#parts.tabs.tell({ kind: "signal", conversation, sealed });
  }

  /** Nothing is read or told any more. */
  close() {
    this.#isClosed = true;
    this.#stopWaking();
    for (const timer of [this.#mending, this.#minding, this.#expiring, this.#showing]) clearTimeout(timer);
    this.#line.socket?.stop();
    this.#line.socket = null;
    this.#crypto.close();
  }

  async #begin() {
    const { clock, tabs } = this.#parts;
    await this.#store.expire(clock.now());
    this.#store.watch(() => {
      this.#besides(this.#schedule());
      // They may show it as well, and are to forget it in time.
      tabs.tell({ kind: "conversations", ids: [] });
    });
    await this.#schedule();
    if (this.#isClosed) return;
    this.#stopWaking = onWaking(() => this.#besides(this.#expire()));
    this.talk.subscribe((conversation, event) => this.#tell(conversation, event));
    tabs.listen((told) => this.#told(told));
    tabs.tell({ kind: "presence" });
    this.#work.join((signal) => this.#lead(signal));
  }

  /** As the one tab that works. @param {AbortSignal} signal */
  async #lead(signal) {
    if (this.#isClosed) return;
    const { base, tokens } = this.#parts;
    const socket = new AccountSocket(base, async (path) => {
      const given = await tokens.credentials("GET", path);
      this.#token = given.token;
      return given;
    }, {
      welcome: ({ conversations }) => {
        this.#isShown = false;
        this.#tellWatchers();
        // Whether one wants to be seen may have been said on another device.
        void this.#sync(conversations).then(() => this.#show());
      },
      event: (event) => this.#heard(event),
      away: () => {
        this.talk.presence.forget();
        this.#tellWatchers();
      },
      // Whatever the server says of the session or the device, it says to whoever looks.
      ended: () => {
        this.talk.presence.forget();
        void this.#work.look();
      },
      refused: (refusal) => tokens.refused(refusal, this.#token),
    });
    this.#line.socket = socket;
    // Of what the tab heard that had the socket before nobody knows whether it still holds.
    this.talk.presence.forget();
    this.#tellWatchers();
    socket.start();
    for (let wait = FIRST_MS; ; wait = AGAIN_MS) {
      await pause(wait, signal);
      if (signal.aborted || this.#isClosed) break;
      if (!socket.isLive) await this.#sync(null);
    }
    socket.stop();
    if (!this.#isClosed) this.talk.presence.forget();
    if (this.#line.socket === socket) this.#line.socket = null;
    this.#tellWatchers();
  }

  /** Is here, or not, as the account wants it. */
  async #show() {
    const { socket } = this.#line;
    const isOn = await this.talk.presence.isOn().catch(() => this.#isShown);
    if (this.#isClosed || socket === null || !socket.isLive || isOn === this.#isShown) return;
    this.#isShown = isOn;
    if (!isOn) this.talk.presence.forget();
    try {
      await socket.ask("presence", { on: isOn });
    } catch {
      // Too often, or the connection is lost, and with it what was said.
      this.#isShown = !isOn;
      clearTimeout(this.#showing);
      this.#showing = setTimeout(() => this.#besides(this.#show()), SHOW_AGAIN_MS);
    }
  }

  #tellWatchers() {
    if (!this.#isClosed) for (const watcher of this.#watchers) watcher();
  }

  /**
   * Reads what is new everywhere; once more if it is asked for meanwhile.
   * @param {readonly {conversation: string, s: number, epoch: number}[]|null} list
   */
  async #sync(list) {
    if (this.#syncing !== null) {
      this.#isStale = true;
      await this.#syncing;
      return;
    }
    this.#syncing = this.#read(list);
    await this.#syncing;
    this.#syncing = null;
    if (!this.#isStale || this.#isClosed) return;
    this.#isStale = false;
    await this.#sync(null);
  }

  /** @param {readonly {conversation: string, s: number, epoch: number}[]|null} list */
  async #read(list) {
    try {
      const trouble = await this.talk.sync(list);
      if (trouble.some(({ refusal }) => isPassing(refusal))) this.#mend();
      else this.#mendMs = MEND_MS;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {Record<string, any>} event */
  #heard(event) {
    if (event.type === "device") void this.#work.look();
    // On its way when it was switched off.
    if (event.type === "presence" && !this.#isShown) return;
    this.#besides(this.talk.heard(event));
  }

  /** Nothing is lost by that: it is read on from where it was read last. @param {unknown} error */
  #failed(error) {
    if (this.#isClosed) return;
    this.#mend();
    if (!(error instanceof Refusal)) globalThis.reportError?.(error);
    else if (!isPassing(error)) void this.#work.look();
  }

  #mend() {
    clearTimeout(this.#mending);
    if (this.#isClosed || !this.isLeading) return;
    this.#mending = setTimeout(() => void this.#sync(null), this.#mendMs);
    this.#mendMs = Math.min(2 * this.#mendMs, MOST_MS);
  }

  /** @param {string} conversation */
  async #ownChanged(conversation) {
    if (this.isLive && conversation === await this.talk.own.id()) await this.#show();
  }

  /** @param {string} conversation  @param {Record<string, any>|null} event */
  #tell(conversation, event) {
    const { tabs } = this.#parts;
    if (event !== null) {
      // What is heard takes a moment: an echo isn't known by its time, but only one tab has the socket.
      if (this.isLeading) tabs.tell({ kind: "conversation_event", event });
      return;
    }
    // A change that the own devices were told: of a setting, perhaps.
    if (this.isLeading) this.#besides(this.#ownChanged(conversation));
    if (this.#isEcho) return;
    // What changes at once is told at once.
    if (this.#changed.size === 0) {
      queueMicrotask(() => {
        const ids = [...this.#changed];
        this.#changed.clear();
        if (!this.#isClosed) tabs.tell({ kind: "conversations", ids });
      });
    }
    this.#changed.add(conversation);
    this.#mind();
  }

  /** @param {import("../account/tabs.js").Told} told  by another tab */
  #told(told) {
    if (this.#isClosed) return;
    this.#isEcho = true;
    if (told.kind === "conversations") this.talk.reload(told.ids);
    else if (told.kind === "conversation_event") this.#besides(this.talk.heard(told.event));
    else if (told.kind === "typing") this.#line.socket?.typing(told.conversation);
    else if (told.kind === "signal") this.#line.socket?.signal(told.conversation, told.sealed);
    else if (told.kind === "presence" && this.isLeading) this.talk.presence.say();
    this.#isEcho = false;
    if (told.kind !== "conversations") return;
    this.#besides(this.#schedule());
    this.#mind();
  }

  /** Sees that what waits to be sent is sent, though the tab in which it was written is gone, or its line was. */
  #mind() {
    if (this.#minding !== undefined || !this.isLeading) return;
    this.#minding = setTimeout(() => this.#besides(this.#resend()), UNSENT_MS);
  }

  async #resend() {
    this.#minding = undefined;
    const waiting = await Promise.all((await this.#store.keys(OUTBOX)).map((key) => this.#store.read(key)));
    if (this.#isClosed || !waiting.some((one) => one?.refused === null)) return;
    await this.#sync(null);
    this.#mind();
  }

  /** What nobody waits for. @param {Promise<unknown>} work */
  #besides(work) {
    work.catch((error) => this.#failed(error));
  }

  /** Forgets what is due when it is due, in each tab that may show it. */
  async #schedule() {
    const next = await this.#store.nextDeadline();
    clearTimeout(this.#expiring);
    if (next === null || this.#isClosed) return;
    const wait = Math.max(0, Math.min(next - this.#parts.clock.now(), LONGEST_MS));
    this.#expiring = setTimeout(() => this.#besides(this.#expire()), wait);
  }

  async #expire() {
    if (this.#isClosed) return;
    const gone = await this.#store.expire(this.#parts.clock.now());
    this.talk.reload([...new Set(gone.map(({ conversation }) => conversation))]);
    await this.#schedule();
  }
}
