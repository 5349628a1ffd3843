/**
 * The service worker's end of playback: it hands a media element the bytes that the element's own page gives it. It has
 * no key, fetches nothing and keeps nothing, so that it may be stopped and begun again at any time. Whatever it passes
 * on is a film or a sound by its type, can be nothing else, and for no other page.
 *
 * Its page is told `{kind: "stream", token, range}` with a port, on which it says first `{status, start, end, size,
 * type}`. Then, as often as it is asked by `{kind: "more"}`: `{bytes}`, or `{end: true}`, by which the rest isn't there
 * yet, or `{broken: true}`. `{kind: "cancel"}`: nobody wants any more.
 */

import { isServed } from "./ranges.js";

/** Below the worker's scope. */
export const STREAMS = "stream/";
/** A page that doesn't say what there is for so long is frozen, or gone. */
const PATIENCE_MS = 5000;
const PLAYERS = ["video", "audio"];
/** Said of everything that is answered here. */
const HEADERS = Object.freeze({
  "Accept-Ranges": "bytes", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox",
  "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
});

/**
 * @typedef {{request: {url: string, destination: string, headers: {get: (name: string) => string|null}}, clientId: string,
 *   respondWith: (answer: Promise<Response>) => void, waitUntil: (work: Promise<unknown>) => void}} Fetching
 * @typedef {{get: (id: string) => Promise<any>}} Clients
 * @typedef {{status: number, start?: number, end?: number, size?: number, type?: string}} Head
 */

/**
 * Answers what is asked for below the folder of streams; all else goes its way.
 * @param {Fetching} event
 * @param {string} scope  of the worker
 * @param {Clients} clients
 */
export function answerStream(event, scope, clients) {
  const { request, clientId } = event;
  if (!request.url.startsWith(scope + STREAMS)) return;
  const token = request.url.slice((scope + STREAMS).length);
  // A document of its own it never is, nor anything that a program reads.
  if (!PLAYERS.includes(request.destination)) return event.respondWith(Promise.resolve(nothing(404)));
  const { promise, resolve } = deferred();
  event.respondWith(answer(token, request.headers.get("range"), clientId, clients, resolve));
  // While bytes are passed on the worker is at work.
  event.waitUntil(promise);
}

/**
 * @param {string} token
 * @param {string|null} range
 * @param {string} clientId
 * @param {Clients} clients
 * @param {() => void} done
 */
async function answer(token, range, clientId, clients, done) {
  const page = clientId === "" ? undefined : await clients.get(clientId);
  if (page === undefined) {
    done();
    return nothing(404);
  }
  const { port1, port2 } = new MessageChannel();
  const line = new Line(port1);
  page.postMessage({ kind: "stream", token, range }, [port2]);
  const head = /** @type {Head|null} */ (await line.next(PATIENCE_MS));
  if (head?.status !== 206 || !isServed(head.type)) {
    line.close();
    done();
    if (head?.status === 416) return nothing(416, { "Content-Range": `bytes */${Number(head.size)}` });
    return nothing(head === null ? 504 : 404);
  }
  const { start, end, size, type } = /** @type {Required<Head>} */ (head);
  const headers = { ...HEADERS, "Content-Type": type, "Content-Range": `bytes ${start}-${end - 1}/${size}` };
  return new Response(stream(line, done), { status: 206, headers });
}

/** @param {number} status  @param {Record<string, string>} [more] */
const nothing = (status, more = {}) => new Response(null, { status, headers: { ...HEADERS, ...more } });

/** As fast as it is read. @param {Line} line  @param {() => void} done */
function stream(line, done) {
  return new ReadableStream({
    async pull(controller) {
      line.say("more");
      const given = await line.next();
      if (given?.bytes !== undefined) return controller.enqueue(given.bytes);
      line.close();
      done();
      if (given?.end === true) controller.close();
      else controller.error(new TypeError("the page has no more"));
    },
    cancel() {
      line.say("cancel");
      line.close();
      done();
    },
  });
}

/** What is said on a port, one word after the other. */
class Line {
  #port;
  /** @type {any[]} */
  #heard = [];
  /** @type {((word: any) => void)|null} */
  #waiting = null;

  /** @param {MessagePort} port */
  constructor(port) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (this.#waiting === null) this.#heard.push(data);
      else this.#waiting(data);
      this.#waiting = null;
    };
  }

  /** @param {string} kind */
  say(kind) {
    this.#port.postMessage({ kind });
  }

  /** @param {number} [patience]  @returns {Promise<any>} null: nothing was said for so long */
  next(patience) {
    if (this.#heard.length > 0) return Promise.resolve(this.#heard.shift());
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (patience !== undefined) setTimeout(() => resolve(null), patience);
    });
  }

  close() {
    this.#port.close();
  }
}

/** @returns {{promise: Promise<void>, resolve: () => void}} */
function deferred() {
  /** @type {() => void} */
  let resolve = () => undefined;
  const promise = new Promise((/** @type {(value: void) => void} */ found) => { resolve = () => found(); });
  return { promise, resolve };
}
