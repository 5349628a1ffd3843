/**
 * Devices with the engine of the browser, told by another program what to do: a line of JSON each, answered by a line
 * (tests/support/people/scripted.py). `{"who", "do", ...}`; the answer is `{"is"}`, `{"refusal"}` or `{"error"}`.
 */

import { createInterface } from "node:readline";
import { PASSWORD, everybodyGoes } from "./account_people.mjs";
import { befriend, linked, somebody } from "./conversation_talkers.mjs";
import { fromBase64url } from "../../web/static/js/protocol/encoding.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";

/** @type {Map<string, any>} */
const people = new Map();

const of = (who) => people.get(who);
const chains = (all) => all.map((chain) => fromBase64url(chain, 32));

const deeds = {
  async registers({ who }) {
    people.set(who, await somebody());
    return deeds.self({ who });
  },
  async links({ who, by }) {
    people.set(who, await linked(of(by)));
    return deeds.self({ who });
  },
  self: ({ who }) => {
    const { account, address, chain, member } = of(who);
    return { account, address, chain, device: Buffer.from(member.device).toString("base64url") };
  },
  befriends: ({ who, whom }) => befriend(of(who), of(whom)),
  asks: ({ who, method, path, body }) => of(who).member.ask(method, path, body === undefined ? {} : { body }),
  revokes: ({ who, device }) => of(who).client.revoke(device, PASSWORD),
  async founds({ who, accounts, ...how }) {
    return (await of(who).talk.found({ accounts, ...how })).id;
  },
  says: ({ who, id, text }) => of(who).talk.of(id).text(text),
  sends: ({ who, id, kind, body }) => of(who).talk.of(id).send(kind, body),
  syncs: ({ who }) => of(who).sync(),
  agrees: async ({ who, id }) => void await of(who).talk.of(id).catchUp({ agreed: true }),
  texts: ({ who, id }) => of(who).texts(id),
  lines: async ({ who, id }) => (await of(who).talk.of(id).lines({ limit: 10_000 })).reverse(),
  views: ({ who, id }) => of(who).talk.of(id).view(),
  numbers: ({ who, id }) => of(who).talk.of(id).number(),
  adds: async ({ who, id, accounts }) => void await of(who).talk.of(id).add(await of(who).talk.people(accounts)),
  removes: async ({ who, id, people: gone }) => void await of(who).talk.of(id).remove(chains(gone)),
  promotes: async ({ who, id, chain }) => void await of(who).talk.of(id).role(chains([chain])[0], "admin"),
  times: async ({ who, id, timer }) => void await of(who).talk.of(id).timer(timer),
  renews: async ({ who, id }) => void await of(who).talk.of(id).renew(),
  renewsAll: ({ who }) => of(who).talk.renewAll(),
  leaves: ({ who, id }) => of(who).talk.of(id).leave(),
  repairs: async ({ who, id }) => (await of(who).talk.repair(id)).id,
  registered: async ({ who, register, key }) => (await of(who).talk.own.registers()).get(register, key),
  writes: ({ who, register, key, value }) => of(who).talk.own.set(register, key, value),
  /** Its program dies after so many writings from now on; afterwards it is begun again. */
  dies: ({ who, after }) => of(who).store.diesAfter(after),
  async begins({ who }) {
    of(who).store.diesAfter(Number.POSITIVE_INFINITY);
    await of(who).opens();
  },
};

const answers = [];
let turn = Promise.resolve();

function say(told, answer) {
  process.stdout.write(`${JSON.stringify({ n: told.n, ...answer })}\n`);
}

async function does(told) {
  try {
    say(told, { is: (await deeds[told.do](told)) ?? null });
  } catch (error) {
    say(told, error instanceof Refusal ? { refusal: error.code } : { error: `${error.constructor.name} ${error.stack}` });
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const told = JSON.parse(line);
  // What is told together is done together.
  if (told.beside === true) answers.push(does(told));
  else turn = turn.then(() => does(told));
}).on("close", async () => {
  await Promise.all([turn, ...answers]);
  everybodyGoes();
  process.exit(0);
});
