/** How playing stands, and what is done when it stops by itself. Nothing here touches an element. */

/** What an element says of its error. */
export const NETWORK = 2;
export const DECODING = 3;

/** After so many attempts in a row that brought nothing it is over. */
const ATTEMPTS = 5;
const FIRST_MS = 500;
/** What plays for so long has come about. */
const SETTLED_SECONDS = 3;

/**
 * @typedef {"loading"|"paused"|"playing"|"stalled"|"sender"|"again"|"ended"|"over"} Phase
 *   stalled: bytes are on their way; sender: they haven't been sent yet; again: it broke off, and is tried again
 *
 * @typedef {object} Facts
 * @property {boolean} isKnown  how long it is
 * @property {boolean} isPaused
 * @property {boolean} isEnded
 * @property {boolean} isReady  there is something to be shown at the place where it stands
 * @property {boolean} isAwaited  the source waits for what hasn't landed
 * @property {boolean} isAgain
 * @property {boolean} isOver
 */

/** @param {Facts} facts  @returns {Phase} */
export function phaseOf({ isKnown, isPaused, isEnded, isReady, isAwaited, isAgain, isOver }) {
  if (isOver) return "over";
  if (isEnded) return "ended";
  if (isAwaited && !isReady) return "sender";
  if (isAgain) return "again";
  if (!isKnown) return "loading";
  if (isPaused) return "paused";
  return isReady ? "playing" : "stalled";
}

/**
 * Attempts at one film. Where it stood when it broke off is gone on from; only what has played for a while makes earlier
 * failures forgotten, and so no film is asked for without end.
 */
export class Attempts {
  /** Where it is gone on from, in seconds. */
  position = 0;
  #failed = 0;
  #since = 0;

  /** It has come to here. @param {number} position  @param {boolean} isSought  somebody went there */
  reached(position, isSought = false) {
    if (isSought || position < this.#since) this.#since = position;
    this.position = position;
    if (position - this.#since >= SETTLED_SECONDS) this.#failed = 0;
  }

  /**
   * It has broken off.
   * @param {number} code  as the element says
   * @param {boolean} isAwaited  what is wanted hasn't landed: that is nobody's failure
   * @returns {number|null} after so many milliseconds it is asked for again; null: never
   */
  failed(code, isAwaited) {
    this.#since = this.position;
    if (isAwaited) return FIRST_MS;
    this.#failed += 1;
    // What can't be decoded will not be the next time either, but for bytes that came half.
    if (this.#failed > (code === DECODING ? 1 : ATTEMPTS)) return null;
    return FIRST_MS * 2 ** (this.#failed - 1);
  }
}

/**
 * Hours, minutes and seconds as a player shows them.
 * @param {number} seconds
 * @returns {string}
 */
export function clock(seconds) {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
