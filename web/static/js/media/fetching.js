/** How objects of a file come from the store and go there: by addresses that were signed for one object each. */

import { Refusal } from "../protocol/errors.js";

/**
 * @typedef {import("./source.js").Address} Address
 *
 * What became of an object that was sent. `unknown`: whether it has landed is asked of the server. `again`: in so many
 * seconds, since too many ask for that now.
 * @typedef {"done"|"expired"|"unknown"|"offline"|"full"|{again: number}} Sent
 */

/** An object that doesn't move for so long is given up. */
const STALL_MS = 60_000;
const FORBIDDEN = 403;
const FULL = 507;
/** Others are served first; and the store can't be had for a moment. */
const BUSY = 429;
const AWAY = 503;
const LONGEST_SECONDS = 86_400;
const GONE = [404, 410];

/**
 * @param {Address} address
 * @param {[number, number]|null} range
 * @param {{length: number, signal?: AbortSignal}} how  length: how many bytes that are, and none more is taken
 * @returns {Promise<Uint8Array>} fewer of them, if there are no more
 * @throws {Refusal} `url_expired`, `segment_missing`, `segment_length`; `too_many`, `unavailable`; `unreachable`: also where
 *   nothing moves any more, and where the signal was aborted
 */
export async function getObject({ url, headers }, range, { length, signal }) {
  const all = new Headers(headers);
  if (range !== null) all.set("Range", `bytes=${range[0]}-${range[1] - 1}`);
  const ending = new AbortController();
  const stop = () => ending.abort();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let stalled;
  const moving = () => {
    clearTimeout(stalled);
    stalled = setTimeout(stop, STALL_MS);
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  moving();
  try {
    const answer = await fetch(url, {
      headers: all, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", mode: "cors",
      signal: ending.signal,
    });
    return await taken(answer, range, length, moving);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("unreachable");
  } finally {
    clearTimeout(stalled);
    signal?.removeEventListener("abort", stop);
    // Of what isn't wanted nothing more comes.
    stop();
  }
}

/** @param {Response} answer  @param {[number, number]|null} range  @param {number} length  @param {() => void} moving */
async function taken({ status, headers, body }, range, length, moving) {
  if (status === FORBIDDEN) throw new Refusal("url_expired");
  if (GONE.includes(status)) throw new Refusal("segment_missing");
  if (status === BUSY || status === AWAY) {
    throw new Refusal(status === BUSY ? "too_many" : "unavailable", { retryAfter: secondsOf(headers.get("Retry-After")) });
  }
  // A store that doesn't know ranges answers with all of it.
  const isAll = range !== null && status === 200;
  if (!isAll && status !== (range === null ? 200 : 206)) throw new Refusal(status < 500 ? "segment_length" : "unreachable");
  const bytes = new Uint8Array(length);
  let at = isAll ? -range[0] : 0;
  const reader = body?.getReader();
  while (reader !== undefined) {
    const { value, done } = await reader.read();
    if (done) break;
    moving();
    const piece = value.subarray(Math.min(Math.max(-at, 0), value.length), Math.max(length - at, 0));
    bytes.set(piece, Math.max(at, 0));
    at += value.length;
    if (isAll && at >= length) break;
    if (at > length) throw new Refusal("segment_length");
  }
  return bytes.subarray(0, Math.min(Math.max(at, 0), length));
}

/**
 * Sends an object; by XMLHttpRequest, which tells how far it is.
 * @param {Address} address
 * @param {Uint8Array} object
 * @param {{progress: (bytes: number) => void, signal: AbortSignal}} how
 * @returns {Promise<Sent>}
 * @throws what the signal was aborted with
 */
export function putObject({ url, headers }, object, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let stalled;
    const moving = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALL_MS);
    };
    const ended = (/** @type {() => void} */ end) => {
      clearTimeout(stalled);
      signal.removeEventListener("abort", stop);
      end();
    };
    const stop = () => {
      request.abort();
      ended(() => reject(signal.reason));
    };
    request.upload.addEventListener("progress", ({ loaded }) => {
      moving();
      progress(loaded);
    });
    request.addEventListener("load", () => ended(() => resolve(sentOf(request))));
    request.addEventListener("error", () => ended(() => resolve(globalThis.navigator?.onLine === false ? "offline" : "unknown")));
    request.addEventListener("abort", () => ended(() => resolve("unknown")));
    request.open("PUT", url);
    // The browser gives the length by itself, and lets nobody else.
    for (const [name, value] of Object.entries(headers)) {
      if (name.toLowerCase() !== "content-length" && name.toLowerCase() !== "host") request.setRequestHeader(name, value);
    }
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop);
    moving();
    request.send(/** @type {Uint8Array<ArrayBuffer>} */ (object));
  });
}

/** @param {XMLHttpRequest} request  @returns {Sent} */
function sentOf(request) {
  const { status } = request;
  if (status >= 200 && status < 300) return "done";
  if (status === FULL) return "full";
  // Of another origin no header may be read but those that it names.
  if (status === BUSY || status === AWAY) return { again: secondsOf(request.getResponseHeader("Retry-After")) ?? 0 };
  return status === FORBIDDEN ? "expired" : "unknown";
}

/** @param {string|null} header  @returns {number|null} */
const secondsOf = (header) => (header !== null && /^\d{1,6}$/.test(header) ? Math.min(Number(header), LONGEST_SECONDS) : null);
