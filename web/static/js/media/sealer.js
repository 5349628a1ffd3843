/** The worker that seals what is sent, of which a tab has one: segments go in one after the other. */

import { SEAL_WORKER } from "../device/file-workers.js";
import { workerAddress } from "../device/worker-address.js";
import { Refusal } from "../protocol/errors.js";

/**
 * @typedef {{object: Uint8Array, hash: Uint8Array}} Sealed  an object, and SHA-256 of what it holds
 * @typedef {import("../protocol/files/keys.js").FileKey} FileKey
 */

export class Sealer {
  /** @type {Worker|null} */
  #worker = null;
  /** @type {Map<number, {resolve: (sealed: Sealed) => void, reject: (why: Refusal) => void}>} */
  #asked = new Map();
  #last = 0;

  /**
   * @param {FileKey} file
   * @param {number} padded
   * @param {number} number
   * @param {Uint8Array} plaintext  with its padding; it is handed over, and empty afterwards
   * @returns {Promise<Sealed>}
   * @throws {Refusal} `segment_length`; `unreachable`: there is no worker
   */
  seal(file, padded, number, plaintext) {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#started();
      this.#last += 1;
      this.#asked.set(this.#last, { resolve, reject });
      this.#worker.postMessage({ id: this.#last, file, padded, number, plaintext }, [plaintext.buffer]);
    });
  }

  /** Ends it; whoever waits is refused. */
  close() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#asked.values()) reject(new Refusal("unreachable"));
    this.#asked.clear();
  }

  #started() {
    const worker = new Worker(workerAddress(false, SEAL_WORKER), { type: "module" });
    worker.addEventListener("message", ({ data: { id, object, hash, refusal } }) => {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (refusal === undefined) asked?.resolve({ object, hash });
      else asked?.reject(new Refusal(String(refusal)));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.close();
    });
    return worker;
  }
}
