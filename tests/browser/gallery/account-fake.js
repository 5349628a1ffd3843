// An account without a server: what `AccountClient` offers, for the page of accounts on the stage. Each call is
// remembered in `calls`, answers at once, and does what a real one would do to the state.
//
//   const client = new AccountFake({ phase: "ready", devices: [...] });
//   client.refuseNext("login_wrong");   // the next call rejects with Refusal(code)
//   client.set({ phase: "revoked" });   // as if the server had said so

import { NOTHING_KNOWN, unseenFor } from "/static/js/account/account-state.js";
import { Refusal } from "/static/js/protocol/errors.js";

export const TODAY = Math.floor(Date.now() / 86_400_000);
export const RECOVERY_WORDS = "acrobat basil cactus daylight eclair fabric gadget habitat iceberg jackal";
export const LINK_WORDS = "kebab ladybug magnetic napkin oatmeal paddle quartet";
const ME = "AAAAAAAAAAAAAAAAAAAAAQ";
const OTHER = "AAAAAAAAAAAAAAAAAAAAAg";

export const device = (id, name, more = {}) => ({ id, name, seenDay: TODAY, me: false, since: 0, ...more });
export const session = (sid, more = {}) =>
  ({ sid, device: null, createdDay: TODAY - 3, seenDay: TODAY, present: false, ...more });

const account = { address: "ada.12345", account: "AAAAAAAAAAAAAAAAAAAACQ", createdDay: TODAY - 40 };
const ready = {
  ...account, phase: "ready", device: ME, persisted: true,
  devices: [device(ME, "Firefox, Linux", { me: true }), device(OTHER, "Chrome, Android", { since: 1, seenDay: TODAY - 2 })],
  sessions: [session("s1", { device: ME, present: true }), session("s2", { device: OTHER })],
};

// One state for each phase, and for what else a person may meet; add to them as the page does.
export const PHASES = {
  loading: {},
  signed_out: { phase: "signed_out" },
  no_device: { ...account, phase: "no_device", hasDevices: true },
  no_device_first: { ...account, phase: "no_device" },
  ready,
  ready_alone: { ...ready, devices: ready.devices.slice(0, 1), sessions: ready.sessions.slice(0, 1), persisted: false },
  ready_news: {
    ...ready, news: [
      { kind: "device_added", device: OTHER, day: TODAY }, { kind: "device_removed", day: TODAY - 1 },
      { kind: "recovered", day: TODAY - 20 }, { kind: "server_back", day: TODAY },
    ],
  },
  ready_token_reused: { ...ready, news: [{ kind: "token_reused", at: Date.now() - 3 * 3_600_000 }] },
  ready_pending_close: {
    ...ready, pending: { kind: "close", device: OTHER, at: Date.now() - 3_600_000, due: Date.now() + 71 * 3_600_000 },
  },
  ready_pending_genesis: {
    ...ready, pending: { kind: "genesis", device: null, at: Date.now() - 3_600_000, due: Date.now() + 71 * 3_600_000 },
  },
  ready_unseen: {
    ...ready, devices: [ready.devices[0], { ...ready.devices[1], seenDay: TODAY - 93 }], unseen: [OTHER],
  },
  ready_nameless: { ...ready, devices: [ready.devices[0], { ...ready.devices[1], name: null, seenDay: null }] },
  waiting_genesis: {
    ...account, phase: "no_device", hasDevices: true,
    pending: { kind: "genesis", device: ME, at: Date.now(), due: Date.now() + 72 * 3_600_000 },
  },
  offline: { ...ready, phase: "offline" },
  ended: { ...account, phase: "ended", device: ME, address: null },
  revoked: { phase: "revoked" },
  evicted: { phase: "evicted" },
  locked: { ...account, phase: "locked", device: ME, address: null },
  copied: { ...ready, phase: "copied" },
  suspended: { ...ready, phase: "suspended" },
  distrusted_back: { ...ready, phase: "distrusted", reason: "chain_back" },
  distrusted_forked: { ...ready, phase: "distrusted", reason: "chain_fork" },
  unsupported: { phase: "unsupported", reason: "no_ed25519" },
  unsupported_insecure: { phase: "unsupported", reason: "insecure" },
  busy_deriving: { phase: "signed_out", busy: "deriving" },
  busy_asking: { phase: "signed_out", busy: "asking" },
};

/** Another service by which the account may be opened, without one: what is asked of it is in the account's calls. */
export class IdentitiesFake {
  service = "accounts.example";
  #call;
  #client;

  /** @param {object|null} returned */
  constructor(client, call, returned) {
    this.#client = client;
    this.#call = call;
    this.returned = returned;
  }

  begin(purpose) {
    return this.#call("begin", [purpose]);
  }

  forget() {
    this.returned = null;
  }

  signIn(how) {
    return this.#call("identitySignIn", [how], PHASES.no_device);
  }

  register(input) {
    const changes = { ...account, address: input.address, phase: "no_device", confirming: true };
    return this.#call("identityRegister", [input], changes, { words: RECOVERY_WORDS });
  }

  link(password) {
    const linked = [...(this.#client.state.identities?.linked ?? []), { id: "AAAAAAAAAAAAAAAAAAAABA", linkedDay: TODAY }];
    return this.#call("identityLink", [password], { identities: { linked, hasPassword: true } });
  }

  unlink(id, password) {
    return this.#call("identityUnlink", [id, password], { identities: { linked: [], hasPassword: true } });
  }

  setPassword(password) {
    return this.#call("identityPassword", [password], { identities: { linked: [], hasPassword: true } });
  }

  // What is known stands in the state from the beginning.
  async look() {}
}

export class AccountFake {
  calls = [];
  identities = null;
  #listeners = new Set();
  #refusal = null;

  /** @param {object} changes  to a state of which nothing is known */
  constructor(changes = {}) {
    this.state = Object.freeze({ ...NOTHING_KNOWN, ...changes });
  }

  set(changes) {
    const state = { ...this.state, ...changes };
    this.state = Object.freeze({ ...state, unseen: changes.unseen ?? unseenFor(state.devices, TODAY) });
    for (const listener of this.#listeners) listener(this.state);
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As where another service is believed; `returned`: with what somebody comes from there. */
  believe(returned = null) {
    this.identities = new IdentitiesFake(this, (...given) => this.#call(...given), returned);
  }

  refuseNext(code, details = {}) {
    this.#refusal = new Refusal(code, details);
  }

  async #call(name, args, changes = {}, value = undefined) {
    this.calls.push([name, ...args]);
    const refusal = this.#refusal;
    this.#refusal = null;
    if (refusal !== null) throw refusal;
    this.set(changes);
    return value;
  }

  proposeAddress(name) {
    return `${name}.12345`;
  }

  register(input) {
    const changes = { ...account, address: input.address, phase: "no_device", confirming: true };
    return this.#call("register", [input], changes, { words: RECOVERY_WORDS });
  }

  confirmWords() {
    return this.#call("confirmWords", [], { ...PHASES.ready_alone, address: this.state.address, confirming: false });
  }

  signIn(input) {
    const after = this.state.phase === "suspended" ? {} : PHASES.no_device;
    return this.#call("signIn", [input], { ...after, address: input.address });
  }

  firstDevice() {
    return this.#call("firstDevice", [], { confirming: true }, { words: RECOVERY_WORDS });
  }

  startOver() {
    return this.#call("startOver", [], { confirming: true }, { words: RECOVERY_WORDS });
  }

  // The other device answers when the test says `client.linked()` or `client.linkFails(code)`.
  beginLink() {
    const done = new Promise((resolve, reject) => {
      this.linked = () => {
        this.set(ready);
        resolve(undefined);
      };
      this.linkFails = (code) => reject(new Refusal(code));
    });
    done.catch(() => undefined);
    const link = new URL(`/account/#link=${LINK_WORDS.replaceAll(" ", "-")}`, location.href).href;
    return this.#call("beginLink", [], {}, { code: LINK_WORDS, link, expiresAt: Date.now() + 600_000, done });
  }

  cancelLink() {
    this.linkFails?.("cancelled");
    return this.#call("cancelLink", []);
  }

  lookAtLink(code) {
    return this.#call("lookAtLink", [code], {}, { device: "AAAAAAAAAAAAAAAAAAAAAw", name: "Safari, iPhone" });
  }

  acceptLink(code, password, history) {
    const added = device("AAAAAAAAAAAAAAAAAAAAAw", "Safari, iPhone", { since: 2 });
    return this.#call("acceptLink", [code, password, history], { devices: [...this.state.devices, added] });
  }

  rename(id, name) {
    const devices = this.state.devices.map((one) => (one.id === id ? { ...one, name } : one));
    return this.#call("rename", [id, name], { devices });
  }

  revoke(id, password) {
    return this.#call("revoke", [id, password], { devices: this.state.devices.filter((one) => one.id !== id) });
  }

  endSession(sid) {
    return this.#call("endSession", [sid], { sessions: this.state.sessions.filter((one) => one.sid !== sid) });
  }

  changePassword(old, password) {
    return this.#call("changePassword", [old, password]);
  }

  recover(input) {
    return this.#call("recover", [input], { ...PHASES.ready_alone, address: input.address });
  }

  openWithWords(words) {
    return this.#call("openWithWords", [words], ready);
  }

  refusePending() {
    return this.#call("refusePending", [], { pending: null });
  }

  seen() {
    return this.#call("seen", [], { news: [] });
  }

  signOut(how) {
    const { device } = this.state;
    const after = how.forget || device === null ? { phase: "signed_out" } : { phase: "ended", device };
    return this.#call("signOut", [how], { ...NOTHING_KNOWN, ...after });
  }

  deleteAccount(input) {
    const due = Date.now() + 72 * 3_600_000;
    if (input.words !== undefined) {
      return this.#call("deleteAccount", [input], { ...NOTHING_KNOWN, phase: "signed_out" }, { deleted: true, due: null });
    }
    const pending = { kind: "close", device: this.state.device, at: Date.now(), due };
    return this.#call("deleteAccount", [input], { pending }, { deleted: false, due });
  }

  close() {}
}
