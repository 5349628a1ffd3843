/** People with accounts of the real server who talk with each other, each device with the engine that a page will have. */

import { Conversations } from "../../web/static/js/conversations/conversations.js";
import { MemoryStore } from "../../web/static/js/conversations/memory-store.js";
import { memberOf } from "../../web/static/js/conversations/member.js";
import { PageClosed } from "./memory_storage.mjs";
import { leavePins } from "../../web/static/js/account/settling.js";
import { readDevice } from "../../web/static/js/account/this-device.js";
import { readChain } from "../../web/static/js/protocol/accounts/chain.js";
import { Browser, PASSWORD, links, registers } from "./account_people.mjs";

/** A store whose program can die: when so many changes from now on have been written. */
export class DoomedStore extends MemoryStore {
  #left = Number.POSITIVE_INFINITY;

  constructor() {
    super();
    const { change } = this;
    this.change = async (work) => {
      if (this.#left <= 0) throw new PageClosed();
      const value = await change(work);
      this.#left -= 1;
      if (this.#left === 0) throw new PageClosed();
      return value;
    };
  }

  diesAfter(changes) {
    this.#left = changes;
  }

  copied() {
    const copy = new DoomedStore();
    copy.image = this.image;
    return copy;
  }
}

/** One device with what it keeps of conversations. */
export class Device {
  store = new DoomedStore();
  /** What a server that lies makes of its answers: `(method, path, answer) => answer`, or throws. */
  lies = null;
  /** What is answered in the server's place, which isn't asked then: `(method, path, request) => answer|null`. */
  answers = null;

  /** @param {any} client  of `account_people` */
  constructor(client) {
    this.client = client;
    this.browser = client.browser;
  }

  /** The engine as a program that has just started has it: what was kept is all that it knows. */
  async opens() {
    this.member = await memberOf(this.client.parts);
    const { ask } = this.member;
    this.member.pause = async () => undefined;
    this.asked = [];
    this.member.ask = async (method, path, request) => {
      this.asked.push({ method, path, ...request });
      const answer = (await this.answers?.(method, path, request ?? {})) ?? await ask(method, path, request);
      return this.lies?.(method, path, structuredClone(answer)) ?? answer;
    };
    this.talk = new Conversations(this.member, this.store);
    return this;
  }

  /** Another tab: the same store, and a program of its own. */
  async tab() {
    const tab = new Device(this.client);
    tab.store = this.store;
    return tab.opens();
  }

  /** The same, from a copy of its disk. */
  async copied() {
    const copy = new Device(this.client);
    copy.store = this.store.copied();
    return copy.opens();
  }

  get account() {
    return this.member.account;
  }

  get chain() {
    return Buffer.from(this.member.chain).toString("base64url");
  }

  /** Reads all that is new. */
  async sync() {
    const trouble = await this.talk.sync();
    await this.talk.rest();
    return trouble.map(({ refusal }) => refusal.code);
  }

  /** The line of a text, with its place. */
  async line(id, text) {
    const lines = await this.talk.of(id).lines({ limit: 10_000 });
    const { place, value } = lines.find(({ value: { content } }) => content?.body.text === text);
    return { place, ...value };
  }

  /** What is said in a conversation, as it is shown: the oldest first. */
  async texts(id) {
    const lines = await this.talk.of(id).lines({ limit: 10_000 });
    return lines.reverse().map(({ value }) => said(value));
  }
}

function said({ kind, content, code, deleted }) {
  if (kind === "message") return deleted ? "(deleted)" : content.body.text ?? `(${content.kind})`;
  return kind === "refused" ? `(${code})` : `(${kind})`;
}

/** @returns {Promise<Device & {address: string}>} somebody with one device */
export async function somebody() {
  const { client, address, words } = await registers();
  const device = await new Device(client).opens();
  return Object.assign(device, { address, words });
}

/** Another device of somebody; `history`: of what was said it is to have so much. */
export async function linked(old, history = { days: null }) {
  const client = await links(old.client, old.address, new Browser(), history);
  const device = Object.assign(await new Device(client).opens(), { address: old.address });
  // In a browser what linking has written lies with all else.
  const id = Buffer.from(device.member.device).toString("base64url");
  for (const [one, key] of [[old, `handing/${id}`], [device, "history"]]) {
    const row = await one.client.parts.rows.read(key);
    if (row !== undefined) await one.store.change(async (within) => within.put(key, row));
  }
  return device;
}

/** Somebody comes back with the ten words alone; `pinned`: the device before had left what it followed. */
export async function recovered(old, { pinned }) {
  const { parts } = old.client;
  if (pinned) {
    const chain = await readChain((await parts.api.devices()).statements);
    await leavePins(parts, await readDevice(parts.storage), chain);
  }
  const client = await new Browser().opens();
  await client.recover({ address: old.address, words: old.words, password: PASSWORD });
  return Object.assign(await new Device(client).opens(), { address: old.address, words: old.words });
}

/** Two people become contacts by an invitation. */
export async function befriend(one, other) {
  const invitation = await one.talk.invite();
  await other.talk.redeem(invitation);
  await one.talk.redeemed();
}
