/**
 * Which files the devices of an account know, and by which keys: what was sent here or looked at is told the other own
 * devices, so that one that is linked later opens them without the messages that named them (docs/conversations.md, 9.2).
 */

import { Refusal } from "../protocol/errors.js";
import { readRegistered, registeredValue } from "../protocol/files/contents.js";

/** @typedef {import("../protocol/files/contents.js").Registered} Registered */

const REGISTER = "files";

export class KnownFiles {
  #own;
  #now;
  /** What is being told, one after the other. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /**
   * @param {Pick<import("../conversations/own-devices.js").OwnDevices, "registers"|"note"|"flush">} own
   * @param {() => number} now
   */
  constructor(own, now) {
    this.#own = own;
    this.#now = now;
  }

  /** @returns {Promise<Map<string, Registered>>} by their ids, base64url */
  async all() {
    const found = new Map();
    for (const [id, value] of (await this.#own.registers()).all(REGISTER)) {
      const one = readOrNull(id, value);
      if (one !== null) found.set(id, one);
    }
    return found;
  }

  /** @param {string} id  @returns {Promise<Registered|null>} */
  async one(id) {
    return readOrNull(id, (await this.#own.registers()).get(REGISTER, id));
  }

  /**
   * Tells of one, where nobody has, or more is known of it now.
   * @param {string} id
   * @param {Registered} one
   */
  tell(id, one) {
    return this.#inTurn(async () => {
      const before = await this.one(id);
      const isNew = before === null || (one.digest !== null && before.digest === null) || one.until !== before.until;
      if (!isNew) return;
      const digest = one.digest ?? before?.digest ?? null;
      await this.#own.note(REGISTER, id, registeredValue({ ...one, digest }));
      await this.#own.flush();
    });
  }

  /** It is gone. @param {string} id */
  forget(id) {
    return this.#inTurn(async () => {
      if ((await this.#own.registers()).get(REGISTER, id) === null) return;
      await this.#own.note(REGISTER, id, null);
      await this.#own.flush();
    });
  }

  /** Nobody keeps keys of what has ended by itself. */
  tidy() {
    return this.#inTurn(async () => {
      const now = this.#now();
      let dropped = 0;
      for (const [id, { until }] of await this.all()) {
        if (until + LATE_MS > now) continue;
        await this.#own.note(REGISTER, id, null);
        dropped += 1;
      }
      if (dropped > 0) await this.#own.flush();
    });
  }

  /** What can't be told now waits in the outbox. @param {() => Promise<void>} work  @returns {Promise<void>} */
  #inTurn(work) {
    const done = this.#turn.then(work).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** An upload may have gone on since this was told, and ended later by that. */
const LATE_MS = 40 * 86_400_000;

/** @param {string} id  @param {unknown} value  @returns {Registered|null} */
function readOrNull(id, value) {
  try {
    return value === null ? null : readRegistered(id, value);
  } catch {
    // Of a later version.
    return null;
  }
}
