/**
 * The page's end of playback: it answers the service worker (worker-streams.js) with bytes that were verified here. What
 * a film's address is made of is drawn anew each time, and means something in this page alone.
 */

import { toBase64url } from "../protocol/encoding.js";
import { ID_BYTES } from "../protocol/limits.js";
import { answered } from "./ranges.js";

/** What hasn't landed for so long isn't waited for: the answer ends, and the element asks again. */
const LANDING_MS = 25_000;
/** Handed over at once. */
const PIECE_BYTES = 262_144;
const NOTHING = Object.freeze({ status: 404 });

/**
 * `read`: verified bytes of a file, at least one of them; it waits for what hasn't landed. `availableFrom`: how many have,
 * from there on.
 * @typedef {object} Source
 * @property {number} size
 * @property {(start: number, end: number, how: {signal: AbortSignal}) => Promise<Uint8Array>} read
 * @property {(offset: number) => number} availableFrom
 *
 * What is told whoever plays it: for how many answers the sender is waited for; and why there is nothing to be had.
 * @typedef {{waits: (answers: number) => void, failed: (error: unknown) => void}} Told
 *
 * @typedef {{postMessage: (word: any, transfer?: Transferable[]) => void, close: () => void,
 *   onmessage: ((event: any) => void)|null}} Port
 */

export class PageStreams {
  #container;
  #random;
  /** By their tokens. @type {Map<string, Open>} */
  #open = new Map();
  #hear = (/** @type {any} */ event) => this.#heard(event);

  /**
   * @param {Pick<EventTarget, "addEventListener"|"removeEventListener">} container  `navigator.serviceWorker`
   * @param {(size: number) => Uint8Array} random
   */
  constructor(container, random) {
    this.#container = container;
    this.#random = random;
    container.addEventListener("message", this.#hear);
  }

  /**
   * From now on it can be played.
   * @param {Source} source
   * @param {string} type  as which it is served
   * @param {Told} told
   * @returns {string} its token
   */
  open(source, type, told) {
    const token = toBase64url(this.#random(ID_BYTES));
    this.#open.set(token, new Open(source, type, told));
    return token;
  }

  /** @param {string} token */
  end(token) {
    this.#open.delete(token);
  }

  close() {
    this.#open.clear();
    this.#container.removeEventListener("message", this.#hear);
  }

  /** @param {{data: any, ports?: readonly Port[]}} event */
  #heard({ data, ports }) {
    const port = ports?.[0];
    if (data?.kind === "stream" && port !== undefined) this.#serve(data, port);
  }

  /** @param {{token: string, range: string|null}} asked  @param {Port} port */
  #serve({ token, range }, port) {
    const open = this.#open.get(token);
    const part = open === undefined ? null : answered(range, open.source.size);
    if (open === undefined || part === null) {
      port.postMessage(open === undefined ? NOTHING : { status: 416, size: open.source.size });
      return port.close();
    }
    const passing = new Passing(open, part, port, () => this.#open.has(token));
    port.onmessage = ({ data }) => {
      if (data?.kind === "more") void passing.more();
      if (data?.kind === "cancel") passing.cancel();
    };
    port.postMessage({ status: 206, ...part, size: open.source.size, type: open.type });
  }
}

/** What is being played. */
class Open {
  #told;
  #waiting = 0;

  /** @param {Source} source  @param {string} type  @param {Told} told */
  constructor(source, type, told) {
    this.source = source;
    this.type = type;
    this.#told = told;
  }

  /** @param {1|-1} more  one answer more, or less, waits for the sender */
  waits(more) {
    this.#waiting += more;
    this.#told.waits(this.#waiting);
  }

  /** @param {unknown} error */
  failed(error) {
    this.#told.failed(error);
  }
}

/** One answer, as long as somebody reads it. */
class Passing {
  #open;
  #at;
  #end;
  #port;
  #isOpen;
  #gone = new AbortController();

  /** @param {Open} open  @param {{start: number, end: number}} part  @param {Port} port  @param {() => boolean} isOpen */
  constructor(open, { start, end }, port, isOpen) {
    this.#open = open;
    this.#at = start;
    this.#end = end;
    this.#port = port;
    this.#isOpen = isOpen;
  }

  cancel() {
    this.#gone.abort();
    this.#port.close();
  }

  async more() {
    if (this.#at >= this.#end || !this.#isOpen()) return this.#last({ end: true });
    const patience = new AbortController();
    const give = () => patience.abort();
    const timer = setTimeout(give, LANDING_MS);
    this.#gone.signal.addEventListener("abort", give);
    const { source } = this.#open;
    const isAwaited = source.availableFrom(this.#at) === 0;
    if (isAwaited) this.#open.waits(1);
    try {
      const bytes = await source.read(this.#at, Math.min(this.#at + PIECE_BYTES, this.#end), { signal: patience.signal });
      if (this.#gone.signal.aborted) return;
      this.#at += bytes.length;
      // The source may keep what it has given; the worker is given bytes of its own.
      const own = bytes.slice();
      this.#port.postMessage({ bytes: own }, [own.buffer]);
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      // What ends before its end is asked for again; what is broken says so to the element.
      if (patience.signal.aborted) return this.#last({ end: true });
      this.#open.failed(error);
      this.#last({ broken: true });
    } finally {
      if (isAwaited) this.#open.waits(-1);
      clearTimeout(timer);
      this.#gone.signal.removeEventListener("abort", give);
    }
  }

  /** @param {{end: true}|{broken: true}} word */
  #last(word) {
    this.#port.postMessage(word);
    this.#port.close();
  }
}
