/** Recovery with ten words, whatever a thief has left at the server. */

import { afterEach, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { StateHolder } from "../../web/static/js/account/account-state.js";
import { Clock } from "../../web/static/js/account/clock.js";
import { recoverAccount } from "../../web/static/js/account/recovering.js";
import * as hpke from "../../web/static/js/device/hpke.js";
import { randomBelow } from "../../web/static/js/device/random.js";
import { newRecoveryWords } from "../../web/static/js/protocol/accounts/recovery.js";

/** A phone whose line carries so much at least. */
const BYTES_A_SECOND = 20_000;
/** Pins of ten devices that a thief has added and ten that were removed, and a list as long as it can be. */
const LARGEST = 20 * 4 * 65_536 / 3 + 520 * 436;

const { fetch } = globalThis;
const { timeout } = AbortSignal;

afterEach(() => {
  globalThis.fetch = fetch;
  AbortSignal.timeout = timeout;
});

test("waits as long for the largest answer that there can be as a slow line takes", async () => {
  const patience = [];
  AbortSignal.timeout = (milliseconds) => {
    patience.push(milliseconds);
    return new AbortController().signal;
  };
  const error = { code: "not_found", message: "" };
  globalThis.fetch = async () => Response.json({ error }, { status: 404 });
  const parts = {
    base: "https://here.example/", salt: new Uint8Array(32), state: new StateHolder(), clock: new Clock(() => 0),
    hpke: async () => hpke, argon2id: async ({ password }) => new Uint8Array(createHash("sha256").update(password).digest()),
  };
  const typed = { address: "ada.12345", words: newRecoveryWords(randomBelow), password: "a long enough password" };
  await assert.rejects(recoverAccount(parts, typed), ({ code }) => code === "not_found");
  assert.ok(patience.length === 1 && patience[0] >= 1000 * LARGEST / BYTES_A_SECOND, `${patience}`);
});
