/** What a browser does as a device of an account: looks for what is new, daily work, and what is asked of it. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { add, close, remove } from "../protocol/accounts/making.js";
import { RecoveryKeys, readRecoveryWords, recoveryRoot } from "../protocol/accounts/recovery.js";
import { dailyWork } from "./daily.js";
import { sealName } from "./device-names.js";
import { answerTo, lookAt, sealingOf } from "./linking.js";
import { look } from "./look.js";
import { nameOf } from "./own-chain.js";
import { pause } from "./pause.js";
import { SealingKeys } from "./sealing.js";
import { sealToWords } from "./settling.js";
import { Leadership } from "./tabs.js";

/** So often the tab that works looks for what is new, while somebody looks at it. */
const LOOK_MS = 60_000;
/** Two devices that write at once: whoever comes second judges anew. */
const ATTEMPTS = 3;

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 * @typedef {import("./look.js").Seen} Seen
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 * @typedef {import("../protocol/accounts/statements.js").Signed} Signed
 * @typedef {{typed: string, found: Awaited<ReturnType<typeof lookAt>>}} Looked  a request, by the words as typed
 */

export class DeviceWork {
  #parts;
  #device;
  #refused;
  #sealing;
  #leadership;
  /** @type {Seen|null} */
  #seen = null;
  /** @type {Looked|null} */
  #looked = null;
  #isStopped = false;
  /** It goes on with nothing, and can still be deleted. */
  #isSuspended = false;
  /** @type {Promise<void>|null} */
  #looking = null;

  /**
   * @param {Parts} parts
   * @param {ThisDevice} device
   * @param {(refusal: Refusal) => void} refused  what the server says of the device as a whole
   */
  constructor(parts, device, refused) {
    this.#parts = parts;
    this.#device = device;
    this.#refused = refused;
    const { keys, chain, id } = device;
    const { hpke, random } = parts;
    this.#sealing = new SealingKeys(parts.rows, parts.api, { keys, chain, device: id, hpke, random });
    this.#leadership = new Leadership({
      locks: parts.locks, tabs: parts.tabs, lead: (signal) => this.#lead(signal),
      isSeen: () => globalThis.document?.visibilityState !== "hidden",
    });
  }

  /** @throws {Refusal} what stops it, as `locked` or `device_revoked` */
  async begin() {
    const { rows, state } = this.#parts;
    const { isHalfway } = await state.during("opening", () => rows.open());
    if (isHalfway) await this.#rotate();
    await this.#look();
    // Somebody may have signed out in the meantime.
    if (this.#isStopped) return;
    this.#leadership.begin();
    this.#persist();
  }

  /** Looks anew; what stops it is told. */
  async look() {
    if (this.#isStopped && !this.#isSuspended) return;
    try {
      this.#looking ??= this.#look().finally(() => { this.#looking = null; });
      await this.#looking;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {string} typed  @returns {Promise<{device: string, name: string}>} */
  async lookAtLink(typed) {
    const found = await lookAt(this.#parts, typed, { account: this.#device.account, chain: this.#chain() });
    this.#looked = { typed, found };
    return { device: toBase64url(found.request.device), name: found.request.name };
  }

  /**
   * @param {string} typed
   * @param {string} auth_key
   * @param {number|null} since  what was said since then is handed over, in milliseconds; 0: everything, null: nothing
   */
  async acceptLink(typed, auth_key, since) {
    if (this.#looked?.typed !== typed) await this.lookAtLink(typed);
    const { request, keys } = /** @type {Looked} */ (this.#looked).found;
    const { api, clock, rows } = this.#parts;
    const registers = await rows.read("registers");
    // One that was stopped while it was linked has not what a new one must be given.
    if (registers === undefined) throw new Refusal("names_unknown");
    const given = since === null ? registers : { ...registers, history: since };
    // Before it is asked for: whoever is closed now hands it over all the same.
    if (since !== null) await rows.write({ [`handing/${toBase64url(request.device)}`]: { since, at: clock.now() } });
    await this.#write(
      (chain) => chain.keyOf(request.device) !== null,
      (chain) => add(chain, this.#device.keys, request.key, request.consent),
      async (signed, chain) => {
        const { pin } = await chain.extend(signed);
        const answer = await answerTo(keys, this.#device.account, { pin, registers: given });
        await api.addDevice({
          statement: toBase64url(signed.encode()), auth_key, sealing: sealingOf(request), locator: toBase64url(keys.locator),
          answer: toBase64url(answer),
        });
      },
    );
    this.#looked = null;
    // It does so itself, but may be slow, and would stand here without a name.
    const id = toBase64url(request.device);
    await this.rename(id, request.name).catch(() => undefined);
  }

  /** @param {string} id  @param {string} name */
  async rename(id, name) {
    const { api, rows, state } = this.#parts;
    const registers = await rows.read("registers");
    if (registers === undefined) throw new Refusal("names_unknown");
    const sealed = await sealName(registers.names_key, id, name);
    await state.during("asking", () => api.rename(id, sealed));
    await this.#lookAndTell();
  }

  /** @param {string} id  @param {string} auth_key */
  async revoke(id, auth_key) {
    const { api } = this.#parts;
    const removed = fromBase64url(id, 16);
    await this.#write(
      (chain) => chain.keyOf(removed) === null,
      (chain) => remove(chain, this.#device.keys, removed),
      (signed) => api.revoke(id, { statement: toBase64url(signed.encode()), auth_key }),
    );
  }

  /** @param {string} sid */
  async endSession(sid) {
    await this.#parts.state.during("asking", () => this.#parts.api.endSession(sid));
    await this.#lookAndTell();
  }

  /** @param {{auth_key: string, old_auth_key: string}} body */
  async changePassword(body) {
    await this.#parts.state.during("asking", () => this.#parts.api.changePassword(body));
    await this.#lookAndTell();
  }

  async refusePending() {
    await this.#parts.state.during("asking", () => this.#parts.api.refusePending());
    await this.#lookAndTell();
  }

  async seen() {
    const { rows, state, tabs } = this.#parts;
    const kept = await rows.read("chain");
    const reusedSeen = state.current.news.find(({ kind }) => kind === "token_reused")?.at ?? kept?.reusedSeen;
    await rows.write({ chain: { ...kept, news: [], ...(reusedSeen === undefined ? {} : { reusedSeen }) } });
    state.change({ news: [] });
    tabs.tell({ kind: "changed" });
  }

  /** @param {string} auth_key  @param {string} [words]  as typed */
  async deleteAccount(auth_key, words) {
    const { api, argon2id, hpke, salt, state } = this.#parts;
    await this.#look();
    const chain = this.#chain();
    /** @type {CryptoKeyPair} */
    let signer = this.#device.keys;
    if (words !== undefined) {
      const typed = readRecoveryWords(words);
      const root = await state.during("deriving", () => recoveryRoot(typed, salt, argon2id));
      const { signing } = await RecoveryKeys.derived(root, await hpke());
      if (toBase64url(signing.publicBytes) !== toBase64url(chain.recovery)) throw new Refusal("words_wrong");
      signer = signing;
    }
    const signed = await close(chain, signer);
    await this.#remember(signed);
    const statement = toBase64url(signed.encode());
    const answer = await state.during("asking", () => api.deleteAccount({ auth_key, statement }));
    if (!answer.deleted) await this.#lookAndTell();
    return answer;
  }

  /** What else the one tab does that works. @param {(signal: AbortSignal) => Promise<void>} work  until its signal says to stop */
  join(work) {
    this.#leadership.join(work);
  }

  /** It may not go on: nothing is looked for any more. */
  stop() {
    this.#isStopped = true;
    this.#leadership.close();
  }

  close() {
    this.stop();
    this.#isSuspended = false;
    this.#looked = null;
    this.#seen = null;
  }

  /**
   * Makes a statement, remembers it, and posts it; anew if somebody was faster.
   * @param {(chain: Chain) => boolean} isDone
   * @param {(chain: Chain) => Promise<Signed>} make
   * @param {(signed: Signed, chain: Chain) => Promise<unknown>} post
   */
  async #write(isDone, make, post) {
    for (let attempt = 1; ; attempt += 1) {
      await this.#look();
      const chain = this.#chain();
      // Done already: the answer was lost, or another device was faster.
      if (isDone(chain)) break;
      const signed = await make(chain);
      // Before anybody else can know it: else it would look as if somebody had this device's keys.
      await this.#remember(signed);
      try {
        await this.#parts.state.during("asking", () => post(signed, chain));
        break;
      } catch (error) {
        const { code } = /** @type {Refusal} */ (error);
        if (code !== "conflict" || attempt === ATTEMPTS) throw error;
      }
    }
    await this.#lookAndTell();
  }

  /** @param {Signed} signed */
  async #remember(signed) {
    const { rows } = this.#parts;
    const made = (await rows.read("made"))?.statements ?? [];
    await rows.write({ made: { statements: [...new Set([...made, await nameOf(signed.encode())])] } });
  }

  async #look() {
    this.#seen = await look(this.#parts, this.#device, this.#sealing);
    const { shown } = this.#seen;
    if (shown.phase === "suspended" && !this.#isStopped) {
      this.#isSuspended = true;
      this.stop();
    }
    // Once that is lifted it begins anew.
    if (!this.#isStopped || (this.#isSuspended && shown.phase === "suspended")) this.#parts.state.change(shown);
  }

  async #lookAndTell() {
    this.#parts.tabs.tell({ kind: "changed" });
    await this.look();
  }

  /** As the one tab that works. @param {AbortSignal} signal */
  async #lead(signal) {
    for (;;) {
      try {
        const seen = this.#seen;
        if (seen !== null) {
          const { chain, number, began } = seen;
          await dailyWork(this.#parts, this.#device, { chain, number, began, sealing: this.#sealing });
        }
      } catch (error) {
        this.#failed(error);
      }
      await pause(LOOK_MS, signal);
      if (signal.aborted) return;
      if (globalThis.document?.visibilityState !== "hidden") {
        await this.look();
        this.#parts.tabs.tell({ kind: "changed" });
      }
    }
  }

  /**
   * In what nobody has asked for: what the server says of this device is shown, any other no is for the next time.
   * @param {unknown} error
   */
  #failed(error) {
    if (this.#isStopped) return;
    try {
      this.#refused(/** @type {Refusal} */ (error));
    } catch {
      if (!(error instanceof Refusal)) globalThis.reportError?.(error);
    }
  }

  async #rotate() {
    const { rows } = this.#parts;
    const registers = await rows.read("registers");
    await rows.rotate(sealToWords(this.#parts, registers?.recovery_seal ?? null));
  }

  async #persist() {
    const { storage } = navigator;
    const persisted = await storage?.persist?.().catch(() => false) ?? false;
    if (!this.#isStopped) this.#parts.state.change({ persisted });
  }

  #chain() {
    if (this.#seen === null) throw new Refusal("unreachable");
    return this.#seen.chain;
  }
}
