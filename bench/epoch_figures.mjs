/**
 * How long a device takes to begin an epoch, by the number of devices that it seals to: making, sealing, signing, and
 * judging what it has made; without the server. `make epoch-figures`; docs/conversations.md, 4.
 */

import * as hpke from "../web/static/js/device/hpke.js";
import { isSame } from "../web/static/js/protocol/accounts/derivation.js";
import { sealBoxes, signRecord } from "../web/static/js/protocol/conversations/epochs.js";
import { GOOD, judge } from "../web/static/js/protocol/conversations/judge.js";
import { founding, renewal, sealingKeys } from "../web/static/js/protocol/conversations/making.js";
import { Someone, keysOf, randomBytes } from "../tests/js/conversation_people.mjs";

const ROUNDS = 11;
/** Devices, and people who have them. */
const CASES = [[2, 2], [20, 10], [100, 50]];

const median = (all) => all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)];

async function people(devices, count) {
  const everybody = [];
  for (let one = 0; one < count; one += 1) everybody.push(await Someone.with(devices / count));
  for (const { devices: own } of everybody) {
    for (const device of own) {
      device.seed = randomBytes(32);
      device.sealing = (await hpke.fromSeed(device.seed)).publicBytes;
    }
  }
  return everybody;
}

for (const [devices, count] of CASES) {
  const everybody = await people(devices, count);
  const lines = Someone.lines(everybody);
  const keyOf = keysOf(everybody);
  const [{ key, id: by }] = everybody[0].devices;
  const author = () => ({ by, seed: randomBytes(32), lines, keyOf, seen: 3, log: randomBytes(32) });
  const named = everybody.map(({ chain }) => ({ chain, role: "member" }));
  const first = await founding(author(), { conversation: randomBytes(16), people: named });
  const took = { making: [], sealing: [], judging: [], all: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const mine = author();
    const begun = performance.now();
    const made = await renewal(first, mine);
    const sealed = performance.now();
    const hash = await made.hash();
    const boxes = await sealBoxes(hpke, hash, sealingKeys(made, mine), made.devices.map(({ device }) => device), mine.seed);
    const signed = await signRecord(key, made.encode(), boxes);
    const judged = performance.now();
    if (await judge(first, signed, lines) !== GOOD || !isSame(signed.hash, hash)) throw new Error("it isn't good");
    const done = performance.now();
    // The first finds out what the others know: whether keys are keys.
    if (round === 0) continue;
    took.making.push(sealed - begun);
    took.sealing.push(judged - sealed);
    took.judging.push(done - judged);
    took.all.push(done - begun);
  }
  const figures = Object.fromEntries(Object.entries(took).map(([what, all]) => [what, Number(median(all).toFixed(1))]));
  process.stdout.write(`${JSON.stringify({ devices, people: count, ms: figures })}\n`);
}
