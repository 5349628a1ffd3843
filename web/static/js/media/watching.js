/** One's own player among those of others who watch the same film: what is wished here is said there, and the other way round. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { openTogether, sealTogether } from "../protocol/conversations/together.js";
import { Together } from "./together.js";

/** So often it is looked how it stands, and said that one is there. */
const LOOK_MS = 250;
const SAY_MS = 3000;
/** Who goes through a film says where to no more often than this. */
const APART_MS = 250;
/** After a jump an element needs a moment: that isn't yet a thing to wait for. */
const PATIENCE_MS = 800;
/** At its end nobody is carried any further. */
const END_MS = 300;

/**
 * @typedef {object} Ports
 * @property {string} conversation
 * @property {Uint8Array} file
 * @property {string} device  own one
 * @property {() => Promise<{seed: Uint8Array, record: Uint8Array}>} epoch  in force
 * @property {(sealed: string) => void} signal  to whoever listens in the conversation
 * @property {() => number} now  by the server's clock
 * @property {(size: number) => Uint8Array} random
 * @property {import("./player.js").Player} player
 * @property {() => void} changed
 *
 * @typedef {{device: string, sealed: string}} Signal
 */

export class Watching {
  #ports;
  #together;
  #timer;
  #said = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #saying;
  /** Since when there is nothing to go on with. @type {number|null} */
  #lacks = null;
  #drawn = "";

  /** @param {Ports} ports */
  constructor(ports) {
    this.#ports = ports;
    this.#together = new Together(ports.device, () => toBase64url(ports.random(16)));
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  get isIn() {
    return this.#together.isIn;
  }

  /** Devices of the others. */
  get others() {
    return this.#together.others;
  }

  /** A device that it stands still for, or null. */
  get waitsFor() {
    return this.#together.waitsFor;
  }

  /** Whether others are waited for. */
  get isWaiting() {
    return this.#together.wish?.isWaiting ?? true;
  }

  /** To be called from a touch: browsers play for nobody else. */
  join() {
    const { player, now } = this.#ports;
    this.#together.join({ isPlaying: !player.isPaused, position: this.#position() }, now());
    player.control = {
      play: () => this.#want({ isPlaying: true }), pause: () => this.#want({ isPlaying: false, position: this.#position() }),
      seek: (seconds) => this.#want({ position: Math.round(seconds * 1000) }),
    };
    if (this.#together.wish?.isPlaying) player.play();
    this.#say();
    this.#look();
  }

  leave() {
    const { player, now, changed } = this.#ports;
    if (!this.isIn) return;
    void this.#send(this.#together.said(now(), true));
    this.#together.leave();
    player.control = null;
    player.setRate(1);
    changed();
  }

  /** @param {boolean} isWaiting */
  wait(isWaiting) {
    this.#want({ isWaiting });
  }

  /** @param {Signal} signal  of another device, in this conversation */
  async hear({ device, sealed }) {
    const { conversation, file, epoch, now } = this.#ports;
    try {
      const where = { ...await epoch(), conversation: fromBase64url(conversation), file, device: fromBase64url(device) };
      const { session, by, ...said } = await openTogether(where, fromBase64url(sealed));
      this.#together.hear(device, { ...said, session: toBase64url(session), by: toBase64url(by) }, now());
    } catch (error) {
      // Of another film, or of an epoch that isn't known here yet: the next one will be.
      if (!(error instanceof Refusal)) throw error;
    }
    this.#look();
  }

  close() {
    this.leave();
    clearInterval(this.#timer);
    clearTimeout(this.#saying);
  }

  #position() {
    return Math.round(this.#ports.player.position * 1000);
  }

  /** @param {Parameters<Together["want"]>[0]} change */
  #want(change) {
    this.#together.want(change, this.#ports.now());
    this.#look();
    // What follows fast is said once.
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => this.#say(), Math.max(0, this.#said + APART_MS - performance.now()));
  }

  #say() {
    this.#said = performance.now();
    void this.#send(this.#together.said(this.#ports.now()));
  }

  /** @param {import("./together.js").Heard|null} heard */
  async #send(heard) {
    if (heard === null) return;
    const { conversation, file, device, epoch, random, signal } = this.#ports;
    try {
      const where = { ...await epoch(), conversation: fromBase64url(conversation), file, device: fromBase64url(device) };
      const said = { ...heard, session: fromBase64url(heard.session), by: fromBase64url(heard.by) };
      signal(toBase64url(await sealTogether(where, said, random)));
    } catch (error) {
      // One isn't in it any more.
      if (!(error instanceof Refusal)) throw error;
    }
  }

  #look() {
    const { player, now, changed } = this.#ports;
    const time = now();
    this.#together.forget(time);
    if (this.isIn && player.duration > 0) this.#follow(time);
    const drawn = JSON.stringify([this.isIn, this.others, this.waitsFor, this.isWaiting]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    changed();
  }

  /** @param {number} time */
  #follow(time) {
    const { player } = this.#ports;
    const { wish } = this.#together;
    if (wish === null) return;
    const isOver = this.#together.expected(time) > player.duration * 1000 - END_MS;
    if (!wish.isPlaying && !player.isPaused) player.pause();
    else if (wish.isPlaying && player.isPaused && !isOver) player.play();
    this.#lacks = player.isStalled && !player.isRefused ? this.#lacks ?? time : null;
    const isLacking = this.#lacks !== null && time - this.#lacks >= PATIENCE_MS;
    const hasToSay = this.#together.stalls(isLacking, this.#position(), time);
    if (hasToSay || performance.now() - this.#said >= SAY_MS) this.#say();
    if (this.#lacks !== null || (isOver && wish.isPlaying)) return;
    const { rate, seek } = this.#together.correct(player.position * 1000, time);
    player.setRate(rate);
    if (seek !== null) player.seek(Math.min(seek / 1000, player.duration));
  }
}
