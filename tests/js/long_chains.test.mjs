/** Chains without end: who likes may add and remove devices all day. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chain } from "../../web/static/js/protocol/accounts/chain.js";
import { Line } from "../../web/static/js/protocol/conversations/lines.js";
import { Someone } from "./conversation_people.mjs";

test("a line takes memory by its length, and not by the square of it", async () => {
  const someone = await Someone.with(2);
  for (let turn = 0; turn < 20; turn += 1) {
    await someone.adds();
    await someone.removes();
  }
  await someone.closes();
  await someone.recovers();
  const states = [];
  for (const signed of someone.statements) states.push(await (states.at(-1) ?? Chain.empty()).extend(signed));
  const whole = await Line.of(someone.statements);
  assert.deepEqual(someone.line, whole);
  const kept = whole.states.map(({ hashes, removed }) => hashes.length + removed.length);
  assert.ok(kept.reduce((sum, one) => sum + one, 0) <= 3 * states.length);
  // What a record is judged by is there at each point.
  const judged = ({ pin, devices, closed }) => ({ pin, devices, closed });
  for (const [sequence, state] of states.entries()) {
    assert.deepEqual(judged(whole.at(sequence)), judged(state));
    assert.equal(whole.closedAfter(sequence), sequence < states.length - 2);
  }
  assert.deepEqual(whole.last, states.at(-1));
  assert.equal(whole.at(states.length), null);
});
