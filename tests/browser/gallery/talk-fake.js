// Conversations without a server: what the engine's facade offers, for the messenger on the stage. Whatever is asked is
// remembered in `calls`; what is said stands there at once.
//
//   const talk = new TalkFake([conversation("one", { people: ["bo"], lines: [text(1, "bo", "Hello")] })]);
//   talk.hear("one", { type: "typing", device: "device of bo" });

import { fromBase64url, toBase64url, utf8 } from "/static/js/protocol/encoding.js";
import { Refusal } from "/static/js/protocol/errors.js";

/** An id of 32 bytes that begins with a name, as chains have them. */
const idOf = (name) => toBase64url(Uint8Array.from({ length: 32 }, (_, at) => utf8(name)[at] ?? 7));
export const ME = idOf("me");
export const NAMES = { bo: "Bo Ek", cleo: "Cleo", dara: "دارا", long: "Maximiliane von der Hohenstraße-Wiesengrund" };
export const chainOf = (name) => (name === "me" ? ME : idOf(name));
const deviceOf = (name) => `device of ${name}`;
/** Moments of a conversation: some minutes apart, up to now. */
const NOW = Date.now();
export const ago = (minutes) => NOW - minutes * 60_000;

const line = (place, value) => ({ place, value });
export const text = (place, who, words, more = {}) => line(place, {
  kind: "message", id: `message ${place}`, chain: chainOf(who), device: deviceOf(who), at: ago(60 - place), timer: 0, proof: {},
  content: { kind: "text", at: 0, body: { text: words, mentions: [] } }, ...more,
});
export const reply = (place, who, words, of, quote) => text(place, who, words, {
  content: { kind: "reply", at: 0, body: { text: words, mentions: [], of: { device: deviceOf(of), id: "message 1" }, quote } },
});
export const record = (place, who, more = {}) => line(place, {
  kind: "record", epoch: place, chain: chainOf(who), device: deviceOf(who), at: ago(60 - place), trouble: null, added: [], removed: [],
  left: [], roles: [], ...more,
});
export const quiet = (place, value) => line(place, { device: deviceOf("bo"), at: ago(60 - place), ...value });

/** @param {string} id */
export function conversation(id, { people = ["bo"], lines = [], view = {}, receipts = {}, settings = {}, draft = null } = {}) {
  const everybody = ["me", ...people].map((name, at) => ({ chain: chainOf(name), role: at === 0 ? "admin" : "member", since: 1 }));
  return {
    id, lines,
    view: {
      id, standing: "following", why: null, reason: null, place: lines.at(-1)?.place ?? 0, epoch: 1, timer: 0, people: everybody,
      role: "admin", waiting: [], blamed: null, copied: false, reads: {}, card: null, mark: 0, unread: 0, mentioned: 0, ...view,
    },
    receipts, settings, draft,
  };
}

/** What is behind `#` in an invitation's link. */
export const FRAGMENT = `invite=${"A".repeat(22)}.${"B".repeat(42)}A`;
const TODAY = Math.floor(NOW / 86_400_000);

/** Somebody as contacts are listed. */
export const contact = (name, more = {}) => ({
  account: `account of ${name}`, chain: chainOf(name), state: "accepted", day: TODAY - 3, name: NAMES[name] ?? null, address: null,
  isVerified: false, isChanged: false, ...more,
});
/** Somebody who asks. */
export const asks = (name, address, more = {}) => ({ account: `account of ${name}`, chain: chainOf(name), address, day: TODAY - 1, name: null, former: null, ...more });
/** Somebody who was asked. */
export const asked = (address, days = 2) => ({ request: `request to ${address}`, address, day: TODAY - days });
export const invitedBy = (label, more = {}) => ({ id: `invitation of ${label}`, label, conversation: null, until: NOW + 5 * 86_400_000, secret: "", epoch: 0, fragment: FRAGMENT, ...more });

class ConversationFake {
  #talk;
  #of;

  constructor(talk, of) {
    this.#talk = talk;
    this.#of = of;
    this.id = of.id;
  }

  async view() {
    return this.#of.view;
  }

  /** What is shown of it, and what is said in it: the same object here. */
  get shown() {
    return this;
  }

  get says() {
    return {
      text: (text, mentions) => this.send("text", { text, mentions: mentions.map(toBase64url) }),
      reply: (line, text, mentions) => this.send("reply", { text, mentions: mentions.map(toBase64url), of: line, quote: line.content.body.text }),
      edit: (line, text) => this.send("edit", { of: line, text }),
      react: (line, reaction) => this.send("reaction", { of: line, reaction }),
      withdraw: (line) => this.send("delete", { of: line }),
      name: (name) => this.send("card", { name }),
    };
  }

  async page({ before = Infinity, after, limit }) {
    const { lines } = this.#of;
    if (after !== undefined) return lines.filter(({ place }) => place > after).slice(0, limit);
    return lines.filter(({ place }) => place < before).slice(-limit).reverse();
  }

  async find({ id }) {
    return this.#of.lines.find(({ value }) => value.id === id) ?? null;
  }

  async search(text) {
    const found = this.#of.lines.filter(({ value }) => value.content?.body.text?.toLowerCase().includes(text.toLowerCase()));
    return { found: found.reverse(), next: null };
  }

  async profiles() {
    const names = { ...await this.#talk.names(), [ME]: "Ada" };
    return Object.fromEntries(Object.entries(names).map(([chain, name]) => [chain, { name }]));
  }

  async receipts() {
    return this.#of.receipts;
  }

  async say(kind, body) {
    this.#talk.calls.push(["say", this.id, kind, body]);
    if (kind !== "text" && kind !== "reply") return;
    const { view } = this.#of;
    this.#of.view = { ...view, waiting: [...view.waiting, { id: `said ${this.#talk.calls.length}`, kind, at: Date.now(), body, refused: null }] };
    this.#talk.changed(this.id);
  }

  async flush() {
    if (this.#talk.isAway) throw new Refusal("unreachable");
  }

  async send(kind, body) {
    await this.say(kind, body);
    await this.flush();
  }

  async seen() {}

  async lookAtPeople() {}

  report(...given) {
    return this.#talk.ask("report", given);
  }
}

for (const name of ["discard", "leave", "catchUp", "add", "remove", "role", "timer"]) {
  ConversationFake.prototype[name] = async function asked(...given) {
    this.talkCalls?.push([name, this.id, ...given]);
  };
}

export class TalkFake {
  calls = [];
  isAway = false;
  me = ME;
  #all;
  #listeners = new Set();
  #refusal = null;
  contacts = { accepted: async () => this.accepted };

  /** `people`: what the server lists of contacts; `changes`: what has become of some of them; `invited`: own invitations. */
  constructor(all = [], { contacts = ["bo", "cleo", "dara"], name = "Ada", picture = null, pictures = {}, people = {}, changes = [], invited = [], history = {}, here = [], isOn = here.length > 0 } = {}) {
    this.listed = { contacts: contacts.map((one) => contact(one)), asking: [], asked: [], isFindable: false, address: "ada.12345", ...people };
    this.whatChanged = changes;
    this.invited = invited;
    this.presence = {
      isKnown: isOn, isHere: (chain) => here.map(chainOf).includes(chain), isOn: async () => isOn,
      set: async (on) => { await this.ask("presence", [on]); isOn = on; },
    };
    this.shows = pictures;
    this.histories = { standing: async () => ({ awaited: null, handing: [], ...history }) };
    this.#all = new Map(all.map((one) => [one.id, one]));
    this.accepted = contacts.map((name) => ({ account: `account of ${name}`, chain: fromBase64url(chainOf(name), 32) }));
    const alias = new Map(Object.entries(NAMES).map(([name, called]) => [chainOf(name), called]));
    const profile = name === null ? null : { name, picture };
    const get = (register, key) => (register === "profile" ? profile : register === "alias" ? alias.get(key) : this.#all.get(key)?.[register]) ?? null;
    this.own = { id: async () => "own", registers: async () => ({ values: new Map([["alias", alias]]), get }), set: async (...given) => { this.calls.push(["set", ...given]); } };
  }

  refuseNext(code) {
    this.#refusal = new Refusal(code);
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(id) {
    for (const listener of this.#listeners) listener(id, null);
  }

  /** Somebody says something there. */
  come(id) {
    const one = this.#all.get(id);
    one.view = { ...one.view, unread: one.view.unread + 1 };
    this.changed(id);
  }

  hear(id, event) {
    for (const listener of this.#listeners) listener(id, { conversation: id, ...event });
  }

  of(id) {
    const made = new ConversationFake(this, this.#all.get(id));
    made.talkCalls = this.calls;
    return made;
  }

  look() {}

  async list() {
    return Promise.all([...this.#all.keys()].map((id) => this.summary(id)));
  }

  async summary(id) {
    const { lines, view, settings, draft } = this.#all.get(id);
    const last = lines.filter(({ value }) => value.kind === "message").at(-1) ?? null;
    return {
      id, standing: view.standing, why: view.why, card: view.card, direct: view.card === null && view.people.length === 2 ? view.people.find(({ chain }) => chain !== ME).chain : null, people: view.people, names: await this.names(id), pictures: await this.pictures(),
      last, at: (last ?? lines.at(-1))?.value.at ?? 0, unread: view.unread, mentioned: view.mentioned, waiting: view.waiting.length,
      isBlocked: false, draft, settings,
    };
  }

  async pictures() {
    return Object.fromEntries(Object.entries(this.shows).map(([name, picture]) => [chainOf(name), picture]));
  }

  async names() {
    return Object.fromEntries(Object.entries(NAMES).map(([name, called]) => [chainOf(name), called]));
  }

  async read() {}

  async draft() {}

  hide(...given) {
    return this.ask("hide", given);
  }

  async people(accounts) {
    return accounts.map((account) => ({ account }));
  }

  async direct() {
    return null;
  }

  get inviting() {
    return {
      redeemed: async () => [], all: async () => this.invited,
      withdraw: (...given) => this.ask("withdraw", given),
      invite: (...given) => this.ask("invite", given, { fragment: () => `${FRAGMENT}` }),
      redeem: (...given) => this.ask("redeem", given, { account: "account of bo", chain: chainOf("bo"), name: "Bo Ek", conversation: null }),
    };
  }

  /** Contacts, who asks and who was asked. */
  get everybody() {
    const asked = Object.fromEntries(["accept", "agree", "alias", "ask", "block", "deny", "findable", "remove", "unblock", "verify"]
      .map((name) => [name, (...given) => this.ask(name, given)]));
    return {
      ...asked, list: () => this.ask("list", [], this.listed),
      number: () => this.ask("number", [], Array.from({ length: 12 }, (_, at) => String(10_007 * (at + 1) % 100_000).padStart(5, "0")).join(" ")),
      changes: async (chains) => this.whatChanged.filter(({ chain }) => chains.includes(chain)),
      goOn: async (change) => {
        await this.ask("goOn", [change]);
        this.whatChanged = this.whatChanged.filter((one) => one !== change);
      },
    };
  }

  async ask(name, given, answer) {
    this.calls.push([name, ...given]);
    const refusal = this.#refusal;
    this.#refusal = null;
    if (refusal !== null) throw refusal;
    return answer;
  }

  found(...given) {
    return this.ask("found", given, { id: [...this.#all.keys()][0] });
  }

  repair(...given) {
    return this.ask("repair", given, { id: [...this.#all.keys()][0] });
  }
}

/** The line to the server, as it stands. */
export const liveFake = (more = {}) => ({ isLive: true, isLeading: true, typing() {}, watch: () => () => {}, wishes: async () => ({}), wish: async () => {}, ...more });
