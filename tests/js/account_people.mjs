/**
 * People with accounts of the real server, each browser with what `AccountClient` has of one, and without its
 * costs: storage in memory, a cookie jar, and a derivation that is quick. Answers can be lost, and pages closed.
 */

import { createHash } from "node:crypto";
import * as hpke from "../../web/static/js/device/hpke.js";
import { AccountApi } from "../../web/static/js/account/account-api.js";
import * as inside from "../../web/static/js/account/inside.js";
import { AccountClient } from "../../web/static/js/account/account-client.js";
import { StateHolder } from "../../web/static/js/account/account-state.js";
import { Clock } from "../../web/static/js/account/clock.js";
import { Standing } from "../../web/static/js/account/standing.js";
import { SealedRows } from "../../web/static/js/account/storage-keys.js";
import { Tabs } from "../../web/static/js/account/tabs.js";
import { Tokens } from "../../web/static/js/account/tokens.js";
import { HttpClient } from "../../web/static/js/net/http-client.js";
import { audienceOf } from "../../web/static/js/protocol/accounts/proofs.js";
import { readConfig } from "../../web/static/js/protocol/config.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { readError } from "../../web/static/js/protocol/objects.js";
import { randomBytes } from "../../web/static/js/device/random.js";
import { MemoryLocks, MemoryStorage } from "./memory_storage.mjs";

export const SERVER = `${process.env.EPHEMERAL_URL}/`;
export const PASSWORD = "a long enough password";
const DAY_MS = 86_400_000;

const living = new Set();

/** Instead of Argon2id, which is tested elsewhere: the server sees no difference. */
const quick = async ({ password, salt }) => new Uint8Array(createHash("sha256").update(password).update(salt).digest());

/** One browser with its profile. */
export class Browser {
  storage = new MemoryStorage();
  locks = new MemoryLocks();
  cookie = null;
  /** What was asked, as "METHOD path". */
  asked = [];
  /** Which answers are lost on their way: `(method, path) => boolean`. */
  loses = () => false;
  /** What is refused instead of being asked: `(method, path) => code|null`. */
  refuses = () => null;
  /** How far its clock is off. */
  clockOffset = 0;
  agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0";
  #channels = new Set();

  /** Another tab, or the next page. @returns {Promise<AccountClient>} */
  async opens() {
    const told = await (await fetch(new URL("config", SERVER))).json();
    const { salt } = readConfig(told);
    const read = () => Date.now() + this.clockOffset;
    const tabs = new Tabs(this.#channel());
    const clock = new Clock(read);
    const tokens = new Tokens({
      base: SERVER, audience: await audienceOf(salt), clock, locks: this.locks, tabs, http: new Jar(this), read,
    });
    const api = new AccountApi(tokens);
    const parts = {
      base: SERVER, salt, state: new StateHolder(), storage: this.storage, locks: this.locks, tabs, clock, tokens, api,
      rows: new SealedRows(this.storage, api, this.locks), hpke: async () => hpke, inside: async () => inside, random: randomBytes, argon2id: quick,
      agent: this.agent,
    };
    const standing = new Standing(parts);
    const client = Object.assign(new AccountClient(parts, standing), { parts, browser: this });
    living.add(client);
    await standing.start();
    return client;
  }

  /** What another browser has that was given a copy of this one's disk. */
  copied() {
    const copy = new Browser();
    copy.storage = this.storage.image();
    copy.cookie = this.cookie;
    return copy;
  }

  /** The clock of this browser goes on by so many days; the server's doesn't. */
  sleeps(days) {
    this.clockOffset += days * DAY_MS;
  }

  #channel() {
    const listeners = [];
    const channel = {
      postMessage: (data) => {
        for (const other of this.#channels) if (other !== channel) other.hears(structuredClone(data));
      },
      addEventListener: (_, listener) => listeners.push(listener),
      close: () => this.#channels.delete(channel),
      hears: (data) => queueMicrotask(() => { for (const listener of listeners) listener({ data }); }),
    };
    this.#channels.add(channel);
    return channel;
  }
}

/** A browser's cookies, and what it says of itself where only browsers can. */
class Jar extends HttpClient {
  #browser;

  constructor(browser) {
    super(SERVER);
    this.#browser = browser;
  }

  async askOnce(method, path, { headers = {}, body, credentials, signal } = {}) {
    const browser = this.#browser;
    browser.asked.push(`${method} ${path}`);
    const refused = browser.refuses(method, path);
    if (refused !== null) throw new Refusal(refused);
    const all = new Headers(headers);
    if (body !== undefined) all.set("Content-Type", "application/json");
    if (credentials === "same-origin") {
      if (browser.cookie !== null) all.set("Cookie", browser.cookie);
      all.set("Origin", new URL(SERVER).origin);
      all.set("Sec-Fetch-Site", "same-origin");
    }
    let answer;
    let text;
    try {
      answer = await fetch(new URL(path, SERVER), {
        method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), signal,
      });
      text = await answer.text();
    } catch {
      throw new Refusal("unreachable");
    }
    // A cookie is kept when the head of an answer has come; the program may never see the rest.
    if (credentials === "same-origin") for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(";");
      browser.cookie = /max-age=0/i.test(line) || pair.endsWith("=") ? null : pair;
    }
    if (browser.loses(method, path)) throw new Refusal("unreachable");
    if (answer.status === 204) return { value: null, tag: null };
    const value = JSON.parse(text);
    if (!answer.ok) throw readError(value.error);
    return { value, tag: null };
  }
}

let names = 0;
/** One that nobody else has here: of a hundred who are called the same, two would draw the same digits now and then. */
export function newName() {
  names += 1;
  return `ada_${names}`;
}

/** @returns {Promise<{client: AccountClient, address: string, words: string}>} a person with an account and one device */
export async function registers(browser = new Browser()) {
  const client = await browser.opens();
  const address = client.proposeAddress(newName());
  const { words } = await client.register({ address, password: PASSWORD });
  await client.confirmWords();
  return { client, address, words, browser };
}

/** A second browser of the same person, linked by the first. */
export async function links(old, address, browser = new Browser(), history = { days: null }) {
  const client = await browser.opens();
  await client.signIn({ address, password: PASSWORD });
  const { code, done } = await client.beginLink();
  await old.lookAtLink(code);
  await old.acceptLink(code, PASSWORD, history);
  await done;
  return client;
}

/** The code with which something is refused. */
export const refusal = (promise) => promise.then(() => null, ({ code }) => code);

/** Waits until a state is as it is wanted. */
export function sees(client, look) {
  return new Promise((resolve) => {
    const unsubscribe = client.subscribe(check);
    function check(state) {
      if (!look(state)) return;
      unsubscribe?.();
      resolve(state);
    }
    check(client.state);
  });
}

export function everybodyGoes() {
  for (const client of living) client.close();
  living.clear();
}
