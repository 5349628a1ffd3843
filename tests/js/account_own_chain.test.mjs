/** The account's own list of devices: what continues it, what was not made here, what is news; and sealing keys. */

import { beforeEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { inOrder, unseenFor } from "../../web/static/js/account/account-state.js";
import { continued, isCopied, nameOf, newsOf } from "../../web/static/js/account/own-chain.js";
import { SealingKeys, rowOf } from "../../web/static/js/account/sealing.js";
import { readChain } from "../../web/static/js/protocol/accounts/chain.js";
import { add, genesis, recover, remove } from "../../web/static/js/protocol/accounts/making.js";
import { generateKey } from "../../web/static/js/protocol/accounts/signing.js";
import { consent, deviceId } from "../../web/static/js/protocol/accounts/statements.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";

const HOUR = 3_600_000;

/** A list that grows: [0] GENESIS of the first device, then whatever is added. */
class List {
  statements = [];

  static async of(recovery) {
    const list = new List();
    list.recovery = recovery;
    list.first = await generateKey();
    await list.#put(await genesis(list.first, recovery.publicBytes, new Uint8Array(32).fill(7)));
    return list;
  }

  async adds(signer = this.first) {
    const added = await generateKey();
    const chain = await this.chain();
    await this.#put(await add(chain, signer, added.publicBytes, await consent(added, chain.id)));
    return added;
  }

  async removes(key, signer = this.first) {
    await this.#put(await remove(await this.chain(), signer, await deviceId(key.publicBytes)));
  }

  async recovers() {
    const added = await generateKey();
    const chain = await this.chain();
    await this.#put(await recover(chain, this.recovery, added.publicBytes, await consent(added, chain.id)));
    return added;
  }

  chain() {
    return readChain(this.statements);
  }

  async #put(signed) {
    this.statements = [...this.statements, signed.encode()];
  }
}

let list;
let me;

beforeEach(async () => {
  list = await List.of(await generateKey());
  me = await deviceId(list.first.publicBytes);
});

describe("what the server shows", () => {
  test("continues what was seen, or is refused: older, or another one", async () => {
    await list.adds();
    const pinned = list.statements;
    await list.adds();
    assert.equal((await continued(pinned, list.statements)).devices.length, 3);
    assert.equal((await continued([], list.statements)).devices.length, 3);
    await assert.rejects(continued(list.statements, pinned), { code: "chain_back" });
    const fork = await List.of(list.recovery);
    await assert.rejects(continued(pinned, fork.statements), { code: "chain_fork" });
    await assert.rejects(continued([pinned[0]], [fork.statements[0], pinned[1]]), { code: "chain_fork" });
  });

  test("is judged by the rules of chains, also where it continues", async () => {
    const pinned = list.statements;
    const other = await List.of(list.recovery);
    await other.adds();
    await assert.rejects(continued(pinned, [...pinned, other.statements[1]]), { code: "chain_fork" });
  });
});

describe("a device whose keys somebody else has", () => {
  test("is recognised by a statement that it has not made, and by nothing else", async () => {
    const made = new Set([await nameOf(list.statements[0])]);
    const second = await list.adds();
    made.add(await nameOf(list.statements[1]));
    await list.adds(second);
    assert.equal(await isCopied(list.statements, me, made), false);
    await list.removes(second);
    assert.equal(await isCopied(list.statements, me, made), true);
    made.add(await nameOf(list.statements[3]));
    assert.equal(await isCopied(list.statements, me, made), false);
  });

  test("is recognised by a RECOVER in its name", async () => {
    const recovered = await list.recovers();
    assert.equal(await isCopied(list.statements, await deviceId(recovered.publicBytes), new Set()), true);
    assert.equal(await isCopied(list.statements, me, new Set([await nameOf(list.statements[0])])), false);
  });
});

test("news is what others did, and nothing that one did oneself", async () => {
  const second = await list.adds();
  await list.adds(second);
  await list.removes(second);
  const recovered = await list.recovers();
  assert.deepEqual(newsOf(list.statements, me).map(({ kind }) => kind), ["device_added", "recovered"]);
  assert.deepEqual(newsOf(list.statements, await deviceId(recovered.publicBytes)).map(({ kind }) => kind),
    ["device_added", "device_added", "device_removed"]);
});

test("a device that nobody has seen for ninety days is proposed, and never this one", () => {
  const device = (id, seenDay, more = {}) => ({ id, name: null, seenDay, me: false, since: 0, ...more });
  const devices = [device("a", 10), device("b", 11), device("c", null), device("d", 0, { me: true })];
  assert.deepEqual(unseenFor(devices, 100), ["a"]);
});

describe("sealing keys", () => {
  let rows;
  let published;
  let api;
  let keys;

  beforeEach(async () => {
    const kept = new Map();
    rows = {
      ids: async (prefix) => [...kept.keys()].filter((id) => id.startsWith(prefix)).sort(),
      read: async (id) => structuredClone(kept.get(id)),
      write: async (values) => {
        for (const [id, value] of Object.entries(values)) {
          if (value === null) kept.delete(id);
          else kept.set(id, structuredClone(value));
        }
      },
    };
    published = [];
    api = { putSealingKey: async (body) => void published.push(body) };
    const hpke = async () => ({ fromSeed: async (seed) => ({ key: seed, publicBytes: new Uint8Array(1216).fill(seed[0]) }) });
    let drawn = 0;
    keys = new SealingKeys(rows, api, {
      keys: list.first, chain: (await list.chain()).id, device: me, hpke,
      random: (size) => {
        drawn += 1;
        return new Uint8Array(size).fill(drawn);
      },
    });
  });

  test("are new each day, with rising numbers, also after one that was lost before it was kept", async () => {
    await keys.renew(100, 0, 1);
    await keys.renew(100, 1, 2);
    await keys.renew(101, 2, 2);
    assert.deepEqual(published.map(({ number, day }) => [number, day]), [[2, 100], [3, 101]]);
  });

  test("are published with the same bytes, however often the answer is lost", async () => {
    api.putSealingKey = async (body) => {
      published.push(body);
      throw new Error("lost");
    };
    await assert.rejects(keys.renew(100, 0, 0));
    await assert.rejects(keys.renew(101, 1, 0));
    assert.deepEqual(published[0], published[1]);
  });

  test("are destroyed two days after their successor was published, and not before all was looked through", async () => {
    await keys.renew(100, 0, 0);
    await keys.renew(101, 24 * HOUR, 1);
    const left = async () => (await rows.ids("sealing/")).length;
    await keys.destroyOld(72 * HOUR, { began: 23 * HOUR, isAllOpened: true });
    assert.equal(await left(), 2, "the look began before the successor was published");
    await keys.destroyOld(71 * HOUR, { began: 70 * HOUR, isAllOpened: true });
    assert.equal(await left(), 2, "less than two days");
    await keys.destroyOld(72 * HOUR, { began: 70 * HOUR, isAllOpened: false });
    assert.deepEqual(await rows.ids("sealing/"), [rowOf(2)]);
    await keys.destroyOld(1000 * HOUR, { began: 999 * HOUR, isAllOpened: true });
    assert.equal(await left(), 1, "the newest stays");
  });

  test("that the server names and this device has not made are another's", async () => {
    await keys.renew(100, 0, 0);
    const [mine] = published;
    assert.equal(await keys.isForeign(mine), false);
    assert.equal(await keys.isForeign(null), false);
    assert.equal(await keys.isForeign({ ...mine, key: toBase64url(new Uint8Array(1216)) }), true);
    assert.equal(await keys.isForeign({ ...mine, number: 9 }), true);
  });
});

test("Of sessions this browser's comes first, then whoever was here last; one day has one order", () => {
  const session = (sid, seenDay, more = {}) => ({ sid, device: null, createdDay: 10, seenDay, present: false, ...more });
  const shown = inOrder([session("d", 19), session("c", 20), session("b", 20), session("a", 20, { createdDay: 12 }), session("mine", 18, { present: true })]);
  assert.deepEqual(shown.map(({ sid }) => sid), ["mine", "a", "b", "c", "d"]);
});
