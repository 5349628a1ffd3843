/**
 * A wire between a client and the real server that can be cut, held and bent: a TCP relay. What it
 * bends keeps its length, so that neither HTTP nor WebSocket framing notices.
 */

import { once } from "node:events";
import net from "node:net";

export class Wire {
  #target;
  #relay;
  #pairs = new Set();
  /** Connections that are made find nobody. */
  refuses = false;
  /** Requests come through, and nothing that wants to become a socket: a filter that knows no others. */
  filters = false;
  /** What the server says goes nowhere. */
  deaf = false;
  /** What the server says is changed. @type {(bytes: string) => string} */
  bends = (bytes) => bytes;
  /** What the client says after its request is on its way until `release`, on what connects now. */
  holds = false;
  /** @type {(() => void)[]} */
  #held = [];
  /** First lines of the requests that came by. */
  requests = [];

  static async to(url) {
    const wire = new Wire(new URL(url));
    await once(wire.#relay.listen(0, "127.0.0.1"), "listening");
    return wire;
  }

  constructor(target) {
    this.#target = target;
    this.#relay = net.createServer((near) => this.#carry(near));
  }

  get url() {
    return `http://127.0.0.1:${this.#relay.address().port}/`;
  }

  /** Every connection breaks, at both ends. */
  cut() {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  get isHolding() {
    return this.#held.length > 0;
  }

  /** What was on its way arrives. */
  release() {
    for (const arrive of this.#held.splice(0)) arrive();
  }

  async close() {
    this.cut();
    this.#relay.close();
    await once(this.#relay, "close");
  }

  #carry(near) {
    if (this.refuses) return void near.destroy();
    const far = net.connect(Number(this.#target.port), this.#target.hostname);
    const pair = [near, far];
    let holds = this.holds;
    this.#pairs.add(pair);
    near.on("data", (bytes) => {
      const [, line] = /^([A-Z]+ \/\S*) HTTP/m.exec(bytes.toString("latin1")) ?? [];
      if (line !== undefined) this.requests.push(line);
      if (this.filters && /^upgrade: *websocket/im.test(bytes.toString("latin1"))) {
        near.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      if (holds && line === undefined) this.#held.push(() => { holds = false; far.write(bytes); });
      else far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (this.deaf) return;
      const before = bytes.toString("latin1");
      const after = this.bends(before);
      if (after.length !== before.length) throw new Error("bent to another length");
      near.write(after, "latin1");
    });
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
  }
}
