/** What a server is asked about conversations (docs/conversations.md), and what its answers must look like. */

import { verifySealing } from "../protocol/accounts/sealing-keys.js";
import { fromBase64url, isInteger, isObject, toBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";

/**
 * As `Tokens.ask`: as a device, with its proof.
 * @typedef {(method: string, path: string, request?: {body?: object}) => Promise<Record<string, any>>} Ask
 *
 * The account's socket, while there is one: `post` and `ack` go by it.
 * @typedef {{readonly isLive: boolean, ask: (type: string, fields: object) => Promise<Record<string, any>>}} Line
 *
 * @typedef {{epoch: number, s: number, hash: Uint8Array}} Begun
 *
 * @typedef {object} Summary  how the server says that a conversation stands
 * @property {string} conversation
 * @property {number} epoch
 * @property {Uint8Array} record  `R`
 * @property {number} s
 * @property {Uint8Array} hash
 * @property {number|null} first  the place of the first record that lists this device
 * @property {string|null} due
 *
 * @typedef {{epoch: number, s: number, at: number, entry: Uint8Array, box: Uint8Array|null}} Epoch
 *
 * @typedef {object} Item  `entry` is null where it was destroyed, or stands before this device's first record
 * @property {number} s
 * @property {number} kind
 * @property {Uint8Array} device
 * @property {number} at
 * @property {Uint8Array} digest
 * @property {Uint8Array|null} id
 * @property {Uint8Array|null} entry
 *
 * @typedef {{items: Item[], more: boolean, s: number, hash: Uint8Array, record: Uint8Array}} Page
 *
 * @typedef {object} ServedKey  as its device has signed it
 * @property {number} number
 * @property {number} day
 * @property {Uint8Array} key
 * @property {Uint8Array} signature
 *
 * @typedef {{chain: Uint8Array, sequence: number, devices: {device: Uint8Array, sealing: ServedKey|null}[]}} PersonNow
 *
 * @typedef {import("../protocol/conversations/records.js").Leave} Leave
 * @typedef {PersonNow & {account: string|null, invitation: Uint8Array, sealed: Uint8Array}} Joining
 * @typedef {{people: PersonNow[], leaves: Leave[], joins: Joining[], cursors: Cursor[]}} Members
 * @typedef {{device: string, cursor: number}} Cursor  how far a device has stored what it read; its id in base64url
 * @typedef {{account: string, state: string, chain: Uint8Array|null}} Contact
 * @typedef {{conversation: string|null, invitation: Uint8Array, account: string, sealed: Uint8Array}} Redemption
 */

/** No list of the server's is longer. */
const LONGEST = 4096;
/** Characters of entries that the socket takes at once. */
const SOCKET_LENGTH = 80_000;

export class ConversationApi {
  #ask;
  #line;

  /** @param {Ask} ask  @param {Line|null} [line] */
  constructor(ask, line = null) {
    this.#ask = ask;
    this.#line = line;
  }

  /** @param {Posted} posted */
  async found(posted) {
    return begun(await this.#ask("POST", "chatrooms", { body: bodyOf(posted) }));
  }

  /** @param {string} conversation  @param {Posted} posted */
  async begin(conversation, posted) {
    return begun(await this.#ask("POST", `chatrooms/${conversation}/epochs`, { body: bodyOf(posted) }));
  }

  /** Shows operators what was said. @param {{id: string, reason: string, text: string, messages: object[]}} report */
  async report(report) {
    await this.#ask("POST", "report", { body: report });
  }

  /** @returns {Promise<Summary[]>} all */
  async listed() {
    const found = [];
    for (let after = ""; ;) {
      const answer = await this.#ask("GET", after === "" ? "chatrooms" : `chatrooms?after=${after}`);
      found.push(...list(answer.conversations).map(summary));
      if (answer.more !== true || found.length === 0) return found;
      after = found[found.length - 1].conversation;
    }
  }

  /** @param {string} conversation */
  async one(conversation) {
    return summary(await this.#ask("GET", `chatrooms/${conversation}`));
  }

  /**
   * Records after an epoch, all that are kept.
   * @param {string} conversation
   * @param {number} after
   * @returns {Promise<Epoch[]>}
   */
  async epochs(conversation, after) {
    const found = [];
    for (let last = after; ;) {
      const answer = await this.#ask("GET", `chatrooms/${conversation}/epochs?after=${last}`);
      const page = list(answer.epochs).map((one) => ({
        epoch: count(one.epoch), s: count(one.s), at: count(one.at), entry: fromBase64url(one.entry),
        box: one.box == null ? null : fromBase64url(one.box),
      }));
      found.push(...page);
      if (answer.more !== true || page.length === 0) return found;
      last = page[page.length - 1].epoch;
    }
  }

  /** @param {string} conversation  @param {number} after  @returns {Promise<Page>} @throws {Refusal} `behind` */
  async log(conversation, after) {
    const answer = await this.#ask("GET", `chatrooms/${conversation}/messages?after=${after}`);
    return readPage(answer);
  }

  /** @param {string} conversation  @returns {Promise<Members>} */
  async members(conversation) {
    const answer = await this.#ask("GET", `chatrooms/${conversation}/devices`);
    return {
      people: list(answer.people).map(person),
      leaves: list(answer.leaves).map((one) => ({
        chain: fromBase64url(one.chain, 32), since: count(one.since), device: fromBase64url(one.device, 16),
        signature: fromBase64url(one.signature, 64),
      })),
      joins: list(answer.joins).map((one) => ({
        ...person(one), account: typeof one.account === "string" ? one.account : null,
        invitation: fromBase64url(one.invitation), sealed: fromBase64url(one.sealed),
      })),
      cursors: list(answer.cursors).map(({ device: id, cursor }) => ({ device: text(id), cursor: count(cursor) })),
    };
  }

  /**
   * @param {string} conversation
   * @param {Uint8Array[]} entries
   * @returns {Promise<{stored: {s: number, hash: Uint8Array, at: number}[], renew: boolean}>}
   */
  async post(conversation, entries) {
    const body = { entries: entries.map(toBase64url) };
    // The socket takes one of the largest.
    const isShort = body.entries.reduce((sum, { length }) => sum + length, 0) < SOCKET_LENGTH;
    const { renew, stored } = await this.#tell(isShort, "post", conversation, body, `chatrooms/${conversation}/message`);
    return {
      stored: list(stored).map(({ s, hash, at }) => ({ s: count(s), hash: fromBase64url(hash, 32), at: count(at) })),
      renew: renew === true,
    };
  }

  /** @param {string} conversation  @param {string} message */
  async destroy(conversation, message) {
    await this.#ask("DELETE", `chatrooms/${conversation}/messages/${message}`);
  }

  /** @param {string} conversation  @param {number} cursor */
  async acknowledge(conversation, cursor) {
    await this.#tell(true, "ack", conversation, { cursor }, `chatrooms/${conversation}/ack`);
  }

  /** @param {string} conversation  @param {Leave} leave */
  async leave(conversation, { chain, since, device, signature }) {
    const leave = {
      chain: toBase64url(chain), since, device: toBase64url(device), signature: toBase64url(signature),
    };
    await this.#ask("DELETE", `chatrooms/${conversation}/members/me`, { body: { leave } });
  }

  /** @param {string} conversation */
  async end(conversation) {
    await this.#ask("DELETE", `chatrooms/${conversation}`);
  }

  /** @param {string} conversation  @param {Uint8Array} invitation  its id, or `joining`  @param {Uint8Array} sealed */
  async join(conversation, invitation, sealed) {
    const body = { invitation: toBase64url(invitation), sealed: toBase64url(sealed) };
    await this.#ask("POST", `chatrooms/${conversation}/join`, { body });
  }

  /**
   * Statements of a chain, behind one.
   * @param {string} chain
   * @param {number} after  -1: all
   * @returns {Promise<Uint8Array[]>}
   */
  async chain(chain, after) {
    const answer = await this.#ask("GET", after < 0 ? `chains/${chain}` : `chains/${chain}?after=${after}`);
    return list(answer.statements).map((one) => fromBase64url(one));
  }

  /** This account's own devices. @param {Uint8Array} chain  @returns {Promise<PersonNow>} */
  async own(chain) {
    const { devices, statements } = await this.#ask("GET", "devices");
    return { chain, sequence: list(statements).length - 1, devices: list(devices).map((one) => device(one, one.id)) };
  }

  /** @returns {Promise<{contacts: Contact[], redemptions: Redemption[]}>} */
  async contacts() {
    const { contacts, redemptions } = await this.#ask("GET", "contacts");
    return {
      contacts: list(contacts).map(({ account, state, chain }) => ({
        account: text(account), state: text(state), chain: chain == null ? null : fromBase64url(chain, 32),
      })),
      redemptions: list(redemptions).map(({ invitation, account, sealed, conversation }) => ({
        invitation: fromBase64url(invitation, 16), account: text(account), sealed: fromBase64url(sealed),
        conversation: conversation == null ? null : text(conversation),
      })),
    };
  }

  /** @param {string} account  @returns {Promise<PersonNow>} */
  async contact(account) {
    return person(await this.#ask("GET", `contacts/${account}/devices`));
  }

  /** @param {Uint8Array} id  @param {Uint8Array} sealed  @param {string|null} conversation  @returns {Promise<number>} until when, in milliseconds */
  async invite(id, sealed, conversation) {
    const body = { id: toBase64url(id), sealed: toBase64url(sealed), ...(conversation === null ? {} : { conversation }) };
    return count((await this.#ask("POST", "contacts/invitations", { body })).expires_at);
  }

  /** An invitation that is of no more use. @param {Uint8Array} id */
  async withdraw(id) {
    await this.#ask("DELETE", `contacts/invitations/${toBase64url(id)}`);
  }

  /**
   * By the socket; where there is none, or it breaks, by HTTP: the same again changes nothing.
   * @param {boolean} fits
   * @param {string} type
   * @param {string} conversation
   * @param {object} body
   * @param {string} path
   */
  async #tell(fits, type, conversation, body, path) {
    if (fits && this.#line?.isLive) {
      try {
        return await this.#line.ask(type, { conversation, ...body });
      } catch (error) {
        if (!isPassing(/** @type {Refusal} */ (error))) throw error;
      }
    }
    return this.#ask("POST", path, { body });
  }

  /** @param {Uint8Array} id  @param {Uint8Array} sealed  @returns {Promise<{account: string, sealed: Uint8Array}>} */
  async redeem(id, sealed) {
    const body = { sealed: toBase64url(sealed) };
    const answer = await this.#ask("POST", `contacts/invitations/${toBase64url(id)}/redeem`, { body });
    return { account: text(answer.account), sealed: fromBase64url(answer.sealed) };
  }
}

/**
 * A record as it is posted.
 * @typedef {{record: Uint8Array, signature: Uint8Array, boxes: readonly Uint8Array[]}} Posted
 * @param {Posted} posted
 */
const bodyOf = ({ record, signature, boxes }) =>
  ({ record: toBase64url(record), signature: toBase64url(signature), boxes: boxes.map(toBase64url) });

/**
 * The keys of these people's devices, of those that their devices have signed, each as its person's.
 * @param {readonly PersonNow[]} people
 * @param {import("../protocol/conversations/lines.js").Lines} lines
 * @returns {Promise<import("../protocol/conversations/making.js").KeyOf>}
 */
export async function keysOfDevices(people, lines) {
  /** @type {Map<string, {number: number, key: Uint8Array}>} */
  const known = new Map();
  await Promise.all(people.flatMap(({ chain, devices }) => devices.map(async ({ device: id, sealing }) => {
    const key = lines.get(chain)?.last.keyOf(id);
    if (!key || sealing === null) return;
    if (await verifySealing(key, chain, id, sealing, sealing.signature)) known.set(`${toBase64url(chain)} ${toBase64url(id)}`, sealing);
  })));
  return (id, chain) => known.get(`${toBase64url(chain)} ${toBase64url(id)}`) ?? null;
}

/** @param {any} one  @returns {PersonNow} */
const person = (one) => ({
  chain: fromBase64url(one.chain, 32), sequence: count(one.sequence),
  devices: list(one.devices).map((each) => device(each, each.device)),
});

/** @param {any} one  @param {unknown} id */
function device(one, id) {
  const { sealing } = one;
  return {
    device: fromBase64url(id, 16),
    sealing: !isObject(sealing) ? null : {
      number: count(sealing.number), day: count(sealing.day), key: fromBase64url(sealing.key),
      signature: fromBase64url(sealing.signature),
    },
  };
}

/** A piece of a log, as it is answered or told. @param {Record<string, any>} answer  @returns {Page} */
export const readPage = (answer) => ({
  items: list(answer.entries).map((one) => ({
    s: count(one.s), kind: count(one.kind), device: fromBase64url(one.device, 16), at: count(one.at),
    digest: fromBase64url(one.digest, 32), id: one.id == null ? null : fromBase64url(one.id, 16),
    entry: one.entry == null ? null : fromBase64url(one.entry),
  })),
  more: answer.more === true, s: count(answer.s), hash: fromBase64url(answer.hash, 32),
  record: fromBase64url(answer.record, 32),
});

/** @param {Record<string, any>} answer  @returns {Begun} */
const begun = ({ epoch, s, hash }) => ({ epoch: count(epoch), s: count(s), hash: fromBase64url(hash, 32) });

/** @param {any} one  @returns {Summary} */
const summary = (one) => ({
  conversation: toBase64url(fromBase64url(one.conversation, 16)), epoch: count(one.epoch),
  record: fromBase64url(one.record, 32), s: count(one.s), hash: fromBase64url(one.hash, 32),
  first: one.first == null ? null : count(one.first), due: typeof one.due === "string" ? one.due : null,
});

/** @param {unknown} value  @returns {any[]} */
function list(value) {
  if (!Array.isArray(value) || value.length > LONGEST || !value.every((one) => isObject(one) || typeof one === "string")) {
    throw new Refusal("malformed");
  }
  return value;
}

/** @param {unknown} value  @returns {string} */
function text(value) {
  if (typeof value !== "string") throw new Refusal("malformed");
  return value;
}

/** @param {unknown} value  @returns {number} */
function count(value) {
  if (!isInteger(value)) throw new Refusal("malformed");
  return value;
}
