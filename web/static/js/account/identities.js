/**
 * Identities of another service (OpenID Connect, docs/accounts.md 16): the browser is sent there with a nonce that
 * the server has made for it, and comes back with an ID token behind the `#` of this page's address, which goes to
 * no server and is taken out of the address before anything else is done.
 */

import { isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { tabStorage } from "../device/tab-storage.js";
import { SIGNED_OUT } from "./standing.js";
import { signInBy } from "./signing-in.js";

/** What somebody has gone there for, in this tab: one who comes back with anything else is not expected. */
const GONE = "ephemeral-account/identity";
const PURPOSES = /** @type {const} */ (["sign_in", "link", "password"]);

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {typeof PURPOSES[number]} Purpose
 *   sign_in; link: it is to open this account too; password: another password, for whoever has just signed in there
 *
 * @typedef {{issuer: string, client_id: string}} Oidc  as `/config` has it
 *
 * @typedef {object} Returned  somebody has come back
 * @property {Purpose} purpose
 * @property {string|null} token  null: it was refused there, or given up
 *
 * @typedef {{parts: Parts, standing: import("./standing.js").Standing, founded: () => Promise<import("./founding.js").Founding>,
 *   authKey: (password: string) => Promise<string>}} OfAccount  what an account lets them use
 *
 * @typedef {object} Known  what opens the account
 * @property {{id: string, linkedDay: number}[]} linked
 * @property {boolean} hasPassword
 */

/**
 * What the fragment of this page's address says of a return; null if it is no answer to what this tab has asked.
 * @param {string} fragment
 * @param {import("../device/tab-storage.js").TabStorage} [storage]
 * @returns {Returned|null}
 */
export function returnedWith(fragment, storage = tabStorage()) {
  const gone = storage.getItem(GONE);
  storage.removeItem(GONE);
  const said = new URLSearchParams(fragment.slice(1));
  if (gone === null || !said.has("state")) return null;
  const [state, purpose] = gone.split(" ");
  const known = PURPOSES.find((one) => one === purpose);
  if (known === undefined || said.get("state") !== state) return null;
  return { purpose: known, token: said.get("id_token") };
}

/**
 * Where somebody is sent.
 * @param {string} address  of the other service
 * @param {{client: string, back: string, nonce: string, state: string, purpose: Purpose}} asked
 * @returns {string}
 * @throws {Refusal} `malformed`: nobody is sent there
 */
export function signInAddress(address, { client, back, nonce, state, purpose }) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !["https:", "http:"].includes(url.protocol)) throw new Refusal("malformed");
  const asked = {
    client_id: client, redirect_uri: back, response_type: "id_token", response_mode: "fragment", scope: "openid",
    nonce, state,
    // Whoever is still signed in there hasn't shown anything just now.
    ...(purpose === "password" ? { max_age: "0" } : {}),
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return url.href;
}

export class Identities {
  /** What somebody has come back with, until it was used. @type {Returned|null} */
  returned;
  /** What people call the other service. @type {string} */
  service;
  #oidc;
  #parts;
  #standing;
  #founded;
  #authKey;

  /**
   * @param {Oidc} oidc
   * @param {Returned|null} returned
   * @param {OfAccount} account
   */
  constructor(oidc, returned, { parts, standing, founded, authKey }) {
    this.returned = returned;
    this.service = URL.canParse(oidc.issuer) ? new URL(oidc.issuer).host : oidc.issuer;
    this.#oidc = oidc;
    this.#parts = parts;
    this.#standing = standing;
    this.#founded = founded;
    this.#authKey = authKey;
  }

  /**
   * Leaves this page for the other service's.
   * @param {Purpose} purpose
   * @throws {Refusal} `identity_away`: the other service can't be asked now; the server's
   */
  async begin(purpose) {
    const { base, random, state: holder, tokens } = this.#parts;
    const { nonce, sign_in_address: address } = await holder.during("asking", () =>
      tokens.anonymous("auth/oidc/nonce", { cookie: true }));
    if (typeof address !== "string") throw new Refusal("identity_away");
    if (typeof nonce !== "string") throw new Refusal("malformed");
    const state = toBase64url(random(16));
    const asked = { client: this.#oidc.client_id, back: `${base}account/`, nonce, state, purpose };
    const there = signInAddress(address, asked);
    try {
      tabStorage().setItem(GONE, `${state} ${purpose}`);
    } catch {
      throw new Refusal("no_storage");
    }
    location.assign(there);
  }

  /** What somebody has come back with is not wanted any more. */
  forget() {
    this.returned = null;
  }

  /**
   * Of whoever has come back.
   * @param {{replace?: boolean}} [how]  as of AccountClient.signIn
   * @throws {Refusal} `identity_unknown`: it opens no account, and may make one; `identity_given_up`, there;
   *   `id_token_wrong`; as signing in
   */
  async signIn({ replace = false } = {}) {
    const body = { id_token: this.#token(), cookie: true };
    await signInBy(this.#parts, this.#standing, "auth/oidc", body, { address: null, replace });
    this.forget();
  }

  /**
   * An account that this identity opens; it has no password yet.
   * @param {{address: string, invitation?: string}} typed
   * @returns {Promise<{words: string}>} as AccountClient.register
   */
  async register({ address, invitation }) {
    const { state, tokens } = this.#parts;
    // What comes after is to be here before anything is made.
    const founding = await this.#founded();
    const body = { id_token: this.#token(), address, cookie: true, ...(invitation === undefined ? {} : { invitation }) };
    const { account } = await state.during("asking", () => tokens.open("auth/oidc/register", body));
    this.forget();
    state.change({ ...SIGNED_OUT, phase: "no_device", address, account });
    return { words: founding.words() };
  }

  /** Whoever has come back may open this account so from now on. @param {string} password */
  async link(password) {
    const id_token = this.#token();
    const auth_key = await this.#authKey(password);
    await this.#asked("POST", "auth/identities", { id_token, auth_key });
    this.forget();
    await this.look();
  }

  /** @param {string} id  @param {string} password */
  async unlink(id, password) {
    const auth_key = await this.#authKey(password);
    await this.#asked("DELETE", `auth/identities/${id}`, { auth_key });
    await this.look();
  }

  /**
   * A first password; or another one, for whoever has come back from signing in just now.
   * @param {string} password
   */
  async setPassword(password) {
    const auth_key = await this.#authKey(password);
    const { returned } = this;
    const shown = returned === null ? {} : { id_token: this.#token() };
    await this.#asked("POST", "auth/oidc/password", { auth_key, ...shown });
    this.forget();
    await this.look();
  }

  /** Asks what opens the account; `identities` of the state says it then. */
  async look() {
    const answer = await this.#parts.tokens.ask("GET", "auth/identities");
    if (!Array.isArray(answer.identities)) throw new Refusal("malformed");
    const linked = answer.identities.map((one) => {
      if (!isObject(one) || typeof one.id !== "string" || typeof one.linked_day !== "number") throw new Refusal("malformed");
      return { id: one.id, linkedDay: one.linked_day };
    });
    this.#parts.state.change({ identities: { linked, hasPassword: answer.password !== false } });
  }

  /** @param {string} method  @param {string} path  @param {object} body */
  #asked(method, path, body) {
    const { state, tokens } = this.#parts;
    // The binding of the nonce lies in a cookie.
    return state.during("asking", () =>
      this.#standing.minding(() => tokens.ask(method, path, { body, credentials: "same-origin" })));
  }

  #token() {
    if (this.returned === null) throw new Refusal("id_token_wrong");
    if (this.returned.token === null) throw new Refusal("identity_given_up");
    return this.returned.token;
  }
}
