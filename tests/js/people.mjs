/** People in rooms of the real server, each with a `RoomClient` as a page has one. */

import assert from "node:assert/strict";
import { randomBelow, randomBytes } from "../../web/static/js/device/random.js";
import { PolledSocket } from "../../web/static/js/net/polled-socket.js";
import * as profiles from "../../web/static/js/room/profiles.js";
import * as resuming from "../../web/static/js/room/resuming.js";
import { RoomClient } from "../../web/static/js/room/room-client.js";
import { makeCode } from "../../web/static/js/protocol/codes.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { sha256 } from "../../web/static/js/protocol/keys.js";

/** The server; started by tests/test_js.py. */
export const SERVER = `${process.env.EPHEMERAL_URL}/`;
export const FIRST_VIEW = { policy: 1, seats: 2, messageTtl: 3600, roomTtl: 86_400 };

/** A tab: its storage, and a derivation without its cost, which is tested elsewhere. */
export class Tab {
  entries = new Map();
  randomBytes = randomBytes;
  standIn = async () => PolledSocket;
  profiles = async () => profiles;
  resuming = async () => resuming;

  constructor() {
    /** Resolves once something is kept: a client is live before it has sealed that. */
    this.keeps = new Promise((resolve) => { this.kept = resolve; });
    this.storage = {
      getItem: (key) => this.entries.get(key) ?? null,
      setItem: (key, value) => {
        this.entries.set(key, value);
        this.kept();
      },
      removeItem: (key) => void this.entries.delete(key),
    };
  }

  async derive(code, { salt }) {
    assert.equal(salt.length, 32);
    return sha256(new TextEncoder().encode(code));
  }
}

const living = new Set();

/** @returns {Promise<RoomClient>} of a room of its own, with `.code` and `.tab` */
export async function creates(options = {}) {
  return enters("create", { code: makeCode(randomBelow), policy: FIRST_VIEW, ...options });
}

export async function joins(code, options = {}) {
  return enters("join", { code, ...options });
}

async function enters(how, { tab = new Tab(), ...options }) {
  const client = await RoomClient[how]({ base: SERVER, ...options }, tab);
  living.add(client);
  return Object.assign(client, { code: options.code, tab });
}

/** The same tab, reloaded. */
export async function reloads(tab, options = {}) {
  const client = await RoomClient.resume({ base: SERVER, ...options }, tab);
  if (client !== null) living.add(client);
  return client;
}

export function everybodyGoes() {
  for (const client of living) client.close();
  living.clear();
}

/** Waits for a state in which `look` finds something; gives that. */
export async function sees(client, look) {
  for (;;) {
    const found = look(client.state);
    if (found !== undefined && found !== null && found !== false) return found;
    await new Promise((resolve) => client.addEventListener("change", resolve, { once: true }));
  }
}

/** Waits for what tells nobody that it is so. */
export async function until(is) {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export const isLive = (client) => sees(client, ({ phase }) => phase === "live");
export const hasEnded = (client) => sees(client, ({ ended }) => ended?.reason);

/** The card with this place among all, once it is in this state. */
export const card = (client, state, place = 0) =>
  sees(client, ({ cards }) => cards[place]?.state === state && cards[place]);

/** One's own message, once it is in this state. */
export const sent = (client, id, state) =>
  sees(client, (now) => now.sent.find((one) => one.id === id && one.state === state));

/** Opens the card and shows it, as a page does. */
export async function reads(client, place = 0) {
  const { id } = await sees(client, ({ cards }) => cards[place]?.state === "closed" && cards[place]);
  await client.open(id);
  const { text } = await card(client, "open", place);
  client.shown(id);
  return { id, text };
}

/** @returns {Promise<string>} the code of the refusal */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Refusal, error?.stack);
    return error.code;
  }
  return "none";
}
