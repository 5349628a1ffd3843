/**
 * The storage of an account without a browser: transactions happen whole or not at all, and values are copied as
 * IndexedDB copies them. `diesAfter(n)`: the page is closed when the n-th writing from now on has been done.
 */

import { PLACES } from "../../web/static/js/account/storage.js";

export class PageClosed extends Error {}

export class MemoryStorage {
  places = new Map(PLACES.map((place) => [place, new Map()]));
  #left = Number.POSITIVE_INFINITY;
  #turn = Promise.resolve();

  diesAfter(writes) {
    this.#left = writes;
  }

  read = (work) => this.#inTurn(() => work(within(this.places)));

  write = (work) => this.#inTurn(async () => {
    if (this.#left <= 0) throw new PageClosed();
    const copy = new Map([...this.places].map(([place, rows]) => [place, new Map(rows)]));
    const value = await work(within(copy));
    this.places = copy;
    this.#left -= 1;
    if (this.#left === 0) throw new PageClosed();
    return value;
  });

  close() {}

  /** A copy of the disk, as it lies there now. */
  image() {
    const image = new MemoryStorage();
    image.places = new Map([...this.places].map(([place, rows]) => [place, new Map(rows)]));
    return image;
  }

  #inTurn(work) {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

const within = (places) => ({
  get: async (place, key) => structuredClone(places.get(place).get(key)),
  put: async (place, key, value) => void places.get(place).set(key, structuredClone(value)),
  remove: async (place, key) => void places.get(place).delete(key),
  keys: async (place, range) => inRange([...places.get(place).keys()], range),
  all: async (place, range) => inRange([...places.get(place).keys()], range)
    .map((key) => [key, structuredClone(places.get(place).get(key))]),
});

const inRange = (keys, { prefix = "", after, below, limit } = {}) => keys.sort()
  .filter((key) => key.startsWith(prefix) && (after === undefined || key > after) && (below === undefined || key < below))
  .slice(0, limit);

/** Locks as browsers have them, for one process: enough for what asks for them here. */
export class MemoryLocks {
  #held = new Map();

  request(name, options, work = options) {
    const { mode = "exclusive", steal = false, signal } = work === options ? {} : options;
    const lock = this.#lock(name);
    return new Promise((resolve, reject) => {
      const wish = { mode, work, resolve, reject };
      if (steal) {
        for (const holder of lock.holders) holder.reject(new DOMException("robbed", "AbortError"));
        lock.holders.clear();
        lock.waiting.unshift(wish);
      } else lock.waiting.push(wish);
      signal?.addEventListener("abort", () => {
        lock.waiting = lock.waiting.filter((one) => one !== wish);
        reject(new DOMException("called away", "AbortError"));
      });
      this.#next(lock);
    });
  }

  #lock(name) {
    const lock = this.#held.get(name) ?? { holders: new Set(), waiting: [] };
    this.#held.set(name, lock);
    return lock;
  }

  #next(lock) {
    const [first] = lock.waiting;
    const fits = first !== undefined && (lock.holders.size === 0 ||
      (first.mode === "shared" && [...lock.holders].every(({ mode }) => mode === "shared")));
    if (!fits) return;
    lock.waiting.shift();
    lock.holders.add(first);
    Promise.resolve().then(() => first.work({})).then(first.resolve, first.reject).finally(() => {
      lock.holders.delete(first);
      this.#next(lock);
    });
    this.#next(lock);
  }
}

/** The server's shares of one device, as it keeps them. */
export class ShareServer {
  shares = [];
  asked = [];
  loseAnswers = 0;

  async #answer(what) {
    this.asked.push(what);
    if (this.loseAnswers > 0) {
      this.loseAnswers -= 1;
      throw Object.assign(new Error("lost"), { code: "unreachable" });
    }
    return structuredClone(this.shares);
  }

  shares_() {
    return this.#answer("shares");
  }

  rotate(n) {
    const highest = Math.max(0, ...this.shares.map((one) => one.n));
    if (this.shares.length > 1 && highest !== n + 1) throw Object.assign(new Error(), { code: "conflict" });
    if (highest !== n + 1) {
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      this.shares.push({ n: n + 1, share: Buffer.from(bytes).toString("base64url") });
    }
    return this.#answer(`rotate ${n}`);
  }

  confirm(n) {
    this.shares = this.shares.filter((one) => one.n >= n);
    return this.#answer(`confirm ${n}`);
  }

  get api() {
    return { shares: () => this.shares_(), rotate: async (n) => this.rotate(n), confirm: async (n) => this.confirm(n) };
  }
}
