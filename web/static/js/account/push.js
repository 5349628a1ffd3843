/**
 * Notifications of this browser while no page is open: its push service is told by the server that something is new
 * (docs/accounts.md, 18), and the service worker shows that. This module subscribes there, and sees to it at each start
 * that the server knows the subscription: one that the browser has changed, or a server has lost, is put again.
 */

import { fromBase64url, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { keepWords } from "./push-words.js";

/** In the facts of the account's storage: whether somebody wants this here. */
const FACT = "push";
const PATH = "devices/me/push";

/**
 * @typedef {"unsupported"|"denied"|"off"|"on"} PushState
 *   unsupported: this browser, or this way of opening the page, has none; denied: it was told not to let this page
 *
 * @typedef {"sent"|"gone"|"refused"|"later"} Outcome
 *
 * @typedef {object} Browser  what of the browser is used
 * @property {() => boolean} isAble
 * @property {() => NotificationPermission} permission
 * @property {() => Promise<NotificationPermission>} ask
 * @property {() => Promise<ServiceWorkerRegistration>} register  resolves once the worker is there
 * @property {() => Promise<ServiceWorkerRegistration|undefined>} registration  without registering anything
 * @property {(words: import("./push-words.js").Words) => Promise<void>} keepWords  for the worker, which asks nobody
 *
 * @typedef {(use: (parts: import("./parts.js").Parts) => Promise<any>) => Promise<any>} Beside  as AccountClient.beside
 */

/**
 * The address of the service worker, as a browser with Trusted Types wants it. The policy of the account's document
 * admits this policy beside that of its workers (device/worker-address.js), and it lets one script through. It can be
 * made once.
 * @param {string} script
 */
function trusted(script) {
  const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("ephemeral-push", {
    createScriptURL: (/** @type {string} */ url) => {
      if (url !== script) throw new TypeError("not a script of this program");
      return url;
    },
  });
  return policy?.createScriptURL(script) ?? script;
}

/** To be called once. @param {string} script  address of the service worker  @returns {Browser} */
export const thisBrowser = (script, address = trusted(script)) => ({
  isAble: () => "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis,
  permission: () => Notification.permission,
  ask: () => Notification.requestPermission(),
  register: async () => {
    await navigator.serviceWorker.register(address, { updateViaCache: "none" });
    return navigator.serviceWorker.ready;
  },
  registration: () => navigator.serviceWorker.getRegistration(),
  keepWords,
});

export class Push {
  /** @type {Uint8Array} */
  #key;
  #beside;
  #browser;

  /**
   * @param {string} key  of the deployment, as `/config` says it
   * @param {Beside} beside
   * @param {Browser} browser
   * @throws {Refusal} `malformed`
   */
  constructor(key, beside, browser) {
    this.#key = fromBase64url(key, 65);
    this.#beside = beside;
    this.#browser = browser;
  }

  /** @returns {Promise<PushState>} */
  async state() {
    if (!this.#browser.isAble()) return "unsupported";
    if (this.#browser.permission() === "denied") return "denied";
    const isWanted = await this.#wanted();
    return isWanted && this.#browser.permission() === "granted" && await this.#subscription() !== null ? "on" : "off";
  }

  /**
   * To be called from what a person does: the browser asks.
   * @param {import("./push-words.js").Words} words
   * @returns {Promise<PushState>}
   * @throws {Refusal} `push_unavailable`: the browser's service can't be had; the server's
   */
  async turnOn(words) {
    if (await this.#browser.ask() !== "granted") return this.state();
    await this.#browser.keepWords(words);
    await this.#subscribe();
    await this.#note(true);
    return this.state();
  }

  /** @returns {Promise<PushState>} */
  async turnOff() {
    // First here: whatever becomes of the rest, nothing is put again.
    await this.#note(false);
    await (await this.#subscription())?.unsubscribe();
    await this.#beside(({ tokens }) => tokens.ask("DELETE", PATH));
    return this.state();
  }

  /**
   * At each start of a page: the subscription is what the browser says now, and the server knows it.
   * @param {import("./push-words.js").Words} words  in the language of the page
   */
  async keepUp(words) {
    if (!this.#browser.isAble() || this.#browser.permission() !== "granted" || !(await this.#wanted())) return;
    await this.#browser.keepWords(words);
    await this.#subscribe();
  }

  /** The page speaks another language now. @param {import("./push-words.js").Words} words */
  async speak(words) {
    if (await this.state() === "on") await this.#browser.keepWords(words);
  }

  /** One that is gone is switched off: it would come to nobody. @returns {Promise<Outcome>} */
  async test() {
    const { outcome } = await this.#beside(({ tokens }) => tokens.ask("POST", `${PATH}/test`));
    if (!["sent", "gone", "refused", "later"].includes(outcome)) throw new Refusal("malformed");
    if (outcome === "gone") await this.turnOff();
    return outcome;
  }

  async #subscribe() {
    const { pushManager } = await this.#browser.register();
    let subscription = await pushManager.getSubscription();
    if (subscription !== null && !this.#isOurs(subscription)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    try {
      subscription ??= await pushManager.subscribe({
        userVisibleOnly: true, applicationServerKey: /** @type {BufferSource} */ (this.#key),
      });
    } catch {
      throw new Refusal("push_unavailable");
    }
    const body = said(subscription);
    await this.#beside(({ tokens }) => tokens.ask("PUT", PATH, { body }));
  }

  /** Whether it was made for this deployment's key. @param {PushSubscription} subscription */
  #isOurs({ options }) {
    const key = options?.applicationServerKey;
    return key == null || toBase64url(new Uint8Array(key)) === toBase64url(this.#key);
  }

  async #subscription() {
    return await (await this.#browser.registration())?.pushManager.getSubscription() ?? null;
  }

  /** @returns {Promise<boolean>} */
  #wanted() {
    return this.#beside(({ storage }) => storage.read(async (within) => await within.get("facts", FACT) === true));
  }

  /** @param {boolean} wish */
  #note(wish) {
    return this.#beside(({ storage }) => storage.write((within) =>
      (wish ? within.put("facts", FACT, true) : within.remove("facts", FACT))));
  }
}

/** What the server is told of it. @param {PushSubscription} subscription */
function said(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  if (!isObject(keys) || typeof endpoint !== "string") throw new Refusal("push_unavailable");
  const bytes = (/** @type {unknown} */ one) => String(one).replace(/=+$/, "");
  return { endpoint, p256dh: bytes(keys.p256dh), auth: bytes(keys.auth) };
}
