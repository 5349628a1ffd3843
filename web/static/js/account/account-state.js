/**
 * What a page shows of an account and of this browser's part in it. One object, made anew at each change;
 * whoever shows it needs nothing else.
 *
 * @typedef {"loading"|"signed_out"|"no_device"|"ready"|"offline"|"ended"|"revoked"|"evicted"|"locked"|"copied"
 *   |"suspended"|"distrusted"|"unsupported"} Phase
 *   loading: what is kept here is being read, or the server is asked for the first time
 *   signed_out: nobody is signed in
 *   no_device: signed in, and this browser is no device of the account yet
 *   ready: signed in, on a device of the account
 *   offline: a device whose server can't be reached; it goes on by itself
 *   ended: a device of the account whose session has ended: the password is asked again
 *   revoked: no device of the account any more; what was kept here is destroyed
 *   suspended: those who run the server have suspended the account; nothing is destroyed
 *   evicted: the browser has dropped what was kept here: link it anew, or recover
 *   locked: the server has lost its half of what is kept here (it was restored from a backup): ten words open it
 *   copied: somebody else acts with this device's keys: it stops, and is to be removed
 *   distrusted: the server shows another list of devices than before (`reason`)
 *   unsupported: this browser lacks what accounts need
 *
 * @typedef {"deriving"|"asking"|"making_keys"|"opening"} Busy
 *   the slow step from a password or words; a request; keys being made; what is kept being opened
 *
 * @typedef {object} DeviceView
 * @property {string} id  base64url
 * @property {string|null} name  null: none was given, or it can't be read here
 * @property {number|null} seenDay  days since 1970, by the server's word; null: it has said none
 * @property {boolean} me
 * @property {number} since  number of the statement that has added it
 *
 * @typedef {object} SessionView
 * @property {string} sid
 * @property {string|null} device  null: one without a device
 * @property {number} createdDay
 * @property {number} seenDay
 * @property {boolean} present  the session of this browser
 *
 * @typedef {object} Pending  something that waits with the server, and can be refused until it is due
 * @property {"close"|"genesis"} kind
 * @property {string|null} device  who has asked for it
 * @property {number|null} at  milliseconds since 1970, by the server's clock
 * @property {number} due
 *
 * @typedef {object} News  what has happened to the account since it was last looked at on this device
 * @property {"device_added"|"device_removed"|"recovered"|"second_genesis"|"server_back"|"token_reused"} kind
 *   server_back: the server had forgotten statements of the list (it was restored), and was given them again
 *   token_reused: what renews a session was used a second time, as by somebody who has copied it
 * @property {string} [device]
 * @property {number} [day]  days since 1970: when this device has learnt of it. Nothing that devices sign about
 *   devices has a time, and the server remembers none for it
 * @property {number} [at]  of `token_reused`: milliseconds since 1970, by the server's clock
 *
 * @typedef {object} AccountState
 * @property {Phase} phase
 * @property {string|null} reason  of `distrusted`: `chain_back` (an older list than before), `chain_fork`
 *   (one that does not continue it); of `unsupported`: `insecure`, `no_ed25519`, `no_storage`
 * @property {Busy|null} busy
 * @property {string|null} address
 * @property {string|null} account  base64url
 * @property {string|null} device  this one's id, base64url
 * @property {boolean} hasDevices  of `no_device`: the account has devices, so this one is to be linked
 * @property {boolean} confirming  ten words were handed out and aren't confirmed yet: nothing is written before
 * @property {DeviceView[]} devices  the active ones, in the order in which they were added
 * @property {SessionView[]} sessions
 * @property {Pending|null} pending
 * @property {News[]} news
 * @property {boolean|null} persisted  whether the browser has promised to keep what is stored; null: not asked
 * @property {string[]} unseen  devices that nobody has seen for 90 days: to be proposed for removal
 * @property {number} clockOffset  server's clock minus this one's, in milliseconds
 * @property {number|null} createdDay  of the account
 * @property {import("./identities.js").Known|null} identities  what else opens the account; null: not asked
 */

/** @type {Readonly<AccountState>} */
export const NOTHING_KNOWN = Object.freeze({
  phase: "loading", reason: null, busy: null, address: null, account: null, device: null, hasDevices: false,
  confirming: false, devices: [], sessions: [], pending: null, news: [], persisted: null, unseen: [],
  clockOffset: 0, createdDay: null, identities: null,
});

/** Nobody has seen them for so long: they are proposed for removal. */
const UNSEEN_DAYS = 90;

/**
 * @param {DeviceView[]} devices
 * @param {number} today  days since 1970
 * @returns {string[]} those that are to be proposed for removal
 */
export const unseenFor = (devices, today) =>
  devices.filter(({ me, seenDay }) => !me && seenDay !== null && today - seenDay >= UNSEEN_DAYS).map(({ id }) => id);

/**
 * Sessions as they are shown: this browser's first, then those that were here last.
 * @param {SessionView[]} sessions
 */
export const inOrder = (sessions) =>
  [...sessions].sort((one, other) => Number(other.present) - Number(one.present) || other.seenDay - one.seenDay
    || other.createdDay - one.createdDay || (one.sid < other.sid ? -1 : 1));

/** The one place where the state changes, and from which everybody hears of it. */
export class StateHolder {
  /** @type {Readonly<AccountState>} */
  current = NOTHING_KNOWN;
  /** @type {Set<(state: Readonly<AccountState>) => void>} */
  #listeners = new Set();

  /** @param {Partial<AccountState>} changes */
  change(changes) {
    this.current = Object.freeze({ ...this.current, ...changes });
    for (const listener of this.#listeners) listener(this.current);
  }

  /** @param {(state: Readonly<AccountState>) => void} listener  @returns {() => void} ends it */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Says what is being done as long as it lasts.
   * @template T
   * @param {Busy} step
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async during(step, work) {
    const before = this.current.busy;
    this.change({ busy: step });
    try {
      return await work();
    } finally {
      this.change({ busy: before });
    }
  }
}
