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
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `url_expired`, `segment_missing`, `segment_length`, `unreachable`; `too_many`, `unavailable`
 */
export async function getObject({ url, headers }, range) {
  const all = new Headers(headers);
  if (range !== null) all.set("Range", `bytes=${range[0]}-${range[1] - 1}`);
  let answer;
  try {
    answer = await fetch(url, {
      headers: all, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", mode: "cors",
    });
    if (answer.status === FORBIDDEN) throw new Refusal("url_expired");
    if (GONE.includes(answer.status)) throw new Refusal("segment_missing");
    if (answer.status === BUSY || answer.status === AWAY) {
      throw new Refusal(answer.status === BUSY ? "too_many" : "unavailable", { retryAfter: secondsOf(answer.headers.get("Retry-After")) });
    }
    if (answer.status !== (range === null ? 200 : 206)) {
      // A store that doesn't know ranges answers with all of it.
      if (range !== null && answer.status === 200) return new Uint8Array(await answer.arrayBuffer()).subarray(range[0], range[1]);
      throw new Refusal(answer.status < 500 ? "segment_length" : "unreachable");
    }
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("unreachable");
  }
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
