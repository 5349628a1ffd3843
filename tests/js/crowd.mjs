/**
 * Many people in one room of the real server, each with a `RoomClient` and without a browser:
 * `node crowd.mjs CODE NAME ...`, with EPHEMERAL_URL set. It reads a line for each thing to be done,
 * [who, what, ...values] as JSON, and writes "done" when it is; first "here", when all are inside.
 */

import { createInterface } from "node:readline";
import { pbkdf2Sync } from "node:crypto";
import { isLive, joins, sees, sent, Tab } from "./people.mjs";
import { readCode } from "../../web/static/js/protocol/codes.js";

const [typed, ...names] = process.argv.slice(2);
const code = readCode(typed);
let root;

/** A tab that derives its keys in earnest, once for all who have the same code. */
class EarnestTab extends Tab {
  async derive(from, { salt }) {
    root ??= pbkdf2Sync(from, salt, 600_000, 32, "sha256");
    return new Uint8Array(root);
  }
}

const closed = ({ cards }) => cards.find(({ state }) => state === "closed");

const deeds = {
  /** Writes so many messages and waits until they are stored. */
  async says(person, text, count = 1) {
    const ids = Array.from({ length: count }, (_, at) => person.send(count === 1 ? text : `${text} ${at + 1}`));
    await Promise.all(ids.map((id) => sent(person, id, "stored")));
  },
  /** Opens the oldest so many that wait, and reads and drops them. */
  async reads(person, count) {
    for (let done = 0; done < count; done += 1) {
      const { id } = await sees(person, closed);
      await person.open(id);
      await sees(person, ({ cards }) => cards.find((card) => card.id === id && card.state === "open"));
      person.shown(id);
      await sees(person, ({ cards }) => cards.find((card) => card.id === id && card.fate === "viewed"));
      person.discard(id);
    }
  },
  /** Opens the oldest so many that wait, and neither shows them nor gives them back. */
  async holds(person, count) {
    for (let done = 0; done < count; done += 1) await person.open((await sees(person, closed)).id);
  },
};

const people = new Map();
for (const name of names) people.set(name, await joins(code, { name, tab: new EarnestTab() }));
await Promise.all([...people.values()].map(isLive));
console.log("here");
for await (const line of createInterface({ input: process.stdin })) {
  const [who, what, ...values] = JSON.parse(line);
  await deeds[what](people.get(who), ...values);
  console.log("done");
}
process.exit(0);
