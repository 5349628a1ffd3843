/**
 * An account in this browser: all that a page of accounts may ask for, and one state that says how things are.
 * Whatever is written, posted or destroyed for it is done by the modules beside this one.
 */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { newAddress, readAddress } from "../protocol/accounts/addresses.js";
import { normalized } from "../protocol/accounts/passwords.js";
import { randomBelow } from "../device/random.js";
import { NOTHING_KNOWN, StateHolder } from "./account-state.js";
import { authKeyOf } from "./credentials.js";
import { DeviceWork } from "./device-work.js";
import { Founding } from "./founding.js";
import { askToBeLinked, finishLink } from "./linking.js";
import { missing, openParts } from "./parts.js";
import { openKept, recoverAccount } from "./recovering.js";
import { settle } from "./settling.js";
import { forgetAll } from "./storage.js";
import { fateOf, readDevice, setFate } from "./this-device.js";

/** So often a device whose server can't be reached tries again. */
const AGAIN_MS = 10_000;
const SIGNED_OUT = Object.freeze({ ...NOTHING_KNOWN, phase: /** @type {const} */ ("signed_out") });

/**
 * @typedef {import("./account-state.js").AccountState} AccountState
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 * @typedef {import("./parts.js").Parts} Parts
 */

export class AccountClient {
  #parts;
  #state;
  /** What this browser is, or is about to be. @type {ThisDevice|null} */
  #device = null;
  /** What it does as a device, once it is one. @type {DeviceWork|null} */
  #work = null;
  /** @type {Founding} */
  #founding;
  /** @type {{cancel: () => void}|null} */
  #link = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #again;
  #isClosed = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#state = parts.state;
    this.#founding = new Founding(parts);
    parts.tabs.listen((told) => {
      if (told.kind === "token") parts.tokens.learn(told.access);
      if (told.kind === "signed_out") this.#leave(SIGNED_OUT);
      if (told.kind === "signed_in" && !this.#isIn()) this.#start();
      if (told.kind === "changed") this.#work?.look();
    });
    globalThis.addEventListener?.("online", this.#retry);
  }

  /**
   * Reads what is kept here, and goes on with a session if there is one.
   * @param {import("./parts.js").Given & {language?: string}} given
   * @returns {Promise<AccountClient>}
   */
  static async open(given) {
    const state = new StateHolder();
    const reason = await missing();
    if (reason !== null) return AccountClient.#without(state, reason);
    try {
      const client = new AccountClient(await openParts(state, given));
      await client.#start();
      return client;
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== "no_storage") throw error;
      return AccountClient.#without(state, "no_storage");
    }
  }

  /** A client that can only say why it can't. @param {StateHolder} state  @param {string} reason */
  static #without(state, reason) {
    state.change({ phase: "unsupported", reason });
    const tabs = { listen() {}, close() {} };
    return new AccountClient(/** @type {Parts} */ (/** @type {unknown} */ ({ state, tabs })));
  }

  /** @returns {Readonly<AccountState>} */
  get state() {
    return this.#state.current;
  }

  /** @param {(state: Readonly<AccountState>) => void} listener  @returns {() => void} ends it */
  subscribe(listener) {
    return this.#state.subscribe(listener);
  }

  /** @param {string} name  as typed  @returns {string} @throws {Refusal} `address_form` */
  proposeAddress(name) {
    return newAddress(name, randomBelow);
  }

  /**
   * @param {{address: string, password: string, invitation?: string}} typed
   * @returns {Promise<{words: string}>} to be confirmed: until then there is an account, but no device
   * @throws {Refusal} `address_form`, `password_length`, `address_taken`, `invitation_…`, the server's
   */
  async register({ address: typed, password, invitation }) {
    const address = readAddress(typed);
    const auth_key = await authKeyOf(this.#parts, address, password);
    const body = { address, auth_key, cookie: true, ...(invitation === undefined ? {} : { invitation }) };
    const { account } = await this.#state.during("asking", () => this.#parts.tokens.open("auth/register", body));
    this.#state.change({ ...SIGNED_OUT, phase: "no_device", address, account });
    return { words: this.#founding.words() };
  }

  /** The ten words were written down: this browser becomes the first device. */
  async confirmWords() {
    const { device, pending } = await this.#founding.confirm(this.#address());
    this.#device = device;
    if (pending === null) await this.#enter();
    else this.#state.change({ pending });
  }

  /** @returns {Promise<{words: string}>} as `register`; for an account that has no device yet */
  async firstDevice() {
    return { words: this.#founding.words() };
  }

  /** @returns {Promise<{words: string}>} as `firstDevice`; the server makes it wait, and old devices may refuse it */
  async startOver() {
    return { words: this.#founding.words() };
  }

  /**
   * @param {{address: string, password: string, replace?: boolean}} typed  replace: what another account has kept
   *   here may go
   * @throws {Refusal} `login_wrong`, `login_wait`; `other_account`: this browser is a device of another; the server's
   */
  async signIn({ address: typed, password, replace = false }) {
    const { tabs, tokens } = this.#parts;
    const address = readAddress(typed);
    const auth_key = await authKeyOf(this.#parts, address, password);
    const device = this.#device?.begun === null ? this.#device : null;
    const body = { address, auth_key, cookie: true };
    await this.#state.during("asking", async () => {
      if (device !== null) {
        try {
          await tokens.open("auth/login", { ...body, device: toBase64url(device.id) }, { proved: true });
          return;
        } catch (error) {
          if (!["device_revoked", "device_unknown", "proof_wrong"].includes(/** @type {Refusal} */ (error).code)) throw error;
        }
      }
      tokens.proveBy(null);
      await tokens.open("auth/login", body);
    });
    await setFate(this.#parts.storage, null);
    const { account, device: mine } = /** @type {import("./tokens.js").Access} */ (tokens.access);
    if (device !== null && mine === null) {
      if (device.account !== account && !replace) {
        await tokens.end().catch(() => undefined);
        tokens.proveBy(device.keys);
        throw new Refusal("other_account");
      }
      await this.#forget();
    }
    this.#state.change({ address, account });
    await this.#within();
    tabs.tell({ kind: "signed_in" });
  }

  /**
   * On a new device: seven words for an old one.
   * @returns {Promise<{code: string, link: string, expiresAt: number, done: Promise<void>}>} `done` rejects with
   *   `cancelled`, `link_expired`, `link_broken`, the server's
   */
  async beginLink() {
    this.#link?.cancel();
    const { chain } = await this.#parts.api.me();
    if (chain === null) throw new Refusal("no_chain");
    const own = {
      account: /** @type {string} */ (this.state.account), chain: fromBase64url(chain, 32), address: this.state.address,
    };
    const link = await askToBeLinked(this.#parts, own, (device) => { this.#device = device; });
    this.#link = link;
    const done = link.done.then(() => this.#enter());
    done.catch(() => undefined);
    return { code: link.code, link: link.link, expiresAt: link.expiresAt, done };
  }

  async cancelLink() {
    this.#link?.cancel();
    this.#link = null;
  }

  /** On an old device. @param {string} code  as typed  @returns {Promise<{device: string, name: string}>} */
  lookAtLink(code) {
    return this.#mustWork().lookAtLink(code);
  }

  /** @param {string} code  @param {string} password */
  async acceptLink(code, password) {
    return this.#mustWork().acceptLink(code, await this.#authKey(password));
  }

  /** @param {string} id  @param {string} name  @throws {Refusal} `device_name` */
  rename(id, name) {
    return this.#mustWork().rename(id, name);
  }

  /** @param {string} id  @param {string} password */
  async revoke(id, password) {
    return this.#mustWork().revoke(id, await this.#authKey(password));
  }

  /** @param {string} sid */
  endSession(sid) {
    return this.#mustWork().endSession(sid);
  }

  /** @param {string} old  @param {string} password */
  async changePassword(old, password) {
    normalized(password);
    const old_auth_key = await this.#authKey(old);
    return this.#mustWork().changePassword({ old_auth_key, auth_key: await this.#authKey(password) });
  }

  /** @param {{address: string, words: string, password: string}} typed */
  async recover(typed) {
    this.#work?.close();
    this.#work = null;
    this.#device = await recoverAccount(this.#parts, typed);
    await this.#enter();
    this.#parts.tabs.tell({ kind: "signed_in" });
  }

  /** Phase `locked`: opens what lies here. @param {string} words  as typed  @throws {Refusal} `words_wrong` */
  async openWithWords(words) {
    await openKept(this.#parts, words);
    await this.#enter();
  }

  refusePending() {
    return this.#mustWork().refusePending();
  }

  /** The news was read. */
  seen() {
    return this.#mustWork().seen();
  }

  /** @param {string} address  where it was lost before it could be kept  @throws {Refusal} `address_form` */
  nameAddress(address) {
    this.#state.change({ address: readAddress(address) });
  }

  /**
   * @param {{forget?: boolean}} [how]  forget: what lies here is dropped, and this browser must be linked anew
   */
  async signOut({ forget = false } = {}) {
    const { storage, tabs, tokens } = this.#parts;
    if (forget) await forgetAll(storage);
    // What can't be told now is told at the next start.
    await setFate(storage, "signed_out");
    tabs.tell({ kind: "signed_out" });
    await tokens.end().then(() => setFate(storage, null), () => undefined);
    if (forget) this.#device = null;
    this.#leave(SIGNED_OUT);
  }

  /**
   * @param {{password: string, words?: string}} typed  words: at once, instead of after three days
   * @returns {Promise<{deleted: boolean, due: number|null}>}
   */
  async deleteAccount({ password, words }) {
    const { api, tabs } = this.#parts;
    const auth_key = await this.#authKey(password);
    const answer = this.#work === null
      ? await this.#state.during("asking", () => api.deleteAccount({ auth_key }))
      : await this.#work.deleteAccount(auth_key, words);
    if (answer.deleted) {
      await this.#forget();
      tabs.tell({ kind: "signed_out" });
      this.#parts.tokens.drop();
      this.#leave(SIGNED_OUT);
    }
    return answer;
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#again);
    globalThis.removeEventListener?.("online", this.#retry);
    this.#link?.cancel();
    this.#work?.close();
    this.#parts.tabs.close();
    this.#parts.storage?.close();
  }

  #retry = () => {
    if (this.state.phase === "offline" && this.#work === null) this.#start();
  };

  async #start() {
    const { storage, tokens } = this.#parts;
    this.#device = await readDevice(storage);
    tokens.proveBy(this.#device?.keys ?? null);
    const fate = await fateOf(storage);
    if (fate === "revoked") {
      this.#state.change({ ...NOTHING_KNOWN, phase: "revoked" });
      return;
    }
    try {
      if (fate === "signed_out") {
        await tokens.end();
        await setFate(storage, null);
        this.#state.change(SIGNED_OUT);
        return;
      }
      await tokens.refresh();
      await this.#within();
    } catch (error) {
      this.#refused(/** @type {Refusal} */ (error));
    }
  }

  /** There is a session: of this device, or of none. */
  async #within() {
    const { access } = this.#parts.tokens;
    if (access === null) throw new Refusal("session_ended");
    if (this.#device !== null && access.device === toBase64url(this.#device.id)) return this.#enter();
    const { chain, pending, account, createdDay } = await this.#parts.api.me();
    this.#state.change({ ...SIGNED_OUT, phase: "no_device", address: this.state.address, account, createdDay, pending, hasDevices: chain !== null });
    // Confirmed, and perhaps never posted.
    if (this.#device?.begun?.kind === "genesis" && pending === null && chain === null) {
      const waits = await Founding.again(this.#parts, this.#device);
      if (waits === null) return this.#enter();
      this.#state.change({ pending: waits });
    }
    return undefined;
  }

  /** This browser is a device, and its session is the device's. */
  async #enter() {
    const device = /** @type {ThisDevice} */ (this.#device);
    try {
      if (device.begun?.kind === "link") await finishLink(this.#parts, device);
      else if (device.begun !== null) await settle(this.#parts, device, {});
      this.#work?.close();
      this.#work = new DeviceWork(this.#parts, device, (error) => this.#refused(error));
      await this.#work.begin();
    } catch (error) {
      this.#refused(/** @type {Refusal} */ (error));
    }
  }

  /** What a no means for all of it. @param {Refusal} refusal */
  #refused(refusal) {
    const { code } = refusal;
    const isDevice = this.#device?.begun === null;
    if (code === "unreachable" || code === "unavailable" || code === "not_ours") {
      this.#state.change({ phase: "offline" });
      clearTimeout(this.#again);
      if (this.#work === null && !this.#isClosed) this.#again = setTimeout(this.#retry, AGAIN_MS);
    } else if (code === "device_revoked") this.#revoked();
    else if (code === "device_copied") this.#stop("copied");
    else if (code === "locked") this.#stop("locked");
    else if (code.startsWith("chain_")) this.#stop("distrusted", code);
    else if (code === "proof_wrong" && this.#device === null) this.#leave({ ...NOTHING_KNOWN, phase: "evicted" });
    else if (["session_ended", "unauthorized", "proof_wrong"].includes(code)) {
      this.#parts.tokens.drop();
      const { id } = this.#device ?? {};
      this.#leave(isDevice && id ? { ...NOTHING_KNOWN, phase: "ended", device: toBase64url(id) } : SIGNED_OUT);
    } else throw refusal;
  }

  /** @param {import("./account-state.js").Phase} phase  @param {string|null} [reason] */
  #stop(phase, reason = null) {
    this.#work?.stop();
    this.#state.change({ phase, reason });
  }

  async #revoked() {
    await this.#forget();
    await setFate(this.#parts.storage, "revoked");
    this.#parts.tokens.drop();
    this.#leave({ ...NOTHING_KNOWN, phase: "revoked" });
  }

  async #forget() {
    this.#device = null;
    this.#parts.tokens.proveBy(null);
    this.#parts.rows.forget();
    await forgetAll(this.#parts.storage);
  }

  /** @param {Readonly<AccountState>} state */
  #leave(state) {
    this.#work?.close();
    this.#work = null;
    this.#parts.rows.forget();
    this.#parts.tokens.drop();
    this.#state.change(state);
  }

  #isIn() {
    return ["ready", "offline", "no_device"].includes(this.state.phase);
  }

  #address() {
    if (this.state.address === null) throw new Refusal("address_needed");
    return this.state.address;
  }

  /** @param {string} password */
  #authKey(password) {
    return authKeyOf(this.#parts, this.#address(), password);
  }

  #mustWork() {
    if (this.#work === null) throw new Refusal("device_required");
    return this.#work;
  }
}
