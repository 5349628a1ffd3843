/** Who is here, as a client knows it: from the socket's words, by the chains that it has agreed to. */

import { beforeEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { Presence } from "../../web/static/js/conversations/presence.js";

const [BO, CY, NEW] = ["B", "C", "D"].map((letter) => `${letter.repeat(21)}A`);

let rows;
let settings;
let told;
let presence;
/** Ends what is read of contacts. */
let reading;

beforeEach(() => {
  rows = new Map([[BO, "bo"], [CY, "cy"]]);
  settings = null;
  told = [];
  reading = Promise.resolve();
  presence = new Presence(
    { registers: async () => ({ get: () => settings }), set: async (...given) => { settings = given[2]; } },
    { read: async (key) => { await reading; return rows.has(key.split("/")[1]) ? { chain: rows.get(key.split("/")[1]) } : undefined; } },
    { accepted: async () => rows.set(NEW, "new") },
    ({ here }) => told.push(here),
  );
});

const here = () => ["bo", "cy", "new"].filter((chain) => presence.isHere(chain));

describe("who is here", () => {
  test("is whoever came and didn't go, also who was met on another device", async () => {
    await presence.hear({ come: [BO, CY], gone: [] });
    assert.deepEqual(here(), ["bo", "cy"]);
    await presence.hear({ come: [NEW], gone: [BO] });
    assert.deepEqual(here(), ["cy", "new"]);
    assert.deepEqual(told, [[BO, CY], [CY, NEW]]);
  });

  test("is nobody's to know without a connection, and told once", async () => {
    assert.equal(presence.isKnown, false);
    await presence.hear({ come: [BO], gone: [] });
    assert.equal(presence.isKnown, true);
    presence.forget();
    presence.forget();
    assert.deepEqual([presence.isKnown, here(), told], [false, [], [[BO], null]]);
    // What comes first afterwards is all of it.
    await presence.hear({ come: [CY], gone: [] });
    assert.deepEqual(here(), ["cy"]);
  });

  test("is not what an older word says that is read late, nor one from before the connection was lost", async () => {
    let go;
    reading = new Promise((resolve) => { go = resolve; });
    const first = presence.hear({ come: [BO], gone: [] });
    const second = presence.hear({ come: [], gone: [BO] });
    presence.forget();
    go();
    await Promise.all([first, second]);
    assert.deepEqual([here(), told], [[], [null]]);
  });

  test("is the whole of what another tab has", async () => {
    await presence.hear({ come: [BO], gone: [] });
    await presence.hear({ here: [CY] });
    assert.deepEqual(here(), ["cy"]);
    await presence.hear({ here: null });
    assert.equal(presence.isKnown, false);
  });

  test("isn't believed of what is no account", async () => {
    await assert.rejects(presence.hear({ come: ["../x"], gone: [] }), { code: "malformed" });
    assert.deepEqual(here(), []);
  });
});

describe("the setting", () => {
  test("is off until it is switched on, and leaves the others alone", async () => {
    assert.equal(await presence.isOn(), false);
    await presence.set(true);
    assert.deepEqual(settings, { presence: true });
    settings = { receipts: false };
    await presence.set(true);
    assert.deepEqual([settings, await presence.isOn()], [{ receipts: false, presence: true }, true]);
    await presence.set(false);
    assert.deepEqual(settings, { receipts: false });
    settings = { presence: true };
    await presence.set(false);
    assert.equal(settings, null);
  });
});
