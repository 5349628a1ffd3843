/**
 * A film or sound and the element that plays it: what breaks off goes on where it stood. What a person wants of it goes
 * to `control`, while there is one: so others who watch along want it too.
 */

import { Attempts, phaseOf } from "./playing.js";

/** From this state on there is something to be shown at the place where it stands. */
const READY = 3;
/** What is to play and hasn't moved for so long stands still, whatever the element says: some say that they are ready. */
const STILL_MS = 750;
const LOOK_MS = 250;
const HEARD = ["loadedmetadata", "durationchange", "play", "pause", "playing", "waiting", "stalled", "canplay", "seeking",
  "seeked", "timeupdate", "ended", "progress", "volumechange", "ratechange"];

/**
 * @typedef {{play: () => void, pause: () => void, seek: (seconds: number) => void}} Control
 */

export class Player {
  /** @type {Control|null} */
  control = null;
  /** The browser wants a person to ask for it. */
  isRefused = false;
  #element;
  #way;
  #changed;
  #attempts = new Attempts();
  #isWanted = false;
  #isAgain = false;
  #isClosed = false;
  /** Why it is over; null: it isn't. @type {unknown} */
  #failure = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  /** Where it was seen last, and since when. */
  #seen = { position: 0, since: 0 };
  #isStill = false;
  #looking;

  /**
   * @param {HTMLMediaElement} element
   * @param {import("./ways.js").Way} way
   * @param {() => void} changed  something is otherwise than it was
   */
  constructor(element, way, changed) {
    this.#element = element;
    this.#way = way;
    this.#changed = changed;
    for (const kind of HEARD) element.addEventListener(kind, () => this.#heard(kind));
    element.addEventListener("error", () => this.#broke());
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  /** In seconds; 0 while it isn't known. */
  get duration() {
    return Number.isFinite(this.#element.duration) ? this.#element.duration : 0;
  }

  get position() {
    return this.#isAgain || this.#element.readyState === 0 ? this.#attempts.position : this.#element.currentTime;
  }

  /** Whether it is to stand still. */
  get isPaused() {
    return !this.#isWanted;
  }

  /** Whether there is nothing to go on with, though it is to play. */
  get isStalled() {
    return this.#isAgain || this.#isStill || this.#element.readyState < READY;
  }

  get failure() {
    return this.#failure;
  }

  /** Up to where it can be played from here, in seconds. */
  get buffered() {
    const { buffered } = this.#element;
    for (let at = 0; at < buffered.length; at += 1) {
      if (buffered.start(at) <= this.position + 0.1 && buffered.end(at) >= this.position) return buffered.end(at);
    }
    return this.position;
  }

  /** @returns {import("./playing.js").Phase} */
  get phase() {
    const { readyState, ended } = this.#element;
    return phaseOf({
      isKnown: readyState > 0, isPaused: this.isPaused, isEnded: ended && !this.#isAgain, isReady: !this.isStalled,
      isAwaited: this.#way.isAwaited, isAgain: this.#isAgain, isOver: this.#failure !== null,
    });
  }

  /** Asks for it, from where it stood. */
  async start() {
    try {
      const address = await this.#way.address();
      if (this.#isClosed) return;
      this.#element.src = address;
    } catch (error) {
      this.#over(error);
    }
  }

  /** Once more, after it was over. */
  again() {
    this.#failure = null;
    this.#attempts = Object.assign(new Attempts(), { position: this.#attempts.position });
    this.#isAgain = true;
    this.#changed();
    void this.start();
  }

  // --- what a person wants ---------------------------------------------------------------------------------------------

  toggle() {
    const { control } = this;
    if (this.isPaused) (control ?? this).play();
    else (control ?? this).pause();
  }

  /** @param {number} seconds */
  goTo(seconds) {
    (this.control ?? this).seek(Math.min(Math.max(seconds, 0), this.duration));
  }

  // --- what is done ----------------------------------------------------------------------------------------------------

  play() {
    this.#isWanted = true;
    if (this.#isAgain) return this.#changed();
    this.#element.play().then(() => this.#refused(false), (error) => this.#refused(error?.name === "NotAllowedError"));
    this.#changed();
  }

  pause() {
    this.#isWanted = false;
    this.#element.pause();
    this.#changed();
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.#attempts.reached(seconds, true);
    if (!this.#isAgain && this.#element.readyState > 0) this.#element.currentTime = seconds;
    this.#changed();
  }

  /** @param {number} rate */
  setRate(rate) {
    if (this.#element.playbackRate !== rate) this.#element.playbackRate = rate;
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    this.#element.pause();
    this.#element.removeAttribute("src");
    this.#element.load();
    this.#way.close();
  }

  /** @param {boolean} isRefused */
  #refused(isRefused) {
    if (this.isRefused === isRefused || this.#isClosed) return;
    this.isRefused = isRefused;
    this.#changed();
  }

  /** @param {string} kind */
  #heard(kind) {
    const { currentTime, ended, readyState } = this.#element;
    if (kind === "loadedmetadata") this.#goOn();
    else if (readyState > 0 && !this.#isAgain && ["timeupdate", "seeked"].includes(kind)) this.#attempts.reached(currentTime, kind === "seeked");
    if (ended) this.#isWanted = false;
    this.#changed();
  }

  /** Whether it moves, as it should. */
  #look() {
    const now = performance.now();
    const { currentTime, paused, ended } = this.#element;
    if (paused || ended || currentTime !== this.#seen.position) this.#seen = { position: currentTime, since: now };
    const isStill = now - this.#seen.since >= STILL_MS;
    if (isStill === this.#isStill) return;
    this.#isStill = isStill;
    this.#changed();
  }

  /** It is there, or there again. */
  #goOn() {
    this.#isAgain = false;
    const { position } = this.#attempts;
    if (position > 0) this.#element.currentTime = position;
    if (this.#isWanted) this.play();
  }

  #broke() {
    const { error } = this.#element;
    if (this.#isClosed || error === null || !this.#element.hasAttribute("src")) return;
    if (this.#way.failure !== null) return this.#over(this.#way.failure);
    const wait = this.#attempts.failed(error.code, this.#way.isAwaited);
    if (wait === null) return this.#over(Object.assign(new Error("not played"), { code: "not_played" }));
    this.#isAgain = true;
    this.#changed();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.start(), wait);
  }

  /** @param {unknown} why */
  #over(why) {
    if (this.#isClosed) return;
    this.#failure = why;
    this.#isWanted = false;
    this.#changed();
  }
}
