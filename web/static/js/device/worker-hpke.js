/** HPKE in a worker, of which a tab has one: what is urgent comes first. */

import { Refusal } from "../protocol/errors.js";
import { Priorities } from "./priorities.js";
import { workerAddress } from "./worker-address.js";

const WORKER = new URL("./hpke-worker.js", import.meta.url).href;
/** What comes next is asked for when the last is done: that costs the way of a message, and what waits in the worker
 * could not be overtaken. */
const MOST = 1;

/**
 * @typedef {import("../protocol/accounts/sealing-keys.js").Hpke} Hpke
 * @typedef {import("./priorities.js").Priority} Priority
 * @typedef {Pick<Worker, "postMessage"|"terminate"|"addEventListener">} Line  to the worker
 * @typedef {{resolve: (value: any) => void, reject: (why: Refusal) => void}} Asked
 */

export class WorkerHpke {
  #start;
  #queue = new Priorities(MOST);
  /** @type {Line|null} */
  #worker = null;
  /** @type {Map<number, Asked>} */
  #asked = new Map();
  #last = 0;

  /** @param {() => Line} [start]  starts one; it is asked for when there is work, and again when one has died */
  constructor(start = () => new Worker(workerAddress(false, WORKER), { type: "module" })) {
    this.#start = start;
  }

  /**
   * @param {Priority} priority
   * @returns {Hpke} whose functions refuse as device/hpke.js does, or with `unreachable`: there is no worker
   */
  at(priority) {
    const ask = (/** @type {string} */ name) => (/** @type {Uint8Array[]} */ ...given) =>
      this.#queue.run(priority, () => this.#ask(name, given));
    return { fromSeed: ask("fromSeed"), seal: ask("seal"), open: ask("open") };
  }

  /** Ends it; whoever waits is refused. */
  close() {
    this.#lost();
    this.#start = () => { throw new Refusal("ended"); };
  }

  /** @param {string} name  @param {Uint8Array[]} given  @returns {Promise<any>} */
  #ask(name, given) {
    return new Promise((resolve, reject) => {
      this.#last += 1;
      this.#worker ??= this.#started();
      this.#asked.set(this.#last, { resolve, reject });
      this.#worker.postMessage({ id: this.#last, name, given });
    });
  }

  #started() {
    const worker = this.#start();
    worker.addEventListener("message", ({ data: { id, value, refusal } }) => {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (refusal === undefined) asked?.resolve(value);
      else asked?.reject(new Refusal(String(refusal)));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      // It did not arrive: what its program refuses it says itself.
      if (worker === this.#worker) this.#lost();
    });
    return worker;
  }

  #lost() {
    this.#worker?.terminate();
    this.#worker = null;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(new Refusal("unreachable"));
  }
}
