/** The server's clock, as far as its answers tell: this device's own may be wrong by years. */

import { isInteger, isObject } from "../protocol/encoding.js";

const DAY_MS = 86_400_000;

export class Clock {
  /** Server's minus this one's, in milliseconds. */
  offset = 0;
  #read;

  /** @param {() => number} [read]  milliseconds since 1970 */
  constructor(read = () => Date.now()) {
    this.#read = read;
  }

  /** Milliseconds since 1970, by the server's clock. */
  now() {
    return this.#read() + this.offset;
  }

  /** Days since 1970, by the server's clock. */
  today() {
    return Math.floor(this.now() / DAY_MS);
  }

  /** @param {unknown} answer  any of the server's: those that hold times hold `now` */
  learn(answer) {
    const now = isObject(answer) ? answer.now : undefined;
    if (isInteger(now)) this.offset = now - this.#read();
  }
}
