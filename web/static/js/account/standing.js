/**
 * What this browser is to the account: nothing, signed in, a device. How that begins at the start of a page, and
 * how the server's refusals change it.
 */

import { toBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { NOTHING_KNOWN } from "./account-state.js";
import { forgetAll } from "./storage.js";
import { fateOf, readDevice, setFate } from "./this-device.js";

/** So often a device whose server can't be reached tries again. */
const AGAIN_MS = 10_000;
export const SIGNED_OUT = Object.freeze({ ...NOTHING_KNOWN, phase: /** @type {const} */ ("signed_out") });

/**
 * What is shown where nobody is signed in any more. Not whose device it was: the address lies sealed under a key of
 * which the server gives its half to a session alone, and a page that was signed out doesn't show it.
 * @param {ThisDevice|null} device
 * @returns {Readonly<AccountState>}
 */
export const endedAs = (device) => (device === null || device.begun !== null ? SIGNED_OUT
  : { ...NOTHING_KNOWN, phase: "ended", device: toBase64url(device.id) });

/** What the server says, or its answers show, of this browser as a whole. */
const DISTRUST = ["chain_back", "chain_fork"];
const STANDING = [
  "session_ended", "unauthorized", "proof_wrong", "device_revoked", "suspended", "device_copied", "locked", "link_expired",
  ...DISTRUST,
];

/**
 * @typedef {import("./account-state.js").AccountState} AccountState
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 * @typedef {import("./parts.js").Parts} Parts
 */

/** @param {unknown} error */
const isStanding = (error) => STANDING.includes(/** @type {Refusal} */ (error).code);

export class Standing {
  /** What this browser is, or is about to be. @type {ThisDevice|null} */
  device = null;
  /** What it does as a device, while it is one. @type {import("./device-work.js").DeviceWork|null} */
  work = null;
  #parts;
  #state;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #again;
  #isClosed = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#state = parts.state;
    parts.tabs.listen((told) => {
      if (told.kind === "token") parts.tokens.learn(told.access);
      if (told.kind === "signed_out") this.#signedOut();
      if (told.kind === "signed_in" && !this.#isIn()) this.start();
      if (told.kind === "changed") this.work?.look();
    });
    globalThis.addEventListener?.("online", this.#retry);
    globalThis.addEventListener?.("offline", this.#look);
    // Whoever comes back to the tab wants to see how things are now.
    globalThis.document?.addEventListener("visibilitychange", this.#look);
  }

  /** Reads what is kept here, and goes on with a session if there is one. */
  async start() {
    const { inside, storage, tokens } = this.#parts;
    const [device, fate] = await Promise.all([readDevice(storage), fateOf(storage)]);
    this.device = device;
    tokens.proveBy(device?.keys ?? null);
    if (fate === "revoked") {
      this.#state.change({ ...NOTHING_KNOWN, phase: "revoked" });
      return;
    }
    try {
      if (fate === "signed_out") {
        await tokens.end();
        await setFate(storage, null);
        this.#state.change(endedAs(this.device));
        return;
      }
      // A device has nothing to read meanwhile. Whoever needs it hears if it doesn't come.
      if (device !== null) inside().catch(() => undefined);
      await tokens.refresh();
      await this.within();
    } catch (error) {
      this.refused(/** @type {Refusal} */ (error));
    }
  }

  /** There is a session: of this device, or of none. */
  async within() {
    const { access } = this.#parts.tokens;
    if (access === null) throw new Refusal("session_ended");
    if (this.device !== null && access.device === toBase64url(this.device.id)) return this.enter();
    const { chain, pending, account, createdDay } = await this.#parts.api.me();
    const { address } = this.#state.current;
    const device = this.device === null ? null : toBase64url(this.device.id);
    if (this.device !== null && this.device.account === account && chain === toBase64url(this.device.chain)) {
      // What has waited has come to pass, but this session doesn't know of it.
      if (this.device.begun?.kind === "genesis") return this.leave({ ...NOTHING_KNOWN, phase: "ended", address, device });
    }
    this.#state.change({
      ...SIGNED_OUT, phase: "no_device", address, account, createdDay, pending, hasDevices: chain !== null,
    });
    // Confirmed, and perhaps never posted.
    if (this.device?.begun?.kind === "genesis" && pending === null && chain === null) {
      const { Founding } = await this.#parts.inside();
      const waits = await Founding.again(this.#parts, this.device);
      if (waits === null) return this.enter();
      this.#state.change({ pending: waits });
    }
    return undefined;
  }

  /** This browser is a device, and its session is the device's. */
  async enter() {
    const device = /** @type {ThisDevice} */ (this.device);
    try {
      const { DeviceWork, finishLink, settle } = await this.#parts.inside();
      if (device.begun?.kind === "link") await finishLink(this.#parts, device);
      else if (device.begun !== null) await settle(this.#parts, device, {});
      this.work?.close();
      if (this.#isClosed) return;
      this.work = new DeviceWork(this.#parts, device, (error) => this.refused(error));
      await this.work.begin();
      if (!this.#isClosed) this.#parts.tabs.tell({ kind: "signed_in" });
    } catch (error) {
      this.work?.close();
      this.work = null;
      if (this.#isClosed) return;
      this.refused(/** @type {Refusal} */ (error));
    }
  }

  /**
   * Does something, and shows how this browser stands if it is refused for that.
   * @template T
   * @param {() => Promise<T>} does
   * @returns {Promise<T>}
   */
  async minding(does) {
    try {
      return await does();
    } catch (error) {
      if (isStanding(error)) this.refused(/** @type {Refusal} */ (error));
      throw error;
    }
  }

  /** What a no means for all of it. @param {Refusal} refusal */
  refused(refusal) {
    const { code } = refusal;
    if (!isStanding(refusal) && !isPassing(refusal)) throw refusal;
    if (isPassing(refusal)) {
      this.#state.change({ phase: "offline" });
      clearTimeout(this.#again);
      if (!this.#isClosed) this.#again = setTimeout(this.#retry, AGAIN_MS);
    } else if (code === "device_revoked") void this.revoked();
    else if (code === "link_expired") this.#unlinked();
    else if (code === "suspended") this.#stop("suspended");
    else if (code === "device_copied") this.#stop("copied");
    else if (code === "locked") this.#stop("locked");
    else if (DISTRUST.includes(code)) this.#stop("distrusted", code);
    else if (code === "proof_wrong" && this.device === null) this.leave({ ...NOTHING_KNOWN, phase: "evicted" });
    else this.leave(endedAs(this.device));
  }

  /** @param {import("./account-state.js").Phase} phase  @param {string|null} [reason] */
  #stop(phase, reason = null) {
    this.work?.stop();
    this.#state.change({ phase, reason });
  }

  /** Added, and never given what makes it a device: it is to be linked anew. */
  async #unlinked() {
    await this.forget();
    await this.#parts.tokens.end().catch(() => undefined);
    this.leave(SIGNED_OUT);
  }

  /**
   * The account has no such device any more.
   * @param {string|null} [address]  where somebody has just typed it
   */
  async revoked(address = null) {
    await this.forget();
    await setFate(this.#parts.storage, "revoked");
    this.#parts.tokens.drop();
    this.leave({ ...NOTHING_KNOWN, phase: "revoked", address });
  }

  /** Drops all that lies here. */
  async forget() {
    this.device = null;
    this.#parts.tokens.proveBy(null);
    this.#parts.rows.forget();
    await forgetAll(this.#parts.storage);
  }

  /** Nothing is done any more for whoever was signed in. @param {Readonly<AccountState>} state  what is shown then */
  leave(state) {
    this.work?.close();
    this.work = null;
    this.#parts.rows.forget();
    this.#parts.tokens.drop();
    this.#state.change(state);
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#again);
    globalThis.removeEventListener?.("online", this.#retry);
    globalThis.removeEventListener?.("offline", this.#look);
    globalThis.document?.removeEventListener("visibilitychange", this.#look);
    this.work?.close();
  }

  #look = () => {
    if (globalThis.document?.visibilityState === "hidden") return;
    // It may be lifted.
    if (this.#state.current.phase === "suspended") void this.start();
    else this.work?.look();
  };

  #retry = () => {
    if (this.#state.current.phase !== "offline") return;
    if (this.work === null) this.start();
    else this.work.look();
  };

  /** In another tab. */
  async #signedOut() {
    this.work?.close();
    this.work = null;
    this.device = await readDevice(this.#parts.storage);
    this.#parts.tokens.proveBy(this.device?.keys ?? null);
    this.leave(endedAs(this.device));
  }

  #isIn() {
    return ["loading", "ready", "offline", "no_device"].includes(this.#state.current.phase);
  }
}
