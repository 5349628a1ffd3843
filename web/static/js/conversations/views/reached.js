/** How far the devices of others have stored what was said: delivered. */

export class Reached {
  #own;
  /** @type {Map<string, number>} */
  #cursors = new Map();

  /** @param {readonly string[]} own  devices */
  constructor(own) {
    this.#own = own;
  }

  /** @param {readonly {device: string, cursor: number}[]} receipts  @returns {boolean} whether anything is new */
  hear(receipts) {
    const fresh = receipts.filter(({ device, cursor }) => cursor > (this.#cursors.get(device) ?? 0));
    for (const { device, cursor } of fresh) this.#cursors.set(device, cursor);
    return fresh.length > 0;
  }

  /** The place up to which somebody else's device has all. @param {{[device: string]: number}} [told]  as the server said */
  upTo(told = {}) {
    return Math.max(0, ...[...this.#cursors, ...Object.entries(told)].filter(([device]) => !this.#own.includes(device)).map(([, cursor]) => cursor));
  }
}
