/**
 * An account in this browser: all that a page of accounts may ask for, and one state that says how things are.
 * Whatever is written, posted or destroyed for it is done by the modules beside this one.
 */

import { fromBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { newAddress, readAddress } from "../protocol/accounts/addresses.js";
import { normalized } from "../protocol/accounts/passwords.js";
import { randomBelow } from "../device/random.js";
import { StateHolder } from "./account-state.js";
import { authKeyOf } from "./credentials.js";
import { missing, openParts } from "./parts.js";
import { signInBy } from "./signing-in.js";
import { SIGNED_OUT, Standing, endedAs } from "./standing.js";
import { forgetAll } from "./storage.js";
import { setFate } from "./this-device.js";

/**
 * @typedef {import("./account-state.js").AccountState} AccountState
 * @typedef {import("./parts.js").Parts} Parts
 */

const DAY_MS = 86_400_000;

export class AccountClient {
  /** Of another service, where this deployment believes one. @type {import("./identities.js").Identities|null} */
  identities = null;
  #parts;
  #state;
  #standing;
  /** @type {import("./founding.js").Founding|null} */
  #founding = null;
  /** @type {{cancel: () => void}|null} */
  #link = null;

  /**
   * @param {Parts} parts
   * @param {Standing} standing
   */
  constructor(parts, standing) {
    this.#parts = parts;
    this.#state = parts.state;
    this.#standing = standing;
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
      const parts = await openParts(state, given);
      const standing = new Standing(parts);
      await standing.start();
      return new AccountClient(parts, standing);
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== "no_storage") throw error;
      return AccountClient.#without(state, "no_storage");
    }
  }

  /**
   * This deployment believes another service.
   * @param {(account: import("./identities.js").OfAccount) => import("./identities.js").Identities} identities
   */
  believe(identities) {
    if (this.state.phase === "unsupported") return;
    this.identities = identities({
      parts: this.#parts, standing: this.#standing, founded: () => this.#founded(),
      authKey: (password) => this.#authKey(password),
    });
  }

  /** A client that can only say why it can't. @param {StateHolder} state  @param {string} reason */
  static #without(state, reason) {
    state.change({ phase: "unsupported", reason });
    const tabs = { listen() {}, close() {} };
    const parts = /** @type {Parts} */ (/** @type {unknown} */ ({ state, tabs }));
    return new AccountClient(parts, new Standing(parts));
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
    // What comes after is to be here before anything is made.
    const founding = await this.#founded();
    const auth_key = await authKeyOf(this.#parts, address, password);
    const body = { address, auth_key, cookie: true, ...(invitation === undefined ? {} : { invitation }) };
    const { account } = await this.#state.during("asking", () => this.#parts.tokens.open("auth/register", body));
    this.#state.change({ ...SIGNED_OUT, phase: "no_device", address, account });
    return { words: founding.words() };
  }

  /** The ten words were written down: this browser becomes the first device. */
  async confirmWords() {
    const { device, pending } = await (await this.#founded()).confirm(this.#address());
    this.#standing.device = device;
    if (pending === null) await this.#standing.enter();
    else this.#state.change({ pending });
  }

  /** @returns {Promise<{words: string}>} as `register`; for an account that has no device yet */
  async firstDevice() {
    return { words: (await this.#founded()).words() };
  }

  /** @returns {Promise<{words: string}>} as `firstDevice`; the server makes it wait, and old devices may refuse it */
  startOver() {
    return this.firstDevice();
  }

  /**
   * Phase `revoked` afterwards, and nobody is signed in: the account has removed this device. That is told whoever
   * has the password alone; without one, a session that has ended looks the same.
   * @param {{address: string, password: string, replace?: boolean}} typed  replace: what another account has kept
   *   here may go
   * @throws {Refusal} `login_wrong`, `login_wait`; `other_account`: this browser is a device of another; the server's
   */
  async signIn({ address: typed, password, replace = false }) {
    const address = readAddress(typed);
    const auth_key = await authKeyOf(this.#parts, address, password);
    await signInBy(this.#parts, this.#standing, "auth/login", { address, auth_key, cookie: true }, { address, replace });
  }

  /**
   * On a new device: seven words for an old one.
   * @returns {Promise<{code: string, link: string, expiresAt: number, done: Promise<void>}>} `expiresAt` by this
   *   device's clock; `done` rejects with
   *   `cancelled`, `link_expired`, `link_broken`, the server's
   */
  async beginLink() {
    // It would be put in the place of what waits.
    if (this.#standing.device?.begun?.kind === "genesis" && this.state.pending !== null) throw new Refusal("pending");
    this.#link?.cancel();
    const { chain } = await this.#standing.minding(() => this.#parts.api.me());
    if (chain === null) throw new Refusal("no_chain");
    const own = {
      account: /** @type {string} */ (this.state.account), chain: fromBase64url(chain, 32), address: this.state.address,
    };
    const { askToBeLinked } = await this.#parts.inside();
    const link = await askToBeLinked(this.#parts, own);
    this.#standing.device = link.device;
    this.#link = link;
    const done = link.done.then(() => this.#standing.enter());
    done.catch(() => undefined);
    return { code: link.code, link: link.link, expiresAt: link.expiresAt - this.#parts.clock.offset, done };
  }

  async cancelLink() {
    this.#link?.cancel();
    this.#link = null;
  }

  /** On an old device. @param {string} code  as typed  @returns {Promise<{device: string, name: string}>} */
  lookAtLink(code) {
    return this.#asDevice((work) => work.lookAtLink(code));
  }

  /**
   * @param {string} code
   * @param {string} password
   * @param {{days?: number|null}} [history]  of what was said so much is handed over; 0: everything, null: nothing
   */
  async acceptLink(code, password, { days = 30 } = {}) {
    const auth_key = await this.#authKey(password);
    const since = days === null || days === 0 ? days : Math.max(0, this.#parts.clock.now() - days * DAY_MS);
    return this.#asDevice((work) => work.acceptLink(code, auth_key, since));
  }

  /** @param {string} id  @param {string} name  @throws {Refusal} `device_name` */
  rename(id, name) {
    return this.#asDevice((work) => work.rename(id, name));
  }

  /** @param {string} id  @param {string} password */
  async revoke(id, password) {
    const auth_key = await this.#authKey(password);
    return this.#asDevice((work) => work.revoke(id, auth_key));
  }

  /** @param {string} sid */
  endSession(sid) {
    return this.#asDevice((work) => work.endSession(sid));
  }

  /** @param {string} old  @param {string} password */
  async changePassword(old, password) {
    normalized(password);
    const old_auth_key = await this.#authKey(old);
    const auth_key = await this.#authKey(password);
    return this.#asDevice((work) => work.changePassword({ old_auth_key, auth_key }));
  }

  /** @param {{address: string, words: string, password: string}} typed */
  async recover(typed) {
    const { recoverAccount } = await this.#parts.inside();
    this.#standing.work?.close();
    this.#standing.work = null;
    this.#standing.device = await recoverAccount(this.#parts, typed);
    await this.#standing.enter();
  }

  /** Phase `locked`: opens what lies here. @param {string} words  as typed  @throws {Refusal} `words_wrong` */
  async openWithWords(words) {
    const { openKept } = await this.#parts.inside();
    await openKept(this.#parts, words);
    await this.#standing.enter();
  }

  /**
   * What else this browser does as a device of the account.
   * @template T
   * @param {(parts: Parts, work: import("./device-work.js").DeviceWork) => Promise<T>} use
   * @returns {Promise<T>}
   * @throws {Refusal} `device_required`
   */
  beside(use) {
    return this.#asDevice((work) => use(this.#parts, work));
  }

  refusePending() {
    return this.#asDevice((work) => work.refusePending());
  }

  /** The news was read. */
  seen() {
    return this.#asDevice((work) => work.seen());
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
    if (forget) {
      this.#standing.device = null;
      tokens.proveBy(null);
    }
    this.#standing.leave(endedAs(this.#standing.device));
  }

  /**
   * @param {{password: string, words?: string}} typed  words: at once, instead of after three days
   * @returns {Promise<{deleted: boolean, due: number|null}>}
   */
  async deleteAccount({ password, words }) {
    const { api, tabs } = this.#parts;
    const auth_key = await this.#authKey(password);
    const answer = this.#standing.work === null
      ? await this.#state.during("asking", () => api.deleteAccount({ auth_key }))
      : await this.#asDevice((work) => work.deleteAccount(auth_key, words));
    if (answer.deleted) {
      await this.#standing.forget();
      tabs.tell({ kind: "signed_out" });
      this.#parts.tokens.drop();
      this.#standing.leave(SIGNED_OUT);
    }
    return answer;
  }

  close() {
    this.#link?.cancel();
    this.#standing.close();
    this.#parts.tabs.close();
    this.#parts.storage?.close();
  }

  async #founded() {
    const { Founding } = await this.#parts.inside();
    this.#founding ??= new Founding(this.#parts);
    return this.#founding;
  }

  #address() {
    if (this.state.address === null) throw new Refusal("address_needed");
    return this.state.address;
  }

  /** @param {string} password */
  #authKey(password) {
    return authKeyOf(this.#parts, this.#address(), password);
  }

  /**
   * What only a device may; a refusal that tells how this device stands is shown as that, too.
   * @template T
   * @param {(work: import("./device-work.js").DeviceWork) => Promise<T>} does
   */
  async #asDevice(does) {
    const { work } = this.#standing;
    if (work === null) throw new Refusal("device_required");
    return this.#standing.minding(() => does(work));
  }
}
